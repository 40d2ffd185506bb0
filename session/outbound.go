package session

import (
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

const nobodyLeft = "nobody left to dial"

// SetOutbound changes the number of outbound slots. When slots go, empty ones go
// first, then those that dial, then connected ones with their links.
func (k *Keeper) SetOutbound(now time.Time, n int) {
	n = min(max(n, 0), OutboundMax)
	for len(k.outs) > n {
		worst := len(k.outs) - 1
		for i, s := range k.outs {
			if rank(s) < rank(k.outs[worst]) {
				worst = i
			}
		}
		s := k.outs[worst]
		k.outs = append(k.outs[:worst], k.outs[worst+1:]...)
		k.forget(now, s, link.Requested)
	}
	for len(k.outs) < n {
		s := newSlot(0, Outbound, link.Addr{})
		if k.running {
			s.rest(now, now, "")
		}
		k.outs = append(k.outs, s)
	}
	k.redeal()
	k.cfg.Outbound = n
	if k.running {
		k.next = now
	}
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: "slots_set", Topic: string(Outbound), N: int64(n)})
}

// SetInbound changes the cap on inbound links. Links above a lower one stay until they
// end.
func (k *Keeper) SetInbound(now time.Time, n int) {
	k.cfg.Inbound = max(n, 0)
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: "slots_set", Topic: string(Inbound), N: int64(k.cfg.Inbound)})
}

// Limits is the number of outbound slots and the cap on inbound links.
func (k *Keeper) Limits() (outbound, inbound int) { return len(k.outs), k.cfg.Inbound }

func rank(s *slot) int {
	switch s.State {
	case Connected:
		return 2
	case Connecting:
		return 1
	}
	return 0
}

// filled is how many outbound slots have a link; the rest is missing.
func (k *Keeper) filled() (n int) {
	for _, s := range k.outs {
		if s.State == Connected {
			n++
		}
	}
	return n
}

func (k *Keeper) hungry() bool { return k.filled() < k.places() }

// runOutbound gives every empty slot that is rested a host to dial. A slot has one
// dial, and probes have taken over at most as many: dials in flight for slots are never
// more than twice the missing links.
func (k *Keeper) runOutbound(now time.Time) {
	k.handOver(now)
	k.stillDry(now) // wakes the sleepers when it is over
	free, full := k.seats()-k.busy(), k.busy() >= k.places()
	for _, s := range k.outs {
		if s.State != Sleeping || now.Before(s.RetryAt) {
			continue
		}
		if free <= 0 {
			if full {
				s.Why = keptInstead
			}
			continue
		}
		if k.stillDry(now) {
			k.sleep(now, s)
			continue
		}
		if !k.mayDial(now) {
			return
		}
		h, ok := k.pick(now, s)
		if !ok {
			k.dry = dry{is: true, version: k.book.Version(), until: k.book.NextTry(now, anyColour, k.skip(now))}
			k.sleep(now, s)
			continue
		}
		a, _ := k.book.Addr(h, h.Tries)
		k.start(now, k.tickets.Next(), &dial{kind: Outbound, slot: s, who: h.ID, addr: a, source: h.Source})
		if s.hurry {
			s.hurry = false
			k.dialTwo(now, s)
		}
		free--
	}
}

func (k *Keeper) sleep(now time.Time, s *slot) {
	if s.Why != nobodyLeft {
		s.set(now, Sleeping, nobodyLeft)
		k.emit(now, "slot_sleeping", s, nobodyLeft)
	}
	s.RetryAt = k.dry.until
}

// stillDry tells whether looking into the book again is idle.
func (k *Keeper) stillDry(now time.Time) bool {
	if k.dry.is && (k.dry.version != k.book.Version() || (!k.dry.until.IsZero() && !now.Before(k.dry.until))) {
		k.moist()
	}
	return k.dry.is
}

// moist forgets that the book had nobody, and when its slots would look again.
func (k *Keeper) moist() {
	if !k.dry.is {
		return
	}
	k.dry = dry{}
	for _, s := range k.outs {
		if s.State == Sleeping && s.Why == nobodyLeft {
			s.RetryAt = time.Time{}
		}
	}
}

// vacancy is a sleeping outbound slot that may take a link to the address, or nil.
func (k *Keeper) vacancy(a link.Addr) *slot {
	if has(k.groups(), k.groupOf(a)) || k.busy() >= k.places() {
		return nil
	}
	for _, s := range k.outs {
		if s.State == Sleeping {
			return s
		}
	}
	return nil
}

func (k *Keeper) outboundDue() (at time.Time) {
	if k.busy() >= k.seats() {
		return time.Time{}
	}
	for _, s := range k.outs {
		if s.State != Sleeping || (k.dry.is && s.RetryAt.IsZero()) {
			continue
		}
		next := s.RetryAt
		if k.dry.is {
			if k.dry.until.IsZero() {
				continue // news in the book wakes it
			}
			next = later(next, k.dry.until)
		}
		if next.IsZero() {
			next = k.bookAt.Add(-bookEvery)
		}
		if at.IsZero() || next.Before(at) {
			at = next
		}
	}
	return at
}
