package utp

import (
	"errors"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// Remote is the other end of a stream: who it is, and where its packets come from.
type Remote struct {
	ID id.ID
	At netip.AddrPort
	// Plain is of a remote of other software, or unknown: it is spared what BEP 29 allows
	// and some do not take. Each packet of its is acknowledged by itself, because Ultralight
	// waits for each; a selective acknowledgement has four bytes, because nimbus and
	// Ultralight drop a packet with more; and no packet goes twice before a time-out but
	// those that later ones have overtaken, because there are readers that take it twice.
	Plain bool
}

// Sender carries packets. It does not call back, and it does not keep packet: the
// memory is used again when it returns. Packets of one burst come one after another,
// all but the last of one length.
type Sender interface {
	Send(now time.Time, to Remote, packet []byte)
}

// What ends a stream that fails.
var (
	ErrRefused  = errors.New("utp: too many streams")
	ErrInUse    = errors.New("utp: the connection ID is in use")
	ErrNoSYN    = errors.New("utp: nobody opened the stream")
	ErrNoAnswer = errors.New("utp: no answer to the SYN")
	ErrTimeout  = errors.New("utp: packets were sent again and again, without an answer")
	ErrIdle     = errors.New("utp: no progress")
	ErrReset    = errors.New("utp: reset by the remote")
	ErrLied     = errors.New("utp: the remote acknowledged what was not sent")
	ErrForgot   = errors.New("utp: the peer is gone")
)

// Kind is what happened to a stream.
type Kind uint8

// The kinds of events. A stream has any number of Data and Drained, and its last event
// is End or Failed; after it the ticket is nobody's.
const (
	// Open: both ends know of the stream.
	Open Kind = iota + 1
	// Data: the next bytes, in order.
	Data
	// Drained: all that was written so far has arrived; the endpoint holds no reference
	// to it.
	Drained
	// End: the stream is over in good order. For a reader: all bytes of the remote have
	// been handed up. For a writer: all bytes have arrived, and the remote knows that
	// they are all, or was told so finTries times without a word.
	End
	// Failed: the stream is over, and Err says why.
	Failed
)

// Event is what happened to the stream of Ticket.
type Event struct {
	Ticket id.Ticket
	Kind   Kind
	Data   []byte // of Data; valid until the next input
	Err    error  // of Failed
}

// News is what an input returns. It is valid until the next input.
type News struct {
	Events []Event
}

// Config of an Endpoint. The zero value is useful.
type Config struct {
	// PacketMax is the length of the longest packet that is sent; 0 takes the package's.
	PacketMax int
	// PerPeer, Inbound and Outbound bound the streams; 0 takes the package's.
	PerPeer, Inbound, Outbound int
	// Upload is the most bytes per second that all streams send together; 0 is no bound.
	Upload int
	// IdleAfter is how long a stream may stand still; 0 takes the package's.
	IdleAfter time.Duration
	Trace     trace.Func
}

func (c *Config) fill() {
	count := func(n *int, to int) {
		if *n <= 0 {
			*n = to
		}
	}
	count(&c.PacketMax, PacketMax)
	count(&c.PerPeer, PerPeer)
	count(&c.Inbound, Inbound)
	count(&c.Outbound, Outbound)
	if c.IdleAfter <= 0 {
		c.IdleAfter = IdleAfter
	}
}
