package utp

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Write sends parts, one after another, after all that was written before. They are
// kept by reference until Drained, End or Failed, and nobody changes them meanwhile. What
// is written before Open waits for it. A stream that is over takes no more.
func (e *Endpoint) Write(now time.Time, t id.Ticket, parts ...[]byte) {
	at := e.at(now)
	s := e.tickets[t]
	if s == nil || s.finish {
		return
	}
	s.writes()
	if s.state == open && s.flight.len() == 0 && s.pieces.ahead == 0 {
		s.progress(at)
		if at-s.sentAt > s.rtt.timeout() {
			s.ledbat.rested()
		}
	}
	for _, b := range parts {
		s.pieces.add(b)
	}
	s.undrain = s.undrain || s.pieces.ahead > 0
	s.transmit(at)
	e.arm(s)
}

// writes notes that it is we who write: nothing comes by the stream.
func (s *stream) writes() {
	if s.reads {
		s.reads = false
		s.peer.readers--
	}
}

// Finish closes the stream after all that was written.
func (e *Endpoint) Finish(now time.Time, t id.Ticket) {
	at := e.at(now)
	s := e.tickets[t]
	if s == nil || s.finish {
		return
	}
	s.writes()
	s.finish = true
	s.transmit(at)
	e.arm(s)
}

// Abort ends the stream at once; no event follows those that were returned. The remote
// is told once.
func (e *Endpoint) Abort(now time.Time, t id.Ticket) {
	at := e.at(now)
	s := e.tickets[t]
	if s == nil {
		return
	}
	if s.state != reserved {
		s.sendReset(at)
	}
	e.trace("abort", s, nil)
	s.over(at)
}

// Forget ends all streams with a peer, as failed; the events come with the next input.
func (e *Endpoint) Forget(now time.Time, who id.ID) {
	at := e.at(now)
	for p := e.peers[who]; p != nil && len(p.streams) > 0; {
		s := p.streams[len(p.streams)-1]
		s.fail(at, ErrForgot)
		if s.place >= 0 {
			e.forget(s)
		}
	}
}
