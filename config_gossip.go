package ropewalk

import (
	"crypto/ed25519"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/gossipsub/score"
)

// GossipConfig sets the router. Zero fields take the default in brackets; the names
// are those of the GossipSub specification.
type GossipConfig struct {
	// Sign says who vouches for a message: strict (signed), none (unsigned), lax and
	// lax-none (the same, but taking both) [strict].
	Sign string
	// Version holds the router to an older version of the protocol: floodsub, 1.0,
	// 1.1, 1.2 [1.3].
	Version string
	// Streams are stream IDs, such as those of a private network, offered before those
	// of the specification, or instead of them with StreamsOnly. A newer Version than
	// the router's leaves an entry out.
	Streams     []GossipStream
	StreamsOnly bool
	// TestExtension offers the test extension of version 1.3, which only shows that
	// extensions work.
	TestExtension bool
	// Validators judge the messages of every topic, before those of the topic.
	Validators []Validator

	NoMesh             bool          // no mesh of our own, gossip only: for nodes that introduce others
	D, Dlo, Dhi        int           // mesh links wanted, fewest, most [6, 5, 12]
	Dscore, Dout       int           // of them kept for their score, and outbound ones [4, 2]; -1 means none
	Dlazy              int           // least number of peers told of messages by ID [6]
	GossipFactor       float64       // share of the peers told, if that is more [0.25]
	HeartbeatDelay     time.Duration // before the first heartbeat [100ms]
	HeartbeatEvery     time.Duration // [1s]
	FanoutTTL          time.Duration // [1m]
	SeenTTL            time.Duration // [2m]
	SeenStrategy       string        // from when SeenTTL counts: the first or the last copy [first]
	PruneBackoff       time.Duration // [1m]
	UnsubscribeBackoff time.Duration // [10s]
	GraftFlood         time.Duration // a GRAFT this soon after a PRUNE counts double [10s]
	IWantFollowup      time.Duration // an asked-for message must come within [3s]

	HistoryLength        int // heartbeats a message can be asked back for [5]
	HistoryGossip        int // heartbeats its ID is told [3]
	GossipRetransmission int // times one peer may fetch one message [3]
	MaxIHaveLength       int // IDs asked of one peer in one heartbeat [5000]
	MaxIHaveMessages     int // RPCs with IHAVE heard of one peer in one heartbeat [10]
	MaxIDontWantLength   int // IDs heeded in one RPC with IDONTWANT [10]
	MaxIDontWantMessages int // such RPCs heeded in one heartbeat [1000]
	IDontWantBytes       int // message size from which IDONTWANT is sent [16 KiB]
	IDontWantTTL         int // heartbeats an IDONTWANT is heeded [3]

	// FloodPublish sends own messages to every peer of the topic that stands well
	// enough, not only to the mesh [true].
	FloodPublish            *bool
	DirectConnectTicks      int // heartbeats between dials of direct peers that are missing [300]
	OpportunisticGraftTicks int // heartbeats between looks at a mesh's median score [60]
	OpportunisticGraftPeers int // peers grafted when it is low [2]
	PrunePeers              int // peers recommended, and heeded, in one PRUNE [16]

	// PeerExchange recommends other peers of the topic to those we prune; profile seed
	// does anyway. AcceptExchange heeds such recommendations of everybody in good
	// standing, not only of those whose score earned it.
	PeerExchange, AcceptExchange bool
	// DirectPeers always get our messages and are always heard, and stay connected
	// for ever: multiaddrs with /p2p/, or records. Both sides must agree.
	DirectPeers []string
	// SubscriptionFilter names the only topics we take part in, and remember peers
	// to be in; chat rooms are always among them. Empty: all topics.
	SubscriptionFilter []string

	// NoScore turns the scoring of peers off, Score replaces DefaultScore.
	NoScore bool
	Score   *ScoreConfig
	// NoGater turns off what sheds load by address while checking cannot keep up.
	NoGater bool

	MessageBytes int // largest RPC, default and most 1 MiB
	SeenBytes    int // memory of the seen cache [64 MiB]
	CacheBytes   int // memory of the message cache [256 MiB]

	Topics map[string]TopicConfig // by topic
}

// TopicConfig sets one topic. Zero fields are as the router's.
type TopicConfig struct {
	Sign     string // strict, none, lax, lax-none
	BytesMax int    // largest payload

	// Author is whom our messages name: the node, or an Ed25519 key, whose signatures
	// cost others a third of the time to check [node]. That key is AuthorKey, or made
	// of the node's key, always the same, when it is nil. Two nodes must not share one:
	// each takes its own messages from the other for forgeries.
	Author    string // node, ed25519
	AuthorKey ed25519.PrivateKey

	// IDontWantBytes is the message size from which IDONTWANT is sent.
	IDontWantBytes int
	// TTL is how long a message may wait to be written to a peer; then it is dropped
	// there [5s for what others published, 10s for our own].
	TTL time.Duration
	// The topic's own degrees.
	D, Dlo, Dhi, Dscore, Dout int
	// Score weighs what peers do in the topic; nil: as ScoreConfig.Topic.
	Score *TopicScoreConfig

	// Replay drops signed messages whose number their author used before, or far below
	// it, also after a restart. It must be off where authors draw numbers at random, as
	// the JavaScript implementation does.
	Replay bool

	// Partial lets the topic's messages travel in parts, see Topic.PublishPartial; nil:
	// only whole.
	Partial *Partial
	// MessageID makes a message's ID, 1 to 128 bytes, of its content alone (Topic,
	// From, Seqno, Data). It must be pure, the same at all nodes, and fast: it runs in
	// the node's loop, and must not keep the bytes of its argument. Nil: author and
	// number of signed messages, SHA-256 of the data of others.
	MessageID func(m Message) []byte
	// Validators judge the topic's messages. Their context ends ValidateWithin after
	// each began; 0 means never.
	Validators     []Validator
	ValidateWithin time.Duration
}

// GossipStream is a stream ID, and the version of the protocol spoken on it: floodsub,
// 1.0, 1.1, 1.2, 1.3.
type GossipStream = gossipsub.Stream

// ScoreConfig and TopicScoreConfig are the parameters of scoring, by the names of
// gossipsub-v1.1 "Peer Scoring".
type (
	ScoreConfig      = score.Config
	TopicScoreConfig = score.TopicParams
)

// DefaultScore is what nodes judge each other by unless told otherwise. A topic
// whose Score is nil takes its Topic.
func DefaultScore() ScoreConfig { return score.DefaultConfig() }
