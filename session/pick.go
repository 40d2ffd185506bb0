package session

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

var anyColour = []hosts.Colour{hosts.Gold, hosts.White, hosts.Grey}

// pick finds whom a slot is to dial: whom its use asks for, else by the order of
// colours of the use. Hosts that we have on the word of one seed only fill half of the
// places as long as there are others.
func (k *Keeper) pick(now time.Time, s *slot) (hosts.Host, bool) {
	skip := k.skip(now)
	if s.Use == UseExplore {
		if h, ok := k.book.Pick(now, []hosts.Colour{hosts.Grey}, k.notFailed(skip)); ok {
			return h, true
		}
	}
	if s.Use == UseAnchor || len(k.outs) < anchorSlots*2 {
		if h, ok := k.nextAnchor(now, skip); ok {
			return h, true
		}
	}
	if s.Use == UseNetwork && !now.Before(k.probing.far) {
		k.probing.far = now.Add(farEvery)
		if h, ok := k.elsewhere(now, skip); ok {
			return h, true
		}
	}
	if over := k.crowding(max(k.places()/2, 1)); over != "" {
		if h, ok := k.book.Pick(now, tastes[s.Use], k.notFrom(over, skip)); ok {
			return h, true
		}
	}
	return k.book.Pick(now, tastes[s.Use], skip)
}

// skip refuses hosts that need no slot of their own, and those in a network group
// that a slot has already.
func (k *Keeper) skip(now time.Time) func(id.ID) bool {
	groups := k.groups()
	return func(who id.ID) bool {
		if k.taken(who) {
			return true
		}
		if len(groups) == 0 {
			return false
		}
		h, _ := k.book.Get(who)
		a, ok := k.book.Addr(h, h.Tries)
		return !ok || has(groups, k.groupOf(a)) || k.book.Banned(now, who, a)
	}
}

// taken tells whether a host is connected, being dialled, or kept by other slots.
func (k *Keeper) taken(who id.ID) bool {
	return who == k.cfg.Self || k.links.Has(who) || named(k.manuals, who) != nil || k.isSeed(who) || k.dialling(who)
}

// groupOf is the network group of which one outbound slot may be: none on a local
// network, and none of hidden services, whose names say nothing of where they are.
func (k *Keeper) groupOf(a link.Addr) string {
	if k.cfg.Localnet || a.Network().Hidden() {
		return ""
	}
	return a.Group()
}

// groups are the network groups of the outbound slots.
func (k *Keeper) groups() (out []string) {
	if k.cfg.Localnet {
		return nil
	}
	for _, s := range k.outs {
		if s.busy() && s.group != "" {
			out = append(out, s.group)
		}
	}
	return out
}

func has(groups []string, g string) bool { return g != "" && slices.Contains(groups, g) }

// crowding is the network group of a seed on whose word at least limit of the outbound
// slots have their host; empty when there is none.
func (k *Keeper) crowding(limit int) string {
	for i, s := range k.outs {
		if !s.busy() || s.source == "" || !k.seedGroups.Has(s.source) {
			continue
		}
		n := 1
		for _, x := range k.outs[i+1:] {
			if x.busy() && x.source == s.source {
				n++
			}
		}
		if n >= limit {
			return s.source
		}
	}
	return ""
}

// notFailed refuses, besides those that skip does, the hosts whose last dial failed: when
// many have died at once, they are the unproven ones.
func (k *Keeper) notFailed(skip func(id.ID) bool) func(id.ID) bool {
	return func(who id.ID) bool {
		h, _ := k.book.Get(who)
		return h.Fails > 0 || skip(who)
	}
}

// notFrom refuses, besides those that skip does, the hosts that a group told us of.
func (k *Keeper) notFrom(source string, skip func(id.ID) bool) func(id.ID) bool {
	return func(who id.ID) bool {
		h, _ := k.book.Get(who)
		return h.Source == source || skip(who)
	}
}
