package session

import "time"

// A dial that an outbound slot does not wait for any longer is slow: a probe takes it
// over, and the slot looks further. If it comes up after all and a slot is empty, it has
// that one; otherwise it has proven the host. At most as many dials are slow as links are
// missing, so that no more than twice the missing ones are under way.

// patience is how long a slot waits for one host: more where dials that come up take
// long, as on a machine that has too much to do, and more dials would only add to that.
func (k *Keeper) patience() time.Duration {
	return max(patience, min(slowShare*k.took, patienceMax))
}

// seats is how many outbound slots may have a link or a dial: all, but for fewer dials at a
// time where those that come up take long.
func (k *Keeper) seats() int {
	if k.took <= tookFair {
		return k.places()
	}
	atOnce := int(time.Duration(len(k.outs)) * tookFair / k.took)
	return min(k.places(), k.filled()+max(atOnce, atOnceMin))
}

// timed notes how long a dial took that came up.
func (k *Keeper) timed(now time.Time, d *dial) {
	if d.until.Sub(d.began) > dialFor {
		return // through a proxy
	}
	took := now.Sub(d.began)
	if k.took == 0 {
		k.took = took
	}
	k.took += (took - k.took) / 4
}

// handOver gives the dials of outbound slots that take long to probes.
func (k *Keeper) handOver(now time.Time) {
	for _, t := range k.dials.Keys() {
		d, ok := k.dials.Get(t)
		if !ok || !d.mayBeSlow() || now.Before(d.began.Add(k.patience())) || !k.slowRoom(now) {
			continue
		}
		k.setAside(now, d)
	}
}

// setAside gives the dial of an outbound slot to a probe that is free.
func (k *Keeper) setAside(now time.Time, d *dial) {
	p, s := k.freeProbe(), d.slot
	p.ticket, p.ID, p.Addr, p.Attempts = s.ticket, s.ID, s.Addr, 1
	p.set(now, Connecting, tooSlow)
	d.kind, d.slot, d.slow = Refine, p, true
	k.emit(now, "slot_handed_over", s, tooSlow)
	s.rest(now, now, tooSlow)
}

// dialTwo dials one host more for a slot that lost a useful link and dials: the one that
// comes up first has the slot, the other has proven its host. Where a tenth of the hosts
// is always gone, a second dial is what a loss costs least time with.
func (k *Keeper) dialTwo(now time.Time, s *slot) {
	n, _ := k.slowDials()
	p := k.freeProbe()
	if p == nil || n >= k.places()-k.filled() || !k.mayDial(now) {
		return
	}
	if h, ok := k.pick(now, s); ok {
		a, _ := k.book.Addr(h, h.Tries)
		k.start(now, k.tickets.Next(), &dial{kind: Refine, slot: p, better: s, slow: true, who: h.ID, addr: a, source: h.Source})
	}
}

const tooSlow = "slow to answer"

// mayBeSlow tells whether a dial may become slow: one of an outbound slot that no user
// waits for. Whom a slow way leads to, as through a proxy, may take its time.
func (d *dial) mayBeSlow() bool {
	return d.kind == Outbound && len(d.users) == 0 && d.until.Sub(d.began) <= dialFor
}

// slowRoom tells whether one more dial may be slow; the one that is for longest makes
// room if it has had its time.
func (k *Keeper) slowRoom(now time.Time) bool {
	n, oldest := k.slowDials()
	if n < k.places()-k.filled() && k.freeProbe() != nil {
		return true
	}
	if oldest == nil || now.Before(oldest.began.Add(givenUpAfter)) {
		return false
	}
	k.dials.Delete(oldest.slot.ticket)
	k.book.PutOff(now, oldest.who)
	k.emit(now, "refine_failed", oldest.slot, tooSlow)
	oldest.slot.rest(now, time.Time{}, tooSlow)
	return true
}

// slowDials is how many dials are slow, and the one that is for longest.
func (k *Keeper) slowDials() (n int, oldest *dial) {
	for _, d := range k.dials.All() {
		if d.slow && d.kind == Refine {
			if n++; oldest == nil || d.began.Before(oldest.began) {
				oldest = d
			}
		}
	}
	return n, oldest
}

// slowDue is when a dial is to be handed over.
func (k *Keeper) slowDue() (at time.Time) {
	for _, d := range k.dials.All() {
		if next := d.began.Add(k.patience()); d.mayBeSlow() && (at.IsZero() || next.Before(at)) {
			at = next
		}
	}
	if at.IsZero() {
		return at
	}
	n, oldest := k.slowDials()
	switch {
	case n < k.places()-k.filled() && k.freeProbe() != nil:
		return at
	case oldest == nil:
		return time.Time{} // an outcome comes first
	}
	return later(at, oldest.began.Add(givenUpAfter))
}
