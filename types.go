package ropewalk

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// The types of this file are the shapes of the RPC too: their JSON tags are part
// of the contract.

// Info says who a node is and where it listens. It is the ready line's object.
type Info struct {
	ID      id.ID    `json:"id"`
	PeerID  string   `json:"peer_id"`
	ENR     string   `json:"enr"`
	Enode   string   `json:"enode"` // empty without an RLPx listener
	UDP     string   `json:"udp"`   // of discv5; empty without
	RLPx    string   `json:"rlpx"`  // host and port, those of Enode
	LibP2P  []string `json:"libp2p"`
	RPC     string   `json:"rpc"`
	Dnet    string   `json:"dnet,omitempty"` // where DarkFi's viewers connect
	Version string   `json:"version"`
	Profile string   `json:"profile"`
	Uptime  float64  `json:"uptime"` // seconds
	Network string   `json:"network"`
	// Content are the content networks that the node takes part in.
	Content []NetworkName `json:"content"`
	// Protocols is what the protocols of Handle say of themselves, by name.
	Protocols map[string]any `json:"protocols,omitempty"`
}

// Health is the node's own judgement of itself.
type Health struct {
	OK     bool    `json:"ok"`
	Checks []Check `json:"checks"`
}

// Check is one line of Health.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Session is one connected peer.
type Session struct {
	ID        id.ID     `json:"id"`
	PeerID    string    `json:"peer_id"`
	Addr      string    `json:"addr"`
	Direction string    `json:"direction"`
	Session   string    `json:"session"`
	Link      string    `json:"link"`
	Protocols []string  `json:"protocols"` // that both ends speak
	Caps      []string  `json:"caps"`      // all that an RLPx peer names, "eth/68"
	Local     string    `json:"local"`     // our end of the socket; empty when the link does not know
	RTT       float64   `json:"rtt_ms"`    // 0 while unknown
	Since     time.Time `json:"since"`
	Agent     string    `json:"agent"`
	Record    string    `json:"record,omitempty"`
	Colour    string    `json:"colour"`
	Trusted   bool      `json:"trusted"` // above the limits on links
	// Why is the reason for having the link, in plain words; Uses is how many users on
	// demand hold it, Protections the tags that keep it from giving way to others.
	Why         string   `json:"why"`
	Uses        int      `json:"uses"`
	Protections []string `json:"protections"`
	// BytesIn and BytesOut are the payloads of all protocols, frames and encryption
	// aside.
	BytesIn  uint64 `json:"bytes_in"`
	BytesOut uint64 `json:"bytes_out"`
	// Info is what the protocols of Handle say of the peer, by name: "unknown" from
	// those that say nothing.
	Info map[string]any `json:"protocol_info,omitempty"`
}

// Slot is one place the session manager tries to keep filled.
type Slot struct {
	Slot     int       `json:"slot"`
	Role     string    `json:"role"`
	Use      string    `json:"use,omitempty"` // what an outbound slot or a probe is for: anchor, known, explore, feeler, network
	State    string    `json:"state"`
	ID       string    `json:"id"`   // empty while nobody fills it
	Addr     string    `json:"addr"` // likewise
	Since    time.Time `json:"since"`
	Attempts int       `json:"attempts"`
	RetryAt  time.Time `json:"retry_at,omitzero"`
	Why      string    `json:"why,omitempty"`
}

// Host is one entry of the host book.
type Host struct {
	ID       id.ID     `json:"id"`
	Record   string    `json:"record"` // empty while unknown
	Addrs    []string  `json:"addrs"`
	Colour   string    `json:"colour"`
	LastSeen time.Time `json:"last_seen,omitzero"`
	// Of our own dials: the last, how many, how many failed in a row, and the moment
	// before which there is none.
	LastTried time.Time `json:"last_tried,omitzero"`
	Tries     int       `json:"tries"`
	Fails     int       `json:"fails"`
	RetryAt   time.Time `json:"retry_at,omitzero"`
	Anchor    bool      `json:"anchor"` // dialled first after a restart
}

// HostsPage is a page of one colour of the book, or of all.
type HostsPage struct {
	Total  int            `json:"total"`
	Hosts  []Host         `json:"hosts"`
	Counts map[string]int `json:"counts"`
}

// Ban is a ban in force.
type Ban struct {
	Target string    `json:"target"` // a node ID, or a network
	Until  time.Time `json:"until"`
}

// BansPage is a page of the bans in force, in the order in which they were made.
type BansPage struct {
	Total int   `json:"total"`
	Bans  []Ban `json:"bans"`
}

// Places is how many links the session manager works for and takes in.
type Places struct {
	Outbound int `json:"outbound"`
	Inbound  int `json:"inbound"`
}

// MessageID names a gossip message: bytes whose meaning the topic's signing decides.
// As text it is hex after 0x, as every ID is.
type MessageID []byte

// String is the text form.
func (m MessageID) String() string { return "0x" + hex.EncodeToString(m) }

// MarshalText is String.
func (m MessageID) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads the text form. Its error is or wraps id.ErrMalformed.
func (m *MessageID) UnmarshalText(text []byte) error {
	digits, ok := bytes.CutPrefix(text, []byte("0x"))
	raw, err := hex.DecodeString(string(digits))
	if !ok || err != nil {
		return fmt.Errorf("%w: message ID %.80q", id.ErrMalformed, text)
	}
	*m = raw
	return nil
}

// Message is one gossip message.
type Message struct {
	Topic string    `json:"topic"`
	ID    MessageID `json:"id"`
	From  string    `json:"from"`  // author's libp2p peer ID; empty when unsigned
	Seqno []byte    `json:"seqno"` // empty when unsigned, never nil
	Data  []byte    `json:"data"`
	At    time.Time `json:"at"`
}

// bytesOf makes absent bytes empty ones, so that callers always see text.
func bytesOf(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Event is one entry of the node's event stream.
type Event struct {
	Seq    uint64    `json:"seq"`
	At     time.Time `json:"at"`
	Strand string    `json:"strand"`
	Kind   string    `json:"kind"`
	Peer   string    `json:"peer,omitempty"`
	Topic  string    `json:"topic,omitempty"`
	Addr   string    `json:"addr,omitempty"`
	ID     MessageID `json:"id,omitempty"`
	N      int64     `json:"n,omitempty"`
	Err    string    `json:"err,omitempty"`
	Side   string    `json:"side,omitempty"` // local or remote: who ended a link
}

// Room is one chat room we are a member of.
type Room struct {
	Room    string `json:"room"`
	Topic   string `json:"topic"`
	Members int    `json:"members"` // connected members
	Lines   int    `json:"lines"`
	// Archived is how many lines of ours are in the archive, Restored how many of the room
	// came from it since the node was started.
	Archived uint64 `json:"archived"`
	Restored int    `json:"restored"`
}

// ChatLine is one line of a room. State is queued, sent, delivered (own lines) or
// received.
type ChatLine struct {
	ID       string    `json:"id"`
	Room     string    `json:"room"`
	Author   string    `json:"author"`
	AuthorID id.ID     `json:"author_id"`
	Text     string    `json:"text"`
	At       time.Time `json:"at"`
	State    string    `json:"state"`
	Peers    int       `json:"peers"`
}
