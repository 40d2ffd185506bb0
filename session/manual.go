package session

import (
	"fmt"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// AddPeer makes a configured peer of an address: it gets a manual slot for ever.
func (k *Keeper) AddPeer(now time.Time, a link.Addr) error {
	if !a.ID().IsZero() && a.ID() == k.cfg.Self {
		return ErrSelf
	}
	if !k.cfg.Restrict.AllowsAddr(a) {
		return ErrOutside
	}
	if k.kept(a) {
		return nil
	}
	if len(k.manuals) >= SlotsMax {
		return fmt.Errorf("%w: %d kept peers", ErrFull, SlotsMax)
	}
	if s := k.addManual(a); s != nil && k.running {
		k.wake(now, s)
		k.next = now
	}
	return nil
}

// kept tells whether a host has a manual slot, at whatever address.
func (k *Keeper) kept(a link.Addr) bool {
	return find1(k.manuals, a) != nil || named(k.manuals, a.ID()) != nil
}

// Forget takes the manual peers back that name a host, with their links and dials. It
// tells whether there were any.
func (k *Keeper) Forget(now time.Time, who id.ID) (had bool) {
	for s := named(k.manuals, who); s != nil; s = named(k.manuals, who) {
		k.RemovePeer(now, s.home)
		had = true
	}
	k.nudge(now)
	return had
}

// RemovePeer takes a configured peer back, with its link or dial. It tells whether
// there was such a peer.
func (k *Keeper) RemovePeer(now time.Time, a link.Addr) bool {
	s := find1(k.manuals, a)
	if s == nil {
		return false
	}
	k.manuals = slices.DeleteFunc(k.manuals, func(x *slot) bool { return x == s })
	for i, x := range k.manuals {
		x.Slot.Slot = i
	}
	k.forget(now, s, link.Requested)
	return true
}

func (k *Keeper) addManual(a link.Addr) *slot {
	if find1(k.manuals, a) != nil || len(k.manuals) >= SlotsMax || a.IsZero() {
		return nil
	}
	s := newSlot(len(k.manuals), Manual, a)
	k.manuals = append(k.manuals, s)
	return s
}

func find1(in []*slot, home link.Addr) *slot {
	for _, s := range in {
		if s.home == home {
			return s
		}
	}
	return nil
}

// forget takes the dial or the link from a slot that goes away.
func (k *Keeper) forget(now time.Time, s *slot, why link.Reason) {
	if d, ok := k.dials.Get(s.ticket); ok && d.slot == s {
		k.dials.Delete(s.ticket)
		k.answer(d, id.ID{}, &DialError{Addr: d.addr, Why: "no longer wanted"})
	}
	if c, ok := k.links.Get(s.ID); ok && (c.slot == s || s.Role == Manual && c.slot == nil && c.kind == Manual) {
		c.slot = nil
		if c.uses > 0 || s.Role == Outbound && k.sheltered(s.ID) {
			k.setKind(now, s.ID, c, Direct)
		} else {
			k.drop(s.ID, why)
		}
	}
	s.idle(now, "removed")
}

// wake starts a manual slot. A peer that is listed as a seed too is a mistake in
// the configuration: the seed wins.
func (k *Keeper) wake(now time.Time, s *slot) {
	if k.isSeed(s.homeID) || find1(k.seeds, s.home) != nil {
		s.idle(now, "listed as a seed too")
		return
	}
	if !k.cfg.Restrict.AllowsAddr(s.home) {
		s.idle(now, "outside net_restrict")
		return
	}
	s.rest(now, now, "")
}

func (k *Keeper) isSeed(who id.ID) bool { return named(k.seeds, who) != nil }

// named finds the slot of a configured host.
func named(in []*slot, who id.ID) *slot {
	if who.IsZero() {
		return nil
	}
	for _, s := range in {
		if s.homeID == who {
			return s
		}
	}
	return nil
}

// runManual dials the configured peers that are due. A peer connected in another
// way holds its slot: there is nothing to do until that link ends.
func (k *Keeper) runManual(now time.Time) {
	for _, s := range k.manuals {
		if s.State != Sleeping || now.Before(s.RetryAt) {
			continue
		}
		who := s.homeID
		if c, ok := k.links.Get(who); ok && c.leaving {
			s.RetryAt = now.Add(time.Second)
			continue
		} else if ok {
			s.set(now, Connected, "by a link of kind "+string(c.kind))
			s.RetryAt = time.Time{}
			if c.slot == nil && !c.kind.IsPeer() {
				k.setKind(now, who, c, Manual)
			}
			continue
		}
		if !who.IsZero() && k.dialling(who) {
			s.RetryAt = now.Add(time.Second)
			continue
		}
		if !k.mayDial(now) {
			return
		}
		k.start(now, k.tickets.Next(), &dial{kind: Manual, slot: s, who: who, addr: k.whereabouts(s)})
	}
}

// whereabouts is where a configured peer is dialled: where the user says, and after a
// failure, every other time, where the book has heard that it is.
func (k *Keeper) whereabouts(s *slot) link.Addr {
	if h, ok := k.book.Get(s.homeID); ok && s.Attempts%2 == 1 {
		if a, ok := k.book.Addr(h, s.Attempts/2); ok {
			return a
		}
	}
	return s.home
}

func (k *Keeper) manualDue() (at time.Time) {
	for _, s := range k.manuals {
		if s.State == Sleeping && (at.IsZero() || s.RetryAt.Before(at)) {
			at = s.RetryAt
		}
	}
	return at
}
