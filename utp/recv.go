package utp

import "time"

// packet takes a packet of the stream.
func (s *stream) packet(now time.Duration, from Remote, p packet) {
	switch s.state {
	case reserved:
		// Only a SYN opens what is reserved.
		if p.form == stSyn {
			s.accept(now, from, p)
		}
	case dialing:
		switch p.form {
		case stState:
			s.answered(now, p)
		case stReset:
			s.fail(now, ErrReset)
		case stData, stFin:
			s.hurry(now, p)
		}
	case waiting:
		s.afterwards(now, p)
	case open:
		s.whileOpen(now, p)
	}
}

func (s *stream) whileOpen(now time.Duration, p packet) {
	switch p.form {
	case stSyn:
		if p.seq == s.syn {
			s.answerSYN(now)
		}
		return
	case stReset:
		s.reset(now)
		return
	}
	s.echo = micros(now) - p.sent
	if !s.acked(now, p) {
		return
	}
	switch p.form {
	case stData:
		s.data(now, p.seq, p.payload)
	case stFin:
		s.fin(now, p.seq)
	}
	s.settle(now)
}

// settle sends what may go now, and ends the stream if all is done.
func (s *stream) settle(now time.Duration) {
	if s.state != open {
		return
	}
	s.transmit(now)
	if s.flight.len() != 0 || s.pieces.ahead != 0 {
		return
	}
	if s.undrain {
		s.undrain = false
		s.pieces = pieces{}
		s.e.emit(Event{Ticket: s.ticket, Kind: Drained})
	}
	// Either FIN is enough: streams go one way (discv5-utp.md "Example Usage").
	if s.finSent || s.finSeen && s.reorder.next == s.finAt+1 {
		if s.fresh > 0 || s.acking {
			s.sendState(now)
		}
		s.end(now)
	}
}

// late takes a packet that came before the answer to our SYN.
func (s *stream) late(now time.Duration, x early) {
	if x.fin {
		s.fin(now, x.seq)
	} else {
		s.data(now, x.seq, x.b)
	}
	s.settle(now)
}

// data takes the payload of a sequence number: hands it up if it is next, with all that
// waited for it, or keeps it.
func (s *stream) data(now time.Duration, seq uint16, payload []byte) {
	r := &s.reorder
	ahead := int16(seq - r.next)
	if ahead == 0 && !(s.finSeen && s.finAt == seq) {
		r.step()
		s.deliver(payload)
		for r.count > 0 {
			b, ok := r.pull()
			if !ok {
				break
			}
			s.deliver(b)
			s.e.free(s.peer, b)
		}
		s.pastFin()
		s.progress(now)
		s.fresh++
		s.ackSoon(now, r.count > 0)
		return
	}
	if ahead > 0 {
		s.keep(seq, payload)
	}
	s.ackSoon(now, true)
}

// keep holds a packet ahead of its turn, if it is new and there is room.
func (s *stream) keep(seq uint16, payload []byte) {
	if !s.mayKeep(seq, len(payload)) {
		return
	}
	if b := s.e.hold(s.peer, payload); b != nil {
		s.reorder.keep(seq, b)
	}
}

// mayKeep tells whether a packet ahead of its turn is new and within the bounds.
func (s *stream) mayKeep(seq uint16, size int) bool {
	r := &s.reorder
	segments := min(segmentsMax, segmentsFirst+(s.credit+s.delivered)>>10)
	switch {
	case int(seq-r.next) >= segments, r.count >= segments, r.bytes+size > s.heldMax():
		return false
	case s.finSeen && !before(seq, s.finAt):
		return false
	}
	return !r.has(seq)
}

// heldMax is how many bytes the stream may hold out of order.
func (s *stream) heldMax() int { return min(heldMax, heldFirst+s.credit+s.delivered) }

