package hosts

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// contest is a newcomer that answered a probe and found no place among the proven, and
// the incumbent whose place it gets if that one is dead: test before evict.
type contest struct {
	incumbent, newcomer id.ID
	began               time.Time
	asked               time.Time // when Contest named it last
}

// Contest names a proven host whose place a newcomer wants and that was not seen for
// contestImmune: it should be probed next. Tried settles it: it stays when it answers,
// else the newcomer takes its place. The same host is not named again for contestAgain,
// and a contest that is not settled within contestFor is dropped, the incumbent stays.
func (b *Book) Contest(now time.Time) (Host, bool) {
	b.pruneContests(now)
	for i := range b.contests {
		c := &b.contests[i]
		e, _ := b.entries.Get(c.incumbent)
		if (!c.asked.IsZero() && now.Sub(c.asked) < contestAgain) || !b.ready(now, e) {
			continue
		}
		c.asked = now
		return e.Host, true
	}
	return Host{}, false
}

// challenge opens a contest, if there is room for one more.
func (b *Book) challenge(now time.Time, incumbent, newcomer *entry) {
	b.pruneContests(now)
	taken := func(c contest) bool { return c.incumbent == incumbent.ID || c.newcomer == newcomer.ID }
	if len(b.contests) >= contestsMax || slices.ContainsFunc(b.contests, taken) || immune(now, incumbent) {
		return
	}
	b.contests = append(b.contests, contest{incumbent: incumbent.ID, newcomer: newcomer.ID, began: now})
	b.contested(now, "opened", newcomer.ID)
}

// contested tells of a contest: opened, and how it ended, for the newcomer.
func (b *Book) contested(now time.Time, how string, newcomer id.ID) {
	b.cfg.Trace.Emit(now, trace.Event{Strand: "hosts", Kind: "contest", Topic: how, Peer: newcomer})
}

// immune tells whether a proven host was seen too lately to be tested for its place.
func immune(now time.Time, e *entry) bool { return now.Sub(e.LastSeen) < contestImmune }

// pruneContests drops contests that are over: too old, or without one of the two.
func (b *Book) pruneContests(now time.Time) {
	b.contests = slices.DeleteFunc(b.contests, func(c contest) bool {
		e, held := b.entries.Get(c.incumbent)
		n, waits := b.entries.Get(c.newcomer)
		over := !held || !waits || e.Colour != White || n.Colour != Grey || now.Sub(c.began) >= contestFor
		if over {
			b.contested(now, "dropped", c.newcomer)
		}
		return over
	})
}

// settle ends the contest about a host that was dialled, or seen.
func (b *Book) settle(now time.Time, who id.ID, alive bool) {
	i := slices.IndexFunc(b.contests, func(c contest) bool { return c.incumbent == who })
	if i < 0 {
		return
	}
	c := b.contests[i]
	b.contests = slices.Delete(b.contests, i, i+1)
	n, ok := b.entries.Get(c.newcomer)
	switch {
	case alive:
		b.contested(now, "stays", c.newcomer)
	case !ok || n.Colour != Grey || now.Sub(c.began) >= contestFor || b.shift(now, n, White) != nil:
		b.contested(now, "dropped", c.newcomer)
	default:
		b.contested(now, "replaced", c.newcomer)
	}
}
