package utp

import "time"

// A stream begins with what the last one to the same place knew of the way: a file that goes
// in many streams, one after another, begins slowly once (RFC 9040 section 6.2, "temporal
// sharing"). Each window is handed on to one heir, so that all streams together send no more
// than those before them did.

// inherit takes over what streams knew that have ended lately and in good order: of several
// the one with most of it that nobody has taken.
func (s *stream) inherit(now time.Duration) {
	var sent, read *stream
	for _, old := range s.e.ended.list {
		if old.remote != s.remote {
			continue
		}
		if old.rich && now-old.filledAt < heirFor && (sent == nil || old.ledbat.window > sent.ledbat.window) {
			sent = old
		}
		if old.credit > 0 && now-old.overAt < heirFor && (read == nil || old.credit > read.credit) {
			read = old
		}
	}
	if sent != nil {
		sent.rich = false
		s.rtt, s.rtt.backoff = sent.rtt, 0
		s.ledbat = sent.ledbat.passedOn()
		s.patience, s.filledAt = sent.patience/2, sent.filledAt
	}
	if read != nil {
		s.credit, read.credit = read.credit, 0
	}
}

// bequeath notes, of a stream that has ended in good order, what there is to inherit: the
// window, if it was ever filled, and what the remote has delivered, for which it may have
// as much out of order.
func (s *stream) bequeath(now time.Duration) {
	s.rich = s.filledAt != 0
	s.credit, s.overAt = min(heldMax, s.credit+s.delivered), now
}

// passedOn is what holds for another stream, whose transmissions are counted anew.
func (l *ledbat) passedOn() ledbat {
	n := *l
	n.window = min(n.window, heirWindow)
	n.end, n.size, n.gone, n.cut, n.drops, n.was = 0, 0, 0, 0, 0, cut{}
	return n
}
