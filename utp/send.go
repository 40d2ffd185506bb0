package utp

import "time"

// transmit sends what the windows, the pace and the bound of all streams let go: first
// what was lost, then what was never sent, then the FIN.
func (s *stream) transmit(now time.Duration) {
	if s.state != open {
		return
	}
	s.paceAt = 0
	for s.hasNext() {
		if !s.fits(s.nextSize()) || s.flight.len() >= flightMax && s.flight.lost == 0 {
			break
		}
		if ok, at := s.mayGo(now); !ok {
			s.paceAt = at
			break
		}
		s.sendNext(now)
	}
	s.setTimers(now)
}

// hasNext tells whether something is to be sent now. A packet that is not full waits
// for company while others are on their way, unless the stream closes after it.
func (s *stream) hasNext() bool {
	switch {
	case s.flight.lost > 0:
		return true
	case s.pieces.ahead > 0:
		return s.pieces.ahead >= s.ledbat.packet || s.finish || s.flight.len() == 0
	}
	return s.finish && !s.finSent
}

// nextSize is the payload of the packet that is next.
func (s *stream) nextSize() int {
	if s.flight.lost > 0 {
		return int(s.flight.at(s.flight.firstLost()).size)
	}
	return min(s.pieces.ahead, s.ledbat.packet)
}

// fits tells whether the windows have room for size more bytes. What was lost needs none
// at the remote: it fills gaps, and the room comes back with that.
func (s *stream) fits(size int) bool {
	if s.flight.lost == 0 && s.flight.bytes+size > s.room {
		return false
	}
	return s.flight.bytes+size <= s.ledbat.window
}

// mayGo asks the pace of the stream and the bound of all streams.
func (s *stream) mayGo(now time.Duration) (bool, time.Duration) {
	if s.rtt.smooth != 0 {
		if ok, at := s.pacer.ready(now, s.ledbat.window, s.ledbat.packet, s.rtt.smooth); !ok {
			return false, at
		}
	}
	return s.e.upload.ready(now, &s.grant, s.e.cfg.PacketMax)
}

// sendNext sends the packet that hasNext says there is.
func (s *stream) sendNext(now time.Duration) {
	var seq uint16
	switch {
	case s.flight.lost > 0:
		seq = s.flight.firstLost()
		s.flight.again(seq)
		s.e.stats.Resent++
	case s.pieces.ahead > 0:
		size := min(s.pieces.ahead, s.ledbat.packet)
		seq = s.flight.push(sent{from: s.pieces.take(size), size: uint16(size)})
		s.e.stats.BytesOut += uint64(size)
	default:
		seq = s.flight.push(sent{fin: true})
		s.finSent = true
	}
	s.emit(now, seq)
}

// emit sends the packet of a sequence number in flight.
func (s *stream) emit(now time.Duration, seq uint16) {
	p := s.flight.at(seq)
	s.orders++
	p.order, p.at = s.orders, now
	p.tries = min(p.tries+1, 255)
	h := header{form: stData, conn: s.send, sent: micros(now), delay: s.echo,
		window: s.window(), seq: seq, ack: s.reorder.next - 1}
	if p.fin {
		h.form = stFin
	}
	h.put(s.e.packet[:], extNone)
	n := headerBytes + int(p.size)
	if p.size != 0 {
		s.pieces.read(s.e.packet[headerBytes:n], p.from)
	}
	s.sentAt = now
	if s.rtt.smooth != 0 {
		s.pacer.took(now, n, s.ledbat.window, s.rtt.smooth)
	}
	s.grant.bytes -= n
	if s.reorder.count == 0 {
		s.quiet()
	}
	s.e.post(s.remote, n)
}

// setTimers sets when an answer is overdue: a time-out after the last that came, or
// after the first packet on its way. Before that, the tail is sent once more.
func (s *stream) setTimers(now time.Duration) {
	if s.flight.len() == 0 && s.pieces.ahead == 0 || s.flight.out == 0 && s.paceAt != 0 {
		s.heardAt, s.rtoAt = 0, 0
		return
	}
	if s.heardAt == 0 {
		s.heardAt = now
	}
	s.rtoAt = s.heardAt + s.rtt.timeout()
	if probe := s.rtt.probe(); probe != 0 && !s.probed && s.retries == 0 && s.flight.out > 0 && !s.remote.Plain {
		s.rtoAt = min(s.rtoAt, max(s.sentAt, s.heardAt)+probe)
	}
}

// timeout does what an answer that is overdue asks for.
func (s *stream) timeout(now time.Duration) {
	if now < s.heardAt+s.rtt.timeout() {
		s.probe(now)
		s.setTimers(now)
		return
	}
	s.e.stats.Timeouts++
	s.retries++
	if s.retries >= finTries && s.lastWord() {
		s.drain(now)
		return
	}
	if s.retries > retriesMax {
		s.sendReset(now)
		s.fail(now, ErrTimeout)
		return
	}
	s.heardAt = now
	s.rtt.backoff++
	if s.flight.len() > 0 {
		s.ledbat.collapse(s.flight.bytes, s.orders)
		for seq := s.flight.base; seq != s.flight.next; seq++ {
			if p := s.flight.at(seq); !p.acked && !p.lost {
				s.flight.lose(seq)
			}
		}
	}
	// One packet goes whatever room the remote has said it has: that may be news of
	// before, and the answer says what it has now.
	if s.flight.lost > 0 || s.pieces.ahead > 0 {
		s.sendNext(now)
	}
	s.transmit(now)
}

// probe sends the last packet on its way once more: what says that it has come says
// which before it have not, and otherwise only a time-out would (RFC 8985 "TLP").
func (s *stream) probe(now time.Duration) {
	s.probed = true
	for seq := s.flight.next - 1; !before(seq, s.flight.base); seq-- {
		if p := s.flight.at(seq); !p.acked && !p.lost {
			s.e.stats.Resent++
			s.emit(now, seq)
			return
		}
	}
}
