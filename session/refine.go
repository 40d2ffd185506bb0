package session

import (
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// runProbe dials one grey host to see whether it is there; when there is none,
// the turn goes to a proven host that was not seen for a while.
func (k *Keeper) runProbe(now time.Time) {
	at := k.probeDue()
	if at.IsZero() || now.Before(at) || !k.mayDial(now) {
		return
	}
	k.probedAt, k.probeLuck = now, k.rng.Float64()
	if k.peers == 0 && now.Sub(k.peersAt) >= offlineAfter {
		return // we are off the network, not they
	}
	h, ok := k.book.Pick(now, []hosts.Colour{hosts.Grey}, k.taken)
	if !ok {
		h, ok = k.book.Pick(now, []hosts.Colour{hosts.White}, func(who id.ID) bool {
			w, _ := k.book.Get(who)
			return k.taken(who) || now.Sub(w.LastSeen) < whiteFor
		})
	}
	if !ok {
		return
	}
	a, _ := k.book.Addr(h, h.Tries)
	k.start(now, k.tickets.Next(), &dial{kind: Refine, slot: k.probe, who: h.ID, addr: a})
}

// probeDue is when the next probe is due: one at a time, more often while fewer
// than half of the slots are filled.
func (k *Keeper) probeDue() time.Time {
	if k.probe.State != Sleeping || k.cfg.RefineEvery < 0 {
		return time.Time{}
	}
	every := k.cfg.RefineEvery
	if 2*k.filled() < k.places() {
		every = min(every, refineFewEvery)
	}
	return k.probedAt.Add(time.Duration(float64(every) * (0.75 + k.probeLuck/2)))
}

// probed ends a probe that came up: the host is white; the link is closed, or kept
// when an outbound slot is vacant.
func (k *Keeper) probed(now time.Time, info link.Info, c *conn) {
	k.probe.ID = info.ID
	k.emit(now, "refine_ok", k.probe, "")
	k.probe.Attempts = 0
	k.probe.rest(now, time.Time{}, "")
	c.slot = nil
	if c.kind == Outbound {
		if c.slot = k.vacancy(info.Addr); c.slot != nil {
			return
		}
		k.setKind(now, info.ID, c, Refine)
	}
	_ = k.book.Move(now, info.ID, hosts.White) // gold and unknown hosts stay as they are
	if c.kind == Refine {
		k.drop(info.ID, link.Useless)
	}
}
