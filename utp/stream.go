package utp

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// state is how far a stream has come.
type state uint8

const (
	reserved state = iota // listening for the SYN of one remote
	dialing               // our SYN has no answer
	open
	waiting // over; late packets are answered
)

// stream is one end of a stream. Moments are since the endpoint's epoch; zero is none.
type stream struct {
	e       *Endpoint
	ticket  id.Ticket
	remote  Remote // At is known from the SYN on
	peer    *peer  // nil when waiting
	recv    uint16 // connection ID of packets to us
	send    uint16 // and of packets from us
	inbound bool
	state   state

	syn      uint16 // sequence number of the SYN, whoever sent it
	first    uint16 // ours after the handshake
	synTries uint8
	synGap   time.Duration
	early    []early

	// Sending.
	pieces   pieces
	flight   flight
	rtt      rtt
	ledbat   ledbat
	pacer    pacer
	grant    grant
	room     int    // bytes that the remote has room for
	roomAt   uint32 // when it said so, by its clock
	orders   uint64 // transmissions so far
	arrived  uint64 // the latest transmission that has arrived
	arrivedT time.Duration
	patience time.Duration // with packets that others overtake, beyond a round trip
	repeats  uint8         // acknowledgements in a row that say nothing new
	retries  uint8         // time-outs in a row
	probed   bool          // the tail was sent once more since something arrived
	finish   bool          // close when all is sent
	finSent  bool
	undrain  bool // something was written since the last Drained
	heardAt  time.Duration
	sentAt   time.Duration
	filledAt time.Duration // when half of the window was last on its way
	rich     bool          // it is over, and its window may be handed on; see inherit

	// Receiving.
	reorder   reorder
	echo      uint32 // delay of the last packet, for the remote
	delivered int    // payload handed up
	credit    int    // and by streams before, as far as it counts; see inherit
	overAt    time.Duration
	reads     bool   // we have not written to it
	fresh     int    // packets in order that are not acknowledged
	acking    bool   // to acknowledge at the end of the round
	listed    bool   // on the endpoint's list for that
	finAt     uint16 // the FIN's sequence number, if finSeen
	finSeen   bool

	// Timers.
	wake   time.Duration // when the heap has us looked at: not after any of these
	place  int           // in the heap
	idleAt time.Duration
	synAt  time.Duration
	rtoAt  time.Duration
	lossAt time.Duration
	ackAt  time.Duration
	paceAt time.Duration
}

// early is a packet that came before the answer to our SYN.
type early struct {
	seq uint16
	fin bool
	b   []byte
}

// due is the earliest of the timers.
func (s *stream) due() time.Duration {
	d := s.idleAt
	for _, t := range [...]time.Duration{s.synAt, s.rtoAt, s.lossAt, s.ackAt, s.paceAt} {
		if t != 0 && t < d {
			d = t
		}
	}
	return d
}

// tick does what is due.
func (s *stream) tick(now time.Duration) {
	if s.idleAt <= now {
		s.expire(now)
		return
	}
	if s.synAt != 0 && s.synAt <= now {
		s.sendSYN(now)
	}
	if s.ackAt != 0 && s.ackAt <= now {
		s.sendState(now)
	}
	if s.lossAt != 0 && s.lossAt <= now {
		s.detect(now)
		s.transmit(now)
	}
	if s.paceAt != 0 && s.paceAt <= now {
		s.paceAt = 0
		s.transmit(now)
	}
	if s.rtoAt != 0 && s.rtoAt <= now {
		s.timeout(now)
	}
}

// expire ends a stream that has stood still.
func (s *stream) expire(now time.Duration) {
	switch s.state {
	case reserved:
		s.fail(now, ErrNoSYN)
	case dialing:
		s.fail(now, ErrNoAnswer)
	case waiting:
		s.e.forget(s)
	default:
		if s.lastWord() {
			s.drain(now)
			return
		}
		s.sendReset(now)
		s.fail(now, ErrIdle)
	}
}

// progress puts the end for standing still off.
func (s *stream) progress(now time.Duration) { s.idleAt = now + s.e.cfg.IdleAfter }

// fail ends the stream with an error, without a word to the remote.
func (s *stream) fail(now time.Duration, err error) {
	s.e.stats.Failed++
	s.e.emit(Event{Ticket: s.ticket, Kind: Failed, Err: err})
	s.e.trace("failed", s, err)
	s.over(now)
}

// end ends the stream in good order.
func (s *stream) end(now time.Duration) {
	s.e.stats.Ended++
	s.bequeath(now)
	s.e.emit(Event{Ticket: s.ticket, Kind: End})
	s.e.trace("end", s, nil)
	s.over(now)
}

// over gives back what the stream holds. It goes on to answer late packets for a while,
// if the remote knows of it.
func (s *stream) over(now time.Duration) {
	s.release()
	known := s.state == open
	s.state = waiting
	s.e.detach(s)
	if !known {
		s.e.forget(s)
		return
	}
	s.synAt, s.rtoAt, s.lossAt, s.ackAt, s.paceAt = 0, 0, 0, 0, 0
	s.fresh = 0
	s.idleAt = now + waitFor
	s.e.wait(s)
	s.e.arm(s)
}

// release gives back memory.
func (s *stream) release() {
	for _, b := range s.early {
		s.e.free(s.peer, b.b)
	}
	s.early = nil
	for _, b := range s.reorder.ring {
		if b != nil {
			s.e.free(s.peer, b)
		}
	}
	s.reorder = reorder{next: s.reorder.next, top: s.reorder.next}
	s.pieces = pieces{}
	s.flight.ring = nil
	s.flight.base = s.flight.next
}
