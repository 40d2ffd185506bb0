package gossipsub

import (
	"errors"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/work"
)

// News is what comes up from one input. The caller must look at all of it.
type News struct {
	// Jobs are checks and signatures to be done beside the loop; the result of
	// each goes to Done with the job's ticket.
	Jobs []work.Job
	// Deliveries are messages of joined topics, checked, each exactly once.
	Deliveries []Message
	// Partials are parts of messages, and what peers have of them; see Partial.
	Partials []PartialMessage
	// Saves are files to be written.
	Saves []work.Save
	// Published answers Publish, now or after a job.
	Published []Published
	// Missing are direct peers without a link, to be dialled.
	Missing []id.ID
	// Spent says of Recv that the frame held nothing but copies of known messages, so
	// that nothing refers to its bytes any more.
	Spent bool
	// Exchanged are peers that others recommended, their records verified.
	Exchanged []Exchange
}

// Message is one gossip message. Its bytes are shared with queues and caches and
// must not be changed.
type Message struct {
	Topic string
	ID    string    // raw bytes, see TopicConfig.MessageID
	From  id.PeerID // author; empty when the message is unsigned
	Seqno []byte    // 8 bytes when signed, nil when unsigned
	Data  []byte
	Via   id.ID // who handed it to us; zero for our own, and while it is checked
	Local bool  // we published it
}

// Published tells how a Publish went.
type Published struct {
	Ticket id.Ticket
	ID     string // raw bytes; empty when Err came before there was an ID
	// Peers is the number of peers the message was handed to. Zero without Err
	// means that nobody was there to take it; it stays in the cache for
	// HistoryLength heartbeats and is gossiped to whoever comes.
	Peers int
	// The same by what the peers are to us: members of the mesh, of the fanout of a
	// topic that is not joined, direct peers, and all others (flood publishing,
	// floodsub, and random peers while there is no mesh).
	Mesh, Fanout, Direct, Flood int
	// Dropped are peers whose queue had no room. They hear of the message by gossip.
	Dropped int
	Err     error
}

// What a caller can act on.
var (
	ErrTopic     = errors.New("gossipsub: topic is empty, too long or not UTF-8")
	ErrFiltered  = errors.New("gossipsub: the filter keeps the topic out")
	ErrTooLarge  = errors.New("gossipsub: message too large")
	ErrDuplicate = errors.New("gossipsub: message was published before")
	ErrRejected  = errors.New("gossipsub: message refused by the topic's own check")
	ErrNoSigner  = errors.New("gossipsub: signing asked for but no Signer given")
	ErrConfig    = errors.New("gossipsub: bad configuration")
	ErrBusy      = errors.New("gossipsub: too many messages in checking")
	ErrFrame     = errors.New("gossipsub: bad frame")
)
