package session

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
)

// probing is when which probe is due.
type probing struct {
	test, again time.Time // of who was never tried; of who was
	feel, look  time.Time
	far         time.Time // when the slot for another network may search the book for one
	blank       uint64    // version of the book in which there was nobody new
}

// The probes: several that refine, then the feeler and the look.
func newProbes() (out []*slot) {
	for i := range refineMax {
		out = append(out, newSlot(i, Refine, link.Addr{}))
	}
	for _, use := range []string{UseFeeler, UseNetwork} {
		s := newSlot(len(out), Refine, link.Addr{})
		s.Use = use
		out = append(out, s)
	}
	return out
}

func (k *Keeper) feeler() *slot { return k.probes[refineMax] }
func (k *Keeper) look() *slot   { return k.probes[refineMax+1] }

// freeProbe is a slot of refine without a dial, or nil.
func (k *Keeper) freeProbe() *slot {
	for _, s := range k.probes[:refineMax] {
		if s.State == Sleeping {
			return s
		}
	}
	return nil
}

// startProbes wakes the probes; each begins at a moment of its own.
func (k *Keeper) startProbes(now time.Time) {
	for _, s := range k.probes {
		s.rest(now, time.Time{}, "")
	}
	k.probing = probing{
		test: now.Add(k.jitter(k.testEvery())), again: now.Add(k.jitter(k.cfg.RefineEvery)),
		feel: now.Add(k.jitter(feelerEvery)), look: now.Add(k.jitter(lookEvery)),
	}
}

// testEvery is the period of probes while somebody is new: a fifteenth of that of
// looking again, and 1 s at least.
func (k *Keeper) testEvery() time.Duration { return max(k.cfg.RefineEvery/refineHaste, time.Second) }

// alone tells whether it may be us who are off the network: there is no peer, and since
// there is none no link came up lately, not even of a probe.
func (k *Keeper) alone(now time.Time) bool {
	return k.peers == 0 && (!k.heardAt.After(k.peersAt) || now.Sub(k.heardAt) >= offlineAfter)
}

// offline tells whether that is so for long: nothing is to be learnt of others then.
func (k *Keeper) offline(now time.Time) bool {
	return k.alone(now) && now.Sub(k.peersAt) >= offlineAfter
}

// runProbes starts the probes that are due.
func (k *Keeper) runProbes(now time.Time) {
	if k.cfg.RefineEvery < 0 {
		return
	}
	k.runRefine(now)
	k.runFeeler(now)
	k.runLook(now)
}

// probeDue is when the next probe is due.
func (k *Keeper) probeDue() (at time.Time) {
	if k.cfg.RefineEvery < 0 {
		return at
	}
	p := &k.probing
	sooner := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	if k.freeProbe() != nil {
		sooner(later(p.again, p.test))
		if k.haste() {
			sooner(p.test)
		}
	}
	if len(k.outs) > 0 && k.feeler().State == Sleeping {
		sooner(p.feel)
	}
	if len(k.outs) > 0 && k.look().State == Sleeping {
		sooner(p.look)
	}
	return at
}

// probePlan is when a probe that sleeps is to look around next; zero for never.
func (k *Keeper) probePlan(s *slot) time.Time {
	switch {
	case k.cfg.RefineEvery < 0 || s.Use != "" && len(k.outs) == 0:
		return time.Time{}
	case s == k.feeler():
		return k.probing.feel
	case s == k.look():
		return k.probing.look
	case k.haste() && k.probing.test.Before(k.probing.again):
		return k.probing.test
	}
	return k.probing.again
}

// probe dials a host to see whether it is there. better is the outbound slot that may
// have the link, if the probe is for one.
func (k *Keeper) probe(now time.Time, s *slot, h hosts.Host, better *slot) {
	a, _ := k.book.Addr(h, h.Tries)
	k.start(now, k.tickets.Next(), &dial{kind: Refine, slot: s, better: better, who: h.ID, addr: a, source: h.Source})
}

// probed ends a probe that came up: the host is white; the link is closed, or kept
// when an outbound slot can have it.
func (k *Keeper) probed(now time.Time, info link.Info, c *conn, d *dial) {
	p := d.slot
	p.ID = info.ID
	k.emit(now, "refine_ok", p, "")
	p.Attempts = 0
	p.rest(now, time.Time{}, "")
	c.slot = nil
	if c.kind == Outbound {
		if s := k.berth(d, info.Addr); s != nil {
			if x, ok := k.dials.Get(s.ticket); ok && s.State == Connecting {
				k.setAside(now, x)
			}
			if s.State == Connected {
				k.oust(now, s, "for a host that is further from the others", link.TooManyPeers)
			}
			c.slot = s
			return
		}
		k.setKind(now, info.ID, c, Refine)
	}
	if err := k.book.Move(now, info.ID, hosts.White); errors.Is(err, hosts.ErrFull) { // gold and unknown hosts stay as they are
		k.probing.again = now // there may be a contest for a place
	}
	if c.kind == Refine {
		k.drop(info.ID, link.Useless)
	}
}
