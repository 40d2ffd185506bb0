package session

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// Disturbance is what happened to the machine we run on.
type Disturbance string

// The disturbances.
const (
	// Woke: the machine, or this process, stood still for a while.
	Woke Disturbance = "woke"
	// NetworkChanged: the machine's addresses are other ones than before.
	NetworkChanged Disturbance = "network_changed"
)

// Disturbed takes note that what failed lately may have failed for a reason of ours:
// hosts and slots that wait for it are free again, at a moment of their own, so that
// nodes that lost their network together do not come back in one. Seeds are left
// alone until the slots have had their turn, and asked no more often for it.
func (k *Keeper) Disturbed(now time.Time, why Disturbance) {
	if !k.running {
		return
	}
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: string(why), N: int64(k.peers)})
	k.restart(now, now.Add(-disturbedFor))
	for _, s := range append(append([]*slot(nil), k.manuals...), k.outs...) {
		if s.State == Sleeping {
			s.RetryAt, s.delays = k.soon(now), 0
		}
	}
	k.zeroUntil = later(k.zeroUntil, now.Add(restartMax))
	k.contact.notBefore = later(k.contact.notBefore, now.Add(restartMax))
	k.freshSeeds(now)
	k.findSoon(now)
	k.next = now
}

// restart forgets what our own outage, since a moment, made of the hosts; dials that
// began in it blame nobody.
func (k *Keeper) restart(now, since time.Time) {
	k.book.Forgive(now, since)
	k.outFails = 0
	k.moist()
	for _, d := range k.dials.All() {
		d.ours = true
	}
}

// returned: the first peer has come. After a time without any that means that our
// network is back, which no dial of before says.
func (k *Keeper) returned(now time.Time) {
	if now.Sub(k.peersAt) < outageMin {
		return
	}
	k.restart(now, k.peersAt)
	for _, s := range k.outs {
		if s.State == Sleeping {
			s.RetryAt = now.Add(time.Duration(k.rng.Int64N(int64(restartMax))))
		}
	}
}

// bridged: a host that could not be reached is there again. Dials of the time before may
// wait long between two attempts of the transport to get through: those that have waited
// for some time already are given up, and their hosts dialled anew.
func (k *Keeper) bridged(now time.Time) {
	var stale []id.Ticket
	for t, d := range k.dials.All() {
		if now.Sub(d.began) >= staleDial && (d.kind == Outbound || d.kind == Refine) {
			d.ours = true
			stale = append(stale, t)
		}
	}
	for _, t := range stale {
		k.dialer.GiveUp(t)
		k.failed(now, t, "given up: the way may be clear again")
	}
	k.book.Forgive(now, now)
}

// soon is a moment after a disturbance, another one each time.
func (k *Keeper) soon(now time.Time) time.Time {
	return now.Add(restartMin + time.Duration(k.rng.Int64N(int64(restartMax-restartMin))))
}
