package session

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// A look is a probe that would better the choice of outbound links: by a kind of network
// that none of them is in, or by a host of another source where half of them come from
// one seed. When it comes up it has a slot, whose link goes for it.

// runLook starts a look when it is time and there is something to better. It looks
// through the whole book, so it is rare.
func (k *Keeper) runLook(now time.Time) {
	s := k.look()
	if len(k.outs) == 0 || s.State != Sleeping || now.Before(k.probing.look) || !k.mayDial(now) {
		return
	}
	k.probing.look = now.Add(k.jitter(lookEvery))
	if k.offline(now) {
		return
	}
	skip := k.skip(now)
	if x := k.useless(UseNetwork); x != nil {
		if h, ok := k.elsewhere(now, skip); ok {
			k.probe(now, s, h, x)
			return
		}
	}
	over := k.crowding(max(k.places()/2, 1) + 1)
	if over == "" {
		return
	}
	if h, ok := k.book.Pick(now, anyColour, k.notFrom(over, skip)); ok {
		k.probe(now, s, h, k.from(over))
	}
}

// elsewhere finds a host in a kind of network that no outbound slot has.
func (k *Keeper) elsewhere(now time.Time, skip func(id.ID) bool) (hosts.Host, bool) {
	var have []link.Network
	for _, s := range k.outs {
		if s.busy() {
			have = append(have, s.Addr.Network())
		}
	}
	return k.book.Pick(now, tastes[UseNetwork], func(who id.ID) bool {
		h, _ := k.book.Get(who)
		a, ok := k.book.Addr(h, h.Tries)
		return !ok || slices.Contains(have, a.Network()) || skip(who)
	})
}

// useless is the connected slot of a use whose network another slot has too.
func (k *Keeper) useless(use string) *slot {
	for _, s := range k.outs {
		if s.Use != use || !k.mayYield(s) {
			continue
		}
		for _, x := range k.outs {
			if x != s && x.busy() && x.Addr.Network() == s.Addr.Network() {
				return s
			}
		}
	}
	return nil
}

// from is a connected slot whose host we have on the word of a source, anchors last.
func (k *Keeper) from(source string) (out *slot) {
	for _, s := range k.outs {
		if s.source == source && k.mayYield(s) && (out == nil || out.Use == UseAnchor) {
			out = s
		}
	}
	return out
}

// berth is the outbound slot for the link of a probe: one that is empty, or the one that
// the probe was to better, or to be quicker than; nil when it is to be closed.
func (k *Keeper) berth(d *dial, a link.Addr) *slot {
	if s := k.vacancy(a); s != nil {
		return s
	}
	s := d.better
	switch {
	case s == nil || !slices.Contains(k.outs, s) || has(k.groups(), k.groupOf(a)):
	case d.slow: // the second of two dials, and the first
		if x, ok := k.dials.Get(s.ticket); s.State == Connecting && ok && len(x.users) == 0 {
			return s
		}
	case k.mayYield(s):
		return s
	}
	return nil
}

// oust takes the link from a slot because somebody better has come.
func (k *Keeper) oust(now time.Time, s *slot, why string, told link.Reason) {
	who := s.ID
	if c, ok := k.links.Get(who); ok && c.slot == s {
		c.slot = nil
	}
	k.emit(now, "slot_yielded", s, why)
	s.rest(now, now, why)
	k.drop(who, told)
}
