package utp

import (
	"math/bits"
	"time"
)

// acked takes what a packet says of ours. It tells whether the packet is to be used
// further: one that acknowledges what was never sent is not.
func (s *stream) acked(now time.Duration, p packet) bool {
	f := &s.flight
	if ahead := int16(p.ack - (f.next - 1)); ahead > 0 {
		if ahead <= lieMax {
			s.sendReset(now)
			s.fail(now, ErrLied)
		}
		return false
	}
	if p.delay != 0 { // an older one too: those that others overtook are the quick ones
		s.ledbat.sample(now, p.delay)
	}
	if before(p.ack, f.base-1) {
		return true // of long ago; its data may be new all the same
	}
	flight, last := f.bytes, s.arrived
	onward := !before(p.ack, f.base)
	if onward {
		s.progress(now)
	}
	// Of two packets that changed places, the one sent later knows the room.
	if onward || int32(p.sent-s.roomAt) >= 0 {
		s.room, s.roomAt = int(min(p.window, roomMax)), p.sent
	}
	a := arrivals{now: now}
	for !before(p.ack, f.base) {
		s.came(&a, f.base)
		f.pop()
	}
	if p.sack != nil {
		s.selectively(&a, p)
	}
	if f.len() > 0 && f.at(f.base).acked {
		f.takeBack(f.base)
	}
	if !a.any {
		s.repeated(now, p)
		return true
	}
	s.repeats, s.retries, s.probed = 0, 0, false
	s.rtt.backoff = 0
	s.heardAt = now
	if a.once != 0 {
		s.rtt.sample(now - a.once)
	}
	s.ledbat.round(s.arrived, s.orders, f.out+a.packets)
	if 2*flight >= s.ledbat.window {
		s.filledAt = now
	}
	s.ledbat.grow(a.bytes, flight, s.rtt.queue())
	if f.len() > 0 {
		s.pieces.drop(s.oldest())
	}
	if f.holes > 0 && s.arrived != last {
		s.detect(now)
	} else if f.holes == 0 {
		s.lossAt = 0
	}
	return true
}

// arrivals is what one packet says has arrived.
type arrivals struct {
	now     time.Duration
	any     bool
	bytes   int
	packets int
	once    time.Duration // when the latest of them was sent that was sent once
}

// came notes that seq, which is in flight, has arrived.
func (s *stream) came(a *arrivals, seq uint16) {
	p := s.flight.at(seq)
	lost := p.lost
	if !s.flight.arrived(seq) {
		return
	}
	a.any = true
	a.bytes += int(p.size)
	a.packets++
	if p.tries == 1 {
		a.once = max(a.once, p.at)
	}
	if lost || p.tries > 1 && a.now-p.at < s.rtt.min*3/4 {
		// Too soon for the last transmission: an earlier one has arrived, and was only
		// late. The way changes the order, so have more patience (RFC 8985 section 6.2).
		if s.rtt.backoff == 0 {
			s.patience = min(s.patience+s.rtt.smooth/4, s.rtt.smooth)
			s.ledbat.forgive()
		}
		return
	}
	if p.order > s.arrived {
		s.arrived, s.arrivedT = p.order, p.at
	}
}

// selectively takes a selective acknowledgement. Bits beyond what was sent say nothing.
func (s *stream) selectively(a *arrivals, p packet) {
	f := &s.flight
	for i := 0; i < len(p.sack); i++ {
		first := p.ack + 2 + uint16(8*i)
		if !before(first, f.next) {
			return
		}
		for b := p.sack[i]; b != 0; b &= b - 1 {
			seq := first + uint16(bits.TrailingZeros8(b))
			if before(seq, f.next) && !before(seq, f.base) {
				s.came(a, seq)
			}
		}
	}
}

// repeated takes an acknowledgement without news. Three mean that later packets came,
// from a remote that does not say which (BEP 29 "Packet loss").
func (s *stream) repeated(now time.Duration, p packet) {
	if p.form != stState || p.sack != nil || s.flight.out == 0 || p.ack != s.flight.base-1 {
		return
	}
	if s.repeats++; s.repeats != lostAfter {
		return
	}
	if q := s.flight.at(s.flight.base); !q.lost && now-q.at >= s.rtt.min {
		s.lose(now, s.flight.base)
	}
}

// oldest is where the first byte is that may be sent again.
func (s *stream) oldest() place {
	if p := s.flight.at(s.flight.base); !p.fin {
		return p.from
	}
	return s.pieces.at
}

// detect finds what is lost: of two packets, the one sent earlier is, when the later one
// has arrived with two between them, or a little more than a round trip has passed. The
// first says nothing where packets take so different times that they overtake each other.
// The order is that of sending, so a packet that was sent again is found like any other
// (RFC 8985, RFC 9002 section 6.1).
func (s *stream) detect(now time.Duration) {
	s.lossAt = 0
	f := &s.flight
	for seq := f.base; seq != f.next; seq++ {
		p := f.at(seq)
		if p.acked || p.lost {
			continue
		}
		if p.order >= s.arrived {
			if p.tries == 1 {
				return // so are all after it
			}
			continue
		}
		if p.order+lostAfter <= s.arrived && s.patience == 0 && s.rtt.steady() {
			s.lose(now, seq)
			continue
		}
		until := p.at + max(s.rtt.smooth, s.rtt.last)*9/8 + s.patience
		if until <= now {
			s.lose(now, seq)
		} else if s.lossAt == 0 || until < s.lossAt {
			s.lossAt = until
		}
	}
}

// lose marks a packet as lost, and the window hears of it.
func (s *stream) lose(now time.Duration, seq uint16) {
	s.flight.lose(seq)
	s.ledbat.lose(s.flight.at(seq).order, s.orders, s.rtt.queue())
}
