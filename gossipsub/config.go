package gossipsub

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/gater"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// Verdict is what a topic's check says of a message.
type Verdict uint8

const (
	// Accept delivers and forwards the message.
	Accept Verdict = iota
	// Reject drops it and blames who sent it.
	Reject
	// Ignore drops it and blames nobody.
	Ignore
	// Throttle drops this copy and blames nobody: the check had no time. Another copy
	// is checked anew.
	Throttle
)

// The names under which events are reported.
const (
	Strand    = "gossipsub"
	StrandRPC = "gossipsub.rpc" // of single RPCs, for who asks for them by name
)

// Class says how a frame is treated on its way out. Frames of one class keep their
// order; a lower class goes first, and a higher one is dropped first.
type Class uint8

const (
	// Control is the hello, subscriptions, GRAFT, PRUNE, IDONTWANT and IWANT.
	Control Class = iota
	// Own is a message we publish.
	Own
	// Forwarded is everything else: messages of others, answers to IWANT, IHAVE.
	Forwarded
)

func (c Class) String() string { return [...]string{"control", "own", "forwarded"}[c] }

// Frame is a marshalled RPC without length prefix. Data is immutable and shared
// between peers.
type Frame struct {
	Data  []byte
	Class Class
	// Tag names the message in the frame, so that it can be cancelled; zero when it
	// holds none or several.
	Tag uint64
	// Until is when the frame is worth nothing any more; zero for never.
	Until time.Time
}

// Sender is what the router asks of the floor below.
type Sender interface {
	// Send queues a frame for a peer we may write to. It tells whether there was room.
	Send(to id.ID, f Frame) bool
	// Cancel takes a message that still waits for a peer out of its queue. It tells
	// whether there was one.
	Cancel(to id.ID, tag uint64) bool
	// Drop ends the link to a peer that broke the protocol.
	Drop(to id.ID, why error)
}

// Remote is what the floor below knows of a peer we may write to.
type Remote struct {
	PeerID   id.PeerID
	Stream   string     // the protocol negotiated for what we write
	Outbound bool       // we dialled
	IP       netip.Addr // invalid when a third party carries the link
	// Envelope is the peer's signed peer record (libp2p RFC 0003), nil when unknown.
	Envelope []byte
}

// Config of a Router. Self, PeerID and (for StrictSign) Signer are required.
type Config struct {
	Params Params
	Self   id.ID
	PeerID id.PeerID // author of our signed messages
	Sign   Policy    // default policy of topics
	// Signer signs a SHA-256 digest with the node's secp256k1 key and returns DER.
	// It runs inside jobs, in any goroutine.
	Signer func(digest [32]byte) []byte
	// Topics, when set, gives the configuration of topics that are published to
	// without being joined. It must be pure.
	Topics func(topic string) TopicConfig
	// Score turns the scoring of peers on (gossipsub-v1.1 "Peer Scoring").
	Score *score.Config
	// Gater turns the shedding of load by address on.
	Gater *gater.Config
	// Direct peers always get our messages and are always heard; see
	// Router.SetDirect.
	Direct []id.ID
	// Exchange recommends other peers of the topic, with their signed records, to
	// those we prune (gossipsub-v1.1 "Peer Exchange"): for nodes that everybody knows.
	Exchange bool
	// AcceptExchange heeds such recommendations of everybody who does not score below
	// zero; otherwise the sender's score must reach the threshold AcceptPX.
	AcceptExchange bool
	Trace          trace.Func
	// Watched tells whether anybody reads the fine events of a strand's name: Strand
	// for those of single messages, StrandRPC for those of single RPCs. Making them
	// is not free. nil: those of messages are reported, those of RPCs are not.
	Watched func(strand string) bool

	// Validators judge the messages of every topic, before those of the topic.
	Validators []func(Message) Verdict
	// Filter, when set, says which topics we take part in: Join of others fails, and
	// what peers say of them is not remembered. It must be pure; see AllowTopics.
	Filter func(topic string) bool

	// Version holds the router to an older version of the protocol: "floodsub",
	// "1.0", "1.1" or "1.2". Empty is the newest, "1.3". It decides what is sent;
	// what is understood never depends on it.
	Version string
	// Streams are stream IDs offered before those of the specification, or instead
	// of them with StreamsOnly.
	Streams     []Stream
	StreamsOnly bool
	// TestExtension offers the test extension of v1.3, which only shows that
	// extensions work.
	TestExtension bool
}

// TopicConfig is how one topic differs from the default. The zero value is fine.
type TopicConfig struct {
	Sign *Policy
	// Author is whom our messages name; nil means the node where they are signed, and
	// nobody where they are not.
	Author *Author
	// MessageID makes the ID of a message, 1 to 128 raw bytes, of its content
	// alone (Topic, From, Seqno, Data). It must not keep these: the bytes of a known
	// copy are read into again. nil: author and sequence number for
	// StrictSign, SHA-256 of the data for StrictNoSign.
	MessageID func(*Message) string
	// Validate is a pure function of Topic, ID, From, Seqno and Data; it runs in a
	// job. All nodes of one simulation must use the same function for one topic
	// and Rule, because equal jobs are done once.
	Validate func(Message) Verdict
	// Validators are further functions like Validate. All are asked until one rejects;
	// Reject goes before Throttle, and that before Ignore. One that panics rejects.
	Validators []func(Message) Verdict
	// Rule tells apart different Validate functions of one topic, and Validators.
	Rule string
	// Replay drops signed messages whose sequence number is one that their author used
	// before, or far below it, also after a restart. It must be off where authors
	// draw numbers at random, as the JavaScript implementation does.
	Replay bool
	// Partial lets the topic's messages travel in parts; nil: only whole.
	Partial *Partial
	// BytesMax bounds the data of a message; 0 means Params.MessageBytesMax.
	BytesMax int
	// IDontWantThreshold is the size of data from which we say IDONTWANT, bytes; 0
	// means Params.IDontWantThreshold.
	IDontWantThreshold int
	// TTL is how long a message is worth sending, from when it came: longer it neither
	// waits to be written to a peer nor is advertised or served from the cache. 0
	// means 5 s in queues for what others published, 10 s for our own, and
	// HistoryLength heartbeats in the cache.
	TTL time.Duration
	// Mesh are the topic's own degrees; nil means those of Params.
	Mesh *Degrees
	// Score weighs what peers do in the topic; nil means score.Config.Topic.
	Score *score.TopicParams
}

// fill checks the configuration and completes it with defaults.
func (c *Config) fill() error {
	if _, err := c.Protocol(); err != nil {
		return err
	}
	v, _ := versionNamed(c.Version)
	c.hold(v)
	if err := c.Params.fill(); err != nil {
		return err
	}
	switch {
	case c.Self.IsZero():
		return fmt.Errorf("%w: Self is zero: give the node's ID", ErrConfig)
	case int(c.Sign) >= len(policyNames):
		return fmt.Errorf("%w: Sign is %d: want StrictSign, StrictNoSign, LaxSign or LaxNoSign", ErrConfig, c.Sign)
	case c.Sign.signs() && c.Signer == nil:
		return ErrNoSigner
	case c.Sign.signs() && c.PeerID == "":
		return fmt.Errorf("%w: PeerID is empty: signed messages name their author", ErrConfig)
	}
	return nil
}