// deliver hands a payload up.
func (s *stream) deliver(payload []byte) {
	if len(payload) == 0 {
		return
	}
	s.delivered += len(payload)
	s.e.stats.BytesIn += uint64(len(payload))
	s.e.emit(Event{Ticket: s.ticket, Kind: Data, Data: payload})
}

// fin takes a FIN. The first one counts, unless packets beyond it have come.
func (s *stream) fin(now time.Duration, seq uint16) {
	r := &s.reorder
	if ahead := int16(seq - r.next); ahead >= 0 && ahead < segmentsMax && !s.finSeen && !before(seq+1, r.top) {
		if ahead > 0 {
			s.keep(seq, nil) // so that a selective acknowledgement names it
		}
		s.finSeen, s.finAt = true, seq
		s.pastFin()
	}
	s.ackSoon(now, true)
}

// pastFin takes the FIN's sequence number when all before it has come.
func (s *stream) pastFin() {
	if s.finSeen && s.reorder.next == s.finAt {
		s.reorder.step()
	}
}

// ackSoon sees to it that what has come is acknowledged: at the end of the round if
// something is out of order or every second packet, or else soon.
func (s *stream) ackSoon(now time.Duration, atOnce bool) {
	switch {
	case s.fresh >= ackNow, s.remote.Plain:
		s.sendState(now)
	case atOnce || s.fresh >= ackEvery:
		s.acking = true
		if !s.listed {
			s.listed = true
			s.e.acks = append(s.e.acks, s)
		}
	case s.ackAt == 0:
		s.ackAt = now + ackWithin
	}
}

// quiet notes that everything is acknowledged.
func (s *stream) quiet() {
	s.fresh, s.acking, s.ackAt = 0, false, 0
}

// sendState acknowledges what has come.
func (s *stream) sendState(now time.Duration) {
	h := header{form: stState, conn: s.send, sent: micros(now), delay: s.echo,
		window: s.window(), seq: s.flight.next, ack: s.reorder.next - 1}
	b := s.e.packet[:]
	n := headerBytes
	if size := s.reorder.sack(&s.e.sackBits, s.sackMost()); size > 0 {
		h.put(b, extSack)
		b[n], b[n+1] = extNone, byte(size)
		n += 2 + copy(b[n+2:], s.e.sackBits[:size])
	} else {
		h.put(b, extNone)
	}
	s.quiet()
	s.e.post(s.remote, n)
}

// sackMost is how long a selective acknowledgement may be, in bytes.
func (s *stream) sackMost() int {
	if s.remote.Plain {
		return sackPlain
	}
	return sackBytes
}

// window is what we have room for: of what the peer may have each of its streams gets the
// same, so that what all of them send finds room. What is next in order always has some: it
// is handed up and never kept.
func (s *stream) window() uint32 {
	room := s.heldMax() - s.reorder.bytes
	if p := s.peer; p != nil {
		room = min(room, s.e.memory.room(p)/max(1, p.readers))
	}
	return uint32(max(room, windowPackets*bufferBytes))
}

// reset takes a RESET. After our FIN it is a remote that knows it has everything.
func (s *stream) reset(now time.Duration) {
	if s.lastWord() {
		s.drain(now)
		return
	}
	s.fail(now, ErrReset)
}

// lastWord tells whether all that was written has arrived, and the FIN alone is on its
// way.
func (s *stream) lastWord() bool {
	return s.finSent && s.flight.len() == 1 && s.pieces.ahead == 0
}

// drain ends a stream of which all that was written has arrived.
func (s *stream) drain(now time.Duration) {
	if s.undrain {
		s.undrain = false
		s.e.emit(Event{Ticket: s.ticket, Kind: Drained})
	}
	s.end(now)
}

// afterwards answers late packets of a stream that is over.
func (s *stream) afterwards(now time.Duration, p packet) {
	switch p.form {
	case stData, stFin:
		if before(p.seq, s.reorder.next) {
			s.sendState(now)
		}
	case stSyn:
		if p.seq == s.syn {
			s.answerSYN(now)
		}
	}
}
