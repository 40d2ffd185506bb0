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

// Forgive says that we are on the network again: hosts that were spared may be dialled
// at once.
func (b *Book) Forgive(now time.Time) {
	for _, e := range b.entries.All() {
		if e.spared > 0 {
			b.relist(e, func() { e.spared, e.RetryAt = 0, now })
			b.version++
		}
	}
}
