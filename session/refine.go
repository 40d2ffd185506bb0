package session

import (
	"time"

	"github.com/ropewalk/ropewalk/hosts"
)

// runRefine probes one host when it is time: soon while there is somebody who was never
// tried, or whose place in the book a newcomer wants; else, at leisure, who failed and
// has rested, and the proven one that was not seen for longest.
func (k *Keeper) runRefine(now time.Time) {
	p := &k.probing
	test, again := k.haste(), !now.Before(p.again)
	s := k.freeProbe()
	if !test && !again || now.Before(p.test) || s == nil || !k.mayDial(now) {
		return
	}
	p.test = now.Add(k.jitter(k.testEvery()))
	if k.offline(now) {
		p.test, p.again = now.Add(k.jitter(k.cfg.RefineEvery)), now.Add(k.jitter(k.cfg.RefineEvery))
		if len(k.outs) > 0 {
			return
		}
		test = true // nobody else would find out that the network is back
	}
	if test {
		if h, ok := k.untested(now); ok {
			k.probe(now, s, h, nil)
			return
		}
		p.blank = k.book.Version()
	}
	if again {
		p.again = now.Add(k.jitter(k.cfg.RefineEvery))
		h, ok := k.untested(now)
		if !ok {
			h, ok = k.stale(now)
		}
		if ok {
			k.probe(now, s, h, nil)
		}
	}
}

// haste tells whether there may be somebody to probe soon.
func (k *Keeper) haste() bool {
	return len(k.outs) == 0 || k.book.Untried() > 0 && k.probing.blank != k.book.Version()
}

// untested is whom to probe soon: a proven host whose place another wants, one that was
// never tried, and where hosts are only told of and not used, as by a seed, a proven one
// that was not seen for 2 minutes.
func (k *Keeper) untested(now time.Time) (hosts.Host, bool) {
	if h, ok := k.book.Contest(now); ok && !k.taken(h.ID) {
		return h, true
	}
	if h, ok := k.book.PickUntried(now, k.taken); ok || len(k.outs) > 0 {
		return h, ok
	}
	return k.book.Oldest(now, hosts.White, now.Add(-toldFor), k.taken)
}

// stale is whom to look at again: by turns one that failed and one that is proven.
func (k *Keeper) stale(now time.Time) (hosts.Host, bool) {
	failed := func() (hosts.Host, bool) { return k.book.Pick(now, []hosts.Colour{hosts.Grey}, k.taken) }
	proven := func() (hosts.Host, bool) {
		return k.book.Oldest(now, hosts.White, now.Add(-whiteFor), k.taken)
	}
	if k.rng.IntN(2) == 0 {
		failed, proven = proven, failed
	}
	if h, ok := failed(); ok {
		return h, true
	}
	return proven()
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
