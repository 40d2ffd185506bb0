package link

import (
	"net/netip"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// Link is a finished pipe to one remote. Read is called by one goroutine, Write
// by another; Close by anyone, any number of times.
type Link interface {
	// Info says who is at the other end. It does not change.
	Info() Info
	// Read blocks for the next message or lane event. Its error is a *Closed when
	// either side closed the link on purpose.
	Read() (Msg, error)
	// Write hands one message to the link and blocks while the wire is full.
	// Ownership of Data passes to the link until Write returns; the bytes are
	// never changed, so one buffer may be written to many links.
	Write(Msg) error
	// Close ends the link and tells the remote why, if the link kind can.
	Close(Reason) error
}

// Busier is implemented by links whose lanes have separate flow control. A world
// asks before it pulls the next message, so that a lane whose remote does not
// read holds up no other lane. A Freed event on Read says a lane takes more. Write
// of a message whose lane is not busy does not block.
type Busier interface {
	Busy() LaneSet
}

// Batcher is implemented by links that write several messages at less cost than one
// by one.
type Batcher interface {
	// WriteAll is Write of each message in turn. Messages after one that the link
	// refuses are not written.
	WriteAll([]Msg) error
}

// Canceller is implemented by links in which messages wait until the wire takes them.
type Canceller interface {
	// Cancel takes the oldest message of a lane with a tag, not zero, out of those
	// that no write has begun for, and tells whether there was one. It does not wait
	// for the wire.
	Cancel(Lane, uint64) bool
}

// Feeder is implemented by links that can call for what Read would return, from the
// goroutines that read it, so that no other has to be woken.
type Feeder interface {
	// Feed calls put with every message and lane event until the link ends, and
	// returns what Read would: it takes the place of Read. Several goroutines may
	// call put at a time, on which those of one lane keep their order; a call that
	// waits makes the remote wait. When put returns false the message is lost, and
	// the link may be closed.
	Feed(put func(Msg) bool) error
}

// Reuser is implemented by links that can read into memory that was used before.
type Reuser interface {
	// Reuse takes back the Data of a message that was read, when nothing holds any
	// of it any more.
	Reuse(data []byte)
}

// Lender is implemented by links that have memory for what they are to write, too.
type Lender interface {
	Reuser
	// Lend returns n bytes with anything in them. They come back by Reuse, or as the
	// Data of a message with Own, once that is written; or not at all. Anybody may call
	// it and Reuse at any time.
	Lend(n int) []byte
}

// Fitter is implemented by links on whose wire not every payload fits that a protocol
// allows.
type Fitter interface {
	// Fits tells whether the link can carry the payload. Anybody may call it at any time.
	Fits(payload []byte) bool
}

// Conn numbers the links of one world; no number is used twice.
type Conn uint64

// Kind is what a link is made of.
type Kind string

// The kinds of link.
const (
	LibP2P Kind = "libp2p"
	RLPx   Kind = "rlpx"
	Mem    Kind = "mem"
)

// Direction says who dialled.
type Direction string

// The directions.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// Info says who is at the other end of a link and what both ends speak.
type Info struct {
	ID     id.ID
	PeerID id.PeerID
	Public id.Public // zero when the remote's key is not secp256k1
	Record *enr.Record
	// Envelope is the remote's signed peer record as libp2p's identify brought it
	// (RFC 0003) before the link was finished, nil when there is none. Who uses it
	// verifies it.
	Envelope []byte
	Kind     Kind
	Addr     Addr
	Dir      Direction
	Ticket   id.Ticket // of the dial; zero when inbound
	Agent    string    // what the remote calls itself, at most 128 bytes, unsanitised
	Lanes    []LaneInfo
	// Caps are the capabilities the remote named in an RLPx Hello, "eth/68", at most
	// 128, in its order; nil on other kinds of link.
	Caps []string
	// Local is our end of the socket, and Observed where the remote says it sees us;
	// invalid when the link does not know.
	Local    netip.AddrPort
	Observed netip.AddrPort
	// Via is set when a third party carries the link (a relay).
	Via bool
}

// LaneInfo is a lane both ends speak.
type LaneInfo struct {
	Lane   Lane
	Stream string // what was negotiated for what we write, "/meshsub/1.1.0"
}

// ListenError says which address a transport could not open.
type ListenError struct {
	Addr Addr
	Err  error
}

func (e *ListenError) Error() string { return "listen " + e.Addr.String() + ": " + e.Err.Error() }

// Unwrap is the cause.
func (e *ListenError) Unwrap() error { return e.Err }
