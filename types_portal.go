package ropewalk

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/plain"
	"github.com/ropewalk/ropewalk/portal"
	portalwire "github.com/ropewalk/ropewalk/portal/wire"
)

// The shapes of the Portal network's RPC: names in camel case, bytes as hex after 0x,
// records as text.

// HexBytes are bytes whose text form is hex after 0x.
type HexBytes []byte

// String is the text form.
func (b HexBytes) String() string { return "0x" + hex.EncodeToString(b) }

// MarshalText is String.
func (b HexBytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads the text form. Its error is or wraps id.ErrMalformed.
func (b *HexBytes) UnmarshalText(text []byte) error {
	var m MessageID
	if err := m.UnmarshalText(text); err != nil {
		return err
	}
	*b = HexBytes(m)
	return nil
}

// Quantity is a number of 256 bits, high byte first, whose text form is hex after 0x
// without leading zeros.
type Quantity [32]byte

// String is the text form.
func (q Quantity) String() string {
	return "0x" + cmp.Or(strings.TrimLeft(hex.EncodeToString(q[:]), "0"), "0")
}

// MarshalText is String.
func (q Quantity) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads the text form; leading zeros do no harm. Its error wraps
// id.ErrMalformed.
func (q *Quantity) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	if !ok || digits == "" || len(digits) > 2*len(q) {
		return fmt.Errorf("%w: %.80q is no number of at most 64 hex digits after 0x", id.ErrMalformed, text)
	}
	raw, err := hex.DecodeString(strings.Repeat("0", 2*len(q)-len(digits)) + digits)
	if err != nil {
		return fmt.Errorf("%w: %.80q is not hex after 0x", id.ErrMalformed, text)
	}
	*q = Quantity(raw)
	return nil
}

// Table is a routing table, from the farthest bucket to the nearest.
type Table struct {
	LocalNodeID id.ID     `json:"localNodeId"`
	Buckets     [][]id.ID `json:"buckets"`
}

// OverlayPong is what a node of a content network says of itself. Payload has the fields
// of its type.
type OverlayPong struct {
	EnrSeq      uint64         `json:"enrSeq"`
	PayloadType uint16         `json:"payloadType"`
	Payload     map[string]any `json:"payload"`
}

// Found is what was found under a key, or the nodes that are nearer to it.
type Found struct {
	Content     HexBytes
	UTPTransfer bool
	ENRs        []string // of FindContent, instead of content
	Trace       *LookupTrace
}

// MarshalJSON has either the content or the records.
func (f Found) MarshalJSON() ([]byte, error) {
	if f.ENRs != nil {
		return json.Marshal(map[string]any{"enrs": f.ENRs})
	}
	out := map[string]any{"content": f.Content, "utpTransfer": f.UTPTransfer}
	if f.Trace != nil {
		out["trace"] = f.Trace
	}
	return json.Marshal(out)
}

// Spread is where PutContent put something.
type Spread struct {
	PeerCount      int       `json:"peerCount"`
	StoredLocally  bool      `json:"storedLocally"`
	AcceptMetadata *Accepted `json:"acceptMetadata,omitempty"`
}

// Accepted counts how nodes answered an offer.
type Accepted struct {
	Accepted           int `json:"acceptedCount"`
	GenericDecline     int `json:"genericDeclineCount"`
	AlreadyStored      int `json:"alreadyStoredCount"`
	NotWithinRadius    int `json:"notWithinRadiusCount"`
	RateLimited        int `json:"rateLimitedCount"`
	TransferInProgress int `json:"transferInProgressCount"`
	NotVerifiable      int `json:"notVerifiableCount"`
}

// LookupTrace is how a lookup of content went, hop by hop.
type LookupTrace struct {
	Origin       id.ID                     `json:"origin"`
	TargetID     id.ID                     `json:"targetId"`
	ReceivedFrom *id.ID                    `json:"receivedFrom,omitempty"`
	Responses    map[string]TracedResponse `json:"responses"`
	Metadata     map[string]TracedNode     `json:"metadata"`
	StartedAtMs  int64                     `json:"startedAtMs"`
	Cancelled    []id.ID                   `json:"cancelled"`
	Failures     map[string]TracedFailure  `json:"failures"`
}

// TracedResponse is a node's answer: whom it named. Who had the content named nobody.
type TracedResponse struct {
	DurationMs    int64   `json:"durationMs"`
	RespondedWith []id.ID `json:"respondedWith"`
}

// TracedNode is a node of a trace.
type TracedNode struct {
	ENR      string `json:"enr"`
	Distance id.ID  `json:"distance"`
}

// TracedFailure is a node that did not answer, or wrongly.
type TracedFailure struct {
	DurationMs int64  `json:"durationMs"`
	Failure    string `json:"failure"`
}

