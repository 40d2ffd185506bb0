package pex

import "time"

// allowance is what a peer was answered lately. In any answersFor there are at most
// answersMax answers, answerEvery apart, with recordsMax records in all: one question is
// answered in full, or a few with what a young network knows so far. The one who
// answers holds one per peer, and the one who asks holds its image, so as not to ask in
// vain.
type allowance struct {
	given [answersMax]given // the latest first; zero times are none
}

type given struct {
	at time.Time
	n  int // records
}

// left tells how many records an answer may hold now; 0 means no answer.
func (a *allowance) left(now time.Time) int {
	if !a.given[0].at.IsZero() && now.Sub(a.given[0].at) < answerEvery {
		return 0
	}
	n, told := 0, 0
	for _, g := range a.given {
		if !g.at.IsZero() && now.Sub(g.at) < answersFor {
			n, told = n+1, told+g.n
		}
	}
	if n == answersMax {
		return 0
	}
	return max(0, recordsMax-told)
}

// use notes an answer whose records are not counted yet.
func (a *allowance) use(now time.Time) {
	copy(a.given[1:], a.given[:answersMax-1])
	a.given[0] = given{at: now}
}

// told notes how many records the latest answer held.
func (a *allowance) told(n int) { a.given[0].n = n }

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
