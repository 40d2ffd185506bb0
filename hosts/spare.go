package hosts

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Spare notes a dial that failed while we were off the network ourselves, as far as we
// can tell: it says nothing about the host, which keeps its colour, its failures and its
// redial delay. It is left alone for a while that grows to a minute, until Forgive.
func (b *Book) Spare(now time.Time, who id.ID) {
	if e, ok := b.entries.Get(who); ok {
		b.relist(e, func() {
			e.LastTried = now
			e.Tries++
			e.RetryAt = now.Add(Redial(b.rng.Float64(), e.spared))
			e.spared = min(e.spared+1, sparedMax)
		})
	}
}

// Forgive says that we are on the network again, after we were not since a moment:
// hosts that were spared, and those that began to fail since then, may be dialled at
// once. What failed stays counted.
func (b *Book) Forgive(now, since time.Time) {
	for _, e := range b.entries.All() {
		if e.spared > 0 || e.Fails > 0 && !e.failing.Before(since) {
			b.excuse(now, e)
		}
	}
}

func (b *Book) excuse(now time.Time, e *entry) {
	b.relist(e, func() { e.spared, e.delays, e.RetryAt = 0, 0, now })
	b.version++
}

// Returned says that a host is there. If it had failed, what stood between us may have
// stood before others too, as when a network that was cut in two is whole again: who
// began to fail at about the same time may be dialled at once. It tells whether it was
// such a return.
func (b *Book) Returned(now time.Time, who id.ID) bool {
	x, ok := b.entries.Get(who)
	if !ok || x.Fails == 0 || now.Sub(b.returned) < returnedEvery {
		return false
	}
	b.returned = now
	for _, e := range b.entries.All() {
		if e != x && e.Fails > 0 && e.RetryAt.After(now) && e.failing.Sub(x.failing).Abs() <= outageSpan {
			b.excuse(now, e)
		}
	}
	return true
}
