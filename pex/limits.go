package pex

import "time"

// allowance spaces answers: the first answersQuick by quickEvery, the rest by
// slowEvery. The one who answers holds one per peer, and the one who asks holds its
// image, so as not to ask in vain.
type allowance struct {
	used int // stops counting at answersQuick
	last time.Time
}

// next is the earliest time of another answer; zero for the first.
func (a *allowance) next() time.Time {
	switch {
	case a.used == 0:
		return time.Time{}
	case a.used < answersQuick:
		return a.last.Add(quickEvery)
	}
	return a.last.Add(slowEvery)
}

func (a *allowance) use(now time.Time) {
	a.used = min(a.used+1, answersQuick)
	a.last = now
}

// bucket holds a peer's right to tell records, as the time it took to earn it:
// recordEvery each. 0 ≤ credit ≤ recordsBurst × recordEvery.
type bucket struct {
	credit time.Duration
	at     time.Time
}

const creditMax = recordsBurst * recordEvery

// has tells how many records the peer may tell now.
func (b *bucket) has(now time.Time) int {
	if gone := now.Sub(b.at); gone > 0 {
		b.credit = min(creditMax, b.credit+min(creditMax, gone))
		b.at = now
	}
	return int(b.credit / recordEvery)
}

// take uses up n records, at most what has said.
func (b *bucket) take(n int) { b.credit -= time.Duration(n) * recordEvery }

// grant gives n records more, for we asked for them. 0 ≤ n ≤ recordsMax.
func (b *bucket) grant(n int) {
	b.credit = min(creditMax, b.credit+time.Duration(n)*recordEvery)
}