func traceOf(t *portal.Trace) *LookupTrace {
	if t == nil {
		return nil
	}
	out := &LookupTrace{Origin: t.Origin, TargetID: t.Target, StartedAtMs: t.Started.UnixMilli(), Cancelled: append([]id.ID{}, t.Cancelled...),
		Responses: map[string]TracedResponse{}, Metadata: map[string]TracedNode{}, Failures: map[string]TracedFailure{}}
	if !t.From.IsZero() {
		from := t.From
		out.ReceivedFrom = &from
	}
	for _, r := range t.Responses {
		out.Responses[r.Node.String()] = TracedResponse{r.Took.Milliseconds(), append([]id.ID{}, r.With...)}
	}
	for _, f := range t.Failures {
		out.Failures[f.Node.String()] = TracedFailure{f.Took.Milliseconds(), plain.Line(f.Why, 128)}
	}
	for _, m := range t.Nodes {
		one := TracedNode{Distance: id.ID(m.Distance)}
		if m.Record != nil {
			one.ENR = m.Record.String()
		}
		out.Metadata[m.Node.String()] = one
	}
	return out
}

// pongOf says in the words of the RPC what a pong says.
func pongOf(p portal.Pong) OverlayPong {
	out := OverlayPong{EnrSeq: p.Seq, PayloadType: p.Type, Payload: map[string]any{}}
	if p.HasRadius {
		out.Payload["dataRadius"] = Quantity(p.Radius)
	}
	switch p.Type {
	case portalwire.TypeClient:
		out.Payload["clientInfo"] = plain.Line(p.Client, 200)
		caps := make([]int, 0, len(p.Capabilities))
		for _, c := range p.Capabilities {
			caps = append(caps, int(c))
		}
		out.Payload["capabilities"] = caps
	case portalwire.TypeHistory:
		out.Payload["ephemeralHeaderCount"] = p.Headers
	case portalwire.TypeError:
		out.Payload["errorCode"], out.Payload["message"] = p.ErrorCode, plain.Line(p.ErrorText, 300)
	case portalwire.TypeRadius:
	default:
		out.Payload["payload"] = HexBytes(p.Payload)
	}
	return out
}

// PingPayload is what a ping says; which fields count is the type's matter.
type PingPayload struct {
	ClientInfo           string   `json:"clientInfo"`
	DataRadius           Quantity `json:"dataRadius"`
	Capabilities         []uint16 `json:"capabilities"`
	EphemeralHeaderCount uint16   `json:"ephemeralHeaderCount"`
}

// Encode is the payload as it is sent in a ping of a type: 0, 1 or 2.
func (p PingPayload) Encode(kind uint16) ([]byte, error) {
	out, err := portalwire.Payload{Type: kind, Info: p.ClientInfo, Radius: content.Distance(p.DataRadius), Capabilities: p.Capabilities, Headers: p.EphemeralHeaderCount}.Append(nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrBadInput, err)
	}
	return out, nil
}

// Discovered is a node of discv5's table.
type Discovered struct {
	ID     id.ID     `json:"id"`
	Record string    `json:"record"`
	Addr   string    `json:"addr"` // of UDP; empty when the record names none
	Live   bool      `json:"live"` // it has answered us
	Seen   time.Time `json:"seen,omitzero"`
	RTT    float64   `json:"rtt_ms"` // 0 while unknown
	Bucket int       `json:"bucket"` // log distance from us, 1 to 256
}

// DiscoveryPong is what a node says of itself and of where it sees us.
type DiscoveryPong struct {
	EnrSeq        uint64 `json:"enrSeq"`
	RecipientIP   string `json:"recipientIP"`
	RecipientPort uint16 `json:"recipientPort"`
}

// ContentNetwork is a content network that the node takes part in.
type ContentNetwork struct {
	Name     string `json:"name"`
	Protocol string `json:"protocol"` // hex after 0x
	Kind     string `json:"kind,omitempty"`
	Radius   id.ID  `json:"radius"`
	// RadiusShare is the radius as a share of the ring.
	RadiusShare float64 `json:"radius_share"`
	Nodes       int     `json:"nodes"` // of the table
	Live        int     `json:"live"`
	Items       int64   `json:"items"`
	Bytes       int64   `json:"bytes"`
	Durable     int64   `json:"durable"` // items that we put ourselves
	Capacity    int64   `json:"capacity"`
	Found       uint64  `json:"found"` // lookups in the network that found something, of Lookups
	Lookups     uint64  `json:"lookups"`
	Accepted    uint64  `json:"accepted"` // items that others gave us
}

// ContentItem is an item of our store.
type ContentItem struct {
	ID      ContentID `json:"id"`
	Key     HexBytes  `json:"key"`
	Kind    string    `json:"kind"`    // chunk or manifest; empty in other networks
	Size    int64     `json:"size"`    // bytes of it: of a file's manifest its own
	Durable bool      `json:"durable"` // we put it ourselves
}

// ContentPage is a page of what we store of a network. Next, when not zero, is where the
// next page begins: after it.
type ContentPage struct {
	Network string        `json:"network"`
	Items   []ContentItem `json:"items"`
	Next    *ContentID    `json:"next,omitempty"`
}
