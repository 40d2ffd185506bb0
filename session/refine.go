package session

import (
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
)

// runRefine probes one host when it is time: soon while there is somebody who was never
// tried, or whose place in the book a newcomer wants; else, at leisure, who failed and
// has rested, and the proven one that was not seen for longest.
func (k *Keeper) runRefine(now time.Time) {
	p := &k.probing
	test, again := p.blank != k.book.Version(), !now.Before(p.again)
	s := k.freeProbe()
	if !test && !again || now.Before(p.test) || s == nil || !k.mayDial(now) {
		return
	}
	if k.offline(now) {
		p.test, p.again = now.Add(k.jitter(k.cfg.RefineEvery)), now.Add(k.jitter(k.cfg.RefineEvery))
		return
	}
	p.test = now.Add(k.jitter(k.testEvery()))
	if test {
		if h, ok := k.untested(now); ok {
			k.probe(now, s, h, nil)
			return
		}
		p.blank = k.book.Version()
	}
	if again {
		p.again = now.Add(k.jitter(k.cfg.RefineEvery))
		if h, ok := k.stale(now); ok {
			k.probe(now, s, h, nil)
		}
	}
}

// untested is whom to probe soon.
func (k *Keeper) untested(now time.Time) (hosts.Host, bool) {
	return k.book.Pick(now, []hosts.Colour{hosts.Grey}, func(who id.ID) bool {
		h, _ := k.book.Get(who)
		return !h.LastTried.IsZero() || k.taken(who)
	})
}

// stale is whom to look at again: by turns one that failed and one that is proven.
func (k *Keeper) stale(now time.Time) (h hosts.Host, ok bool) {
	order := []hosts.Colour{hosts.Grey, hosts.White}
	if k.rng.IntN(2) == 0 {
		order[0], order[1] = order[1], order[0]
	}
	return k.book.Pick(now, order, func(who id.ID) bool {
		h, _ := k.book.Get(who)
		return k.taken(who) || h.Colour == hosts.White && now.Sub(h.LastSeen) < whiteFor
	})
}

// runFeeler looks at one unproven host and lets it go: a slow drip that goes on whatever
// refine has to do, so that there is always somebody newly proven.
func (k *Keeper) runFeeler(now time.Time) {
	s := k.feeler()
	if len(k.outs) == 0 || s.State != Sleeping || now.Before(k.probing.feel) || !k.mayDial(now) {
		return
	}
	k.probing.feel = now.Add(k.jitter(feelerEvery))
	if k.offline(now) {
		return
	}
	if h, ok := k.book.Pick(now, []hosts.Colour{hosts.Grey}, k.taken); ok {
		k.probe(now, s, h, nil)
	}
}
