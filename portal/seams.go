package portal

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// Talker sends requests to nodes. Its answer comes to Answered with the ticket, also
// when there is none (an error).
type Talker interface {
	// Talk sends a request. The body is nobody's to change afterwards.
	Talk(now time.Time, t id.Ticket, to *enr.Record, proto string, body []byte)
}

// Streams moves what is larger than a packet. What happens to a stream comes to Stream
// with its ticket.
type Streams interface {
	// Reserve waits for a node to open a stream, and says under which ID; false when
	// there is no room.
	Reserve(now time.Time, t id.Ticket, who id.ID) (conn uint16, ok bool)
	// Open opens a stream to a node that waits for it under this ID.
	Open(now time.Time, t id.Ticket, to *enr.Record, conn uint16)
	// Write queues bytes by reference: nobody changes them afterwards.
	Write(now time.Time, t id.Ticket, parts ...[]byte)
	// Finish ends our direction after all that was written.
	Finish(now time.Time, t id.Ticket)
	// Abort ends a stream at once, also one that is only waited for. Nothing more comes
	// of it.
	Abort(now time.Time, t id.Ticket)
}

// Store keeps values. Its answer comes to Stored with the question's ticket.
type Store interface {
	Ask(content.Ask)
}

// Request is a TALK request of a node under the network's protocol ID. Each gets exactly
// one Reply, now or later.
type Request struct {
	From   id.ID
	Record *enr.Record    // the node's, nil when it is not known
	At     netip.AddrPort // where it was sent from
	Body   []byte         // valid until the call returns
	N      uint64         // names the request in its Reply
}

// StreamKind says what happened to a stream.
type StreamKind uint8

const (
	StreamOpen    StreamKind = iota // both ends are there
	StreamData                      // Data came
	StreamDrained                   // all that was written so far has arrived
	StreamEnd                       // it is over in good order, for reader or writer: nothing more comes
	StreamFailed                    // Err says why; nothing more comes
)

// StreamEvent is what happened to a stream. Data is in order and valid until the call
// returns.
type StreamEvent struct {
	Kind StreamKind
	Data []byte
	Err  error
}
