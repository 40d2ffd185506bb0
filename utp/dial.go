package utp

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Reserve chooses a connection ID for a stream that with will dial within 10 s; its
// events carry t. It is refused when there are too many streams with that peer or in all.
func (e *Endpoint) Reserve(now time.Time, t id.Ticket, with id.ID) (conn uint16, ok bool) {
	at := e.at(now)
	if !e.room(with, true) || e.tickets[t] != nil {
		return 0, false
	}
	for range connTries {
		conn = uint16(e.rng.Uint32())
		if !e.vacant(with, conn) {
			continue
		}
		// discv5-utp.md: conn is what we send under, and the remote's to receive under.
		s := &stream{ticket: t, remote: Remote{ID: with}, inbound: true, recv: conn + 1, send: conn}
		s.idleAt = at + synFor
		e.attach(at, s)
		return conn, true
	}
	return 0, false
}

// vacant tells whether conn is free at both ends, as far as we know of the other.
func (e *Endpoint) vacant(with id.ID, conn uint16) bool {
	if e.streams[key{with, conn + 1}] != nil {
		return false
	}
	if p := e.peers[with]; p != nil {
		for _, s := range p.streams {
			if s.send == conn {
				return false
			}
		}
	}
	return true
}

// Dial opens the stream that to has reserved under conn; its events carry t. A refusal
// is an event too.
func (e *Endpoint) Dial(now time.Time, t id.Ticket, to Remote, conn uint16) {
	at := e.at(now)
	old := e.streams[key{to.ID, conn}]
	switch {
	case !e.room(to.ID, false):
		e.emit(Event{Ticket: t, Kind: Failed, Err: ErrRefused})
		return
	case e.tickets[t] != nil, old != nil && old.state != waiting:
		e.emit(Event{Ticket: t, Kind: Failed, Err: ErrInUse})
		return
	case old != nil:
		e.forget(old)
	}
	s := &stream{ticket: t, remote: to, recv: conn, send: conn + 1, state: dialing}
	s.syn = uint16(e.rng.Uint32())
	s.first = s.syn + 1
	s.idleAt = at + dialFor
	e.attach(at, s)
	s.inherit(at)
	s.sendSYN(at)
	e.arm(s)
}

// sendSYN sends the SYN, once more or for the first time.
func (s *stream) sendSYN(now time.Duration) {
	first := synAgain
	if probe := s.rtt.probe(); probe != 0 {
		first = min(first, probe)
	}
	s.synGap = max(first, s.synGap+s.synGap/2)
	s.synAt = now + s.synGap
	s.synTries++
	s.sentAt = now
	h := header{form: stSyn, conn: s.recv, sent: micros(now), window: s.window(), seq: s.syn}
	h.put(s.e.packet[:], extNone)
	s.e.post(s.remote, headerBytes)
}

// answerSYN answers the SYN with what is the same each time: the first sequence number
// of our data, whatever has been sent since (trap 10).
func (s *stream) answerSYN(now time.Duration) {
	h := header{form: stState, conn: s.send, sent: micros(now), delay: s.echo, window: s.window(), seq: s.first, ack: s.syn}
	h.put(s.e.packet[:], extNone)
	s.e.post(s.remote, headerBytes)
}

// accept takes the SYN of a reserved ID.
func (s *stream) accept(now time.Duration, from Remote, p packet) {
	s.remote = from // the observed address, whatever a record says
	s.syn = p.seq
	s.first = uint16(s.e.rng.Uint32())
	s.reorder.start(p.seq + 1)
	s.echo = micros(now) - p.sent
	s.inherit(now)
	s.sentAt = now // as its answer goes: what is written soon finds no stream that has rested
	s.up(now, p)
	s.answerSYN(now)
	s.transmit(now)
}

// answered takes the answer to our SYN.
func (s *stream) answered(now time.Duration, p packet) {
	if p.ack != s.syn {
		return
	}
	// discv5-utp.md: the answer takes no sequence number; data begins with the same.
	s.reorder.start(p.seq)
	s.echo = micros(now) - p.sent
	if s.synTries == 1 {
		s.rtt.sample(now - s.sentAt)
		s.ledbat.sample(now, p.delay)
	}
	s.synAt = 0
	s.up(now, p)
	kept, of := s.early, s.peer
	s.early = nil
	for _, x := range kept {
		if s.state == open {
			s.late(now, x)
		}
		s.e.free(of, x.b)
	}
	s.transmit(now)
}

// up makes the stream open.
func (s *stream) up(now time.Duration, p packet) {
	s.state = open
	s.flight.start(s.first)
	s.room, s.roomAt = int(min(p.window, roomMax)), p.sent
	s.progress(now)
	s.e.stats.Opened++
	s.e.emit(Event{Ticket: s.ticket, Kind: Open})
	s.e.trace("open", s, nil)
}

// hurry keeps a packet that has come before the answer to our SYN, and asks for that
// again soon: the two may have changed places, or the answer is lost.
func (s *stream) hurry(now time.Duration, p packet) {
	if soon := now + synEarly; s.synTries < 3 && s.synAt > soon {
		s.synAt = soon
	}
	if len(s.early) >= earlyMax {
		return
	}
	if b := s.e.hold(s.peer, p.payload); b != nil {
		s.early = append(s.early, early{seq: p.seq, fin: p.form == stFin, b: b})
	}
}
