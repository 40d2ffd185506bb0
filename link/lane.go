package link

import "fmt"

// Lane is the index of a protocol in the node's own protocol table. It is a local
// number and never crosses the wire.
type Lane uint8

// LanesMax bounds a protocol table, so that a LaneSet is one word.
const LanesMax = 64

// LaneSet is a set of lanes.
type LaneSet uint64

// Has tells whether l is in the set.
func (s LaneSet) Has(l Lane) bool { return s&(1<<l) != 0 }

// With returns the set with l added.
func (s LaneSet) With(l Lane) LaneSet { return s | 1<<l }

// Protocol describes one protocol once; each kind of link reads what it needs.
type Protocol struct {
	// Name and Version are the RLPx capability: [a-z0-9]{1,8}.
	Name    string
	Version uint
	// Length is the number of message codes, from 0.
	Length uint64
	// Streams are the libp2p protocol IDs, most preferred first. Empty means
	// /ropewalk/NAME/VERSION.
	Streams []string
	// Bare protocols have one kind of message and put no code on a libp2p stream:
	// a frame is an unsigned varint length and the payload, as GossipSub has it.
	// Others write the code as an unsigned varint in front of the payload, inside
	// the frame's length.
	Bare bool
	// BytesMax bounds one payload; 0 means DefaultBytesMax.
	BytesMax int
	// Network, when set, keeps the protocol among nodes of that network on kinds of
	// link whose names cannot say it (an RLPx capability has eight letters).
	Network string
}

// DefaultBytesMax bounds a payload whose protocol says nothing: 1 MiB
// (gossipsub's frame limit and our RLPx sub-protocol limit).
const DefaultBytesMax = 1 << 20

// PayloadBytesMax is the bound in force.
func (p Protocol) PayloadBytesMax() int {
	if p.BytesMax > 0 {
		return p.BytesMax
	}
	return DefaultBytesMax
}

// StreamIDs are the libp2p protocol IDs in force.
func (p Protocol) StreamIDs() []string {
	if len(p.Streams) > 0 {
		return p.Streams
	}
	return []string{fmt.Sprintf("/ropewalk/%s/%d", p.Name, p.Version)}
}

// Op says what a Msg is.
type Op uint8

const (
	// Data is a message of the protocol.
	Data Op = iota
	// Opened (Read only): we may write on the lane from now on; Stream says what
	// was negotiated. Lanes of Info are open from the start and get no Opened.
	Opened
	// Shut: no more is written on the lane. As a Read event our own write side has
	// failed; as a Write it closes our write side and leaves reading open.
	Shut
	// Began (Read only): the remote started to write anew. What was learnt from
	// its former messages on this lane is void.
	Began
	// Ended (Read only): the remote will not write on this lane any more.
	Ended
	// Freed (Read only): a lane that was Busy takes messages again.
	Freed
	// Timed (Read only): the link itself measured a round trip; Code is its
	// nanoseconds. Lane means nothing.
	Timed
)

func (o Op) String() string {
	names := [...]string{"data", "opened", "shut", "began", "ended", "freed", "timed"}
	if int(o) < len(names) {
		return names[o]
	}
	return "unknown"
}

// Msg is one message or lane event.
type Msg struct {
	Lane   Lane
	Op     Op
	Code   uint64
	Data   []byte
	Stream string // with Opened
	Tag    uint64 // of a message to be written: names it for Canceller; 0 when nobody will
	Own    bool   // of a message to be written: nobody else holds Data, which is a Lender's
}
