package utp

import (
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Endpoint is all streams of one node.
//
// Every input may make Deadline due at once: news of an input that returns none, and
// acknowledgements, which wait for the end of a round of packets, go with Advance.
type Endpoint struct {
	cfg    Config
	rng    *rand.Rand
	out    Sender
	events []Event
}

// New makes an endpoint that sends through out. Chance comes from rng.
func New(cfg Config, rng *rand.Rand, out Sender) *Endpoint {
	cfg.fill()
	return &Endpoint{cfg: cfg, rng: rng, out: out}
}

// Reserve chooses a connection ID for a stream that with will dial within synFor; its
// events carry t. It is refused when there are too many streams with that peer or in all.
func (e *Endpoint) Reserve(now time.Time, t id.Ticket, with id.ID) (conn uint16, ok bool) {
	return 0, false
}

// Dial opens the stream that to has reserved under conn; its events carry t. A refusal
// is an event too.
func (e *Endpoint) Dial(now time.Time, t id.Ticket, to Remote, conn uint16) {
	e.events = append(e.events, Event{Ticket: t, Kind: Failed, Err: ErrRefused})
}

// Write sends parts, one after another, after all that was written before. They are
// kept by reference until Drained, End or Failed, and nobody changes them meanwhile. What
// is written before Open waits for it. A stream that is over takes no more.
func (e *Endpoint) Write(now time.Time, t id.Ticket, parts ...[]byte) {}

// Finish closes the stream after all that was written.
func (e *Endpoint) Finish(now time.Time, t id.Ticket) {}

// Abort ends the stream at once; no event follows. The remote is told once.
func (e *Endpoint) Abort(now time.Time, t id.Ticket) {}

// Forget ends all streams with a peer, as failed; the events come with the next input.
func (e *Endpoint) Forget(now time.Time, who id.ID) {}

// Packet takes a packet from a remote. b is not kept; Data may lie in it.
func (e *Endpoint) Packet(now time.Time, from Remote, b []byte) News { return e.take() }

// Advance does what is due at now.
func (e *Endpoint) Advance(now time.Time) News { return e.take() }

// Deadline is when Advance is due; zero when nothing is.
func (e *Endpoint) Deadline() time.Time { return time.Time{} }

func (e *Endpoint) take() News {
	n := News{Events: e.events}
	e.events = nil
	return n
}
