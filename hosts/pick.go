package hosts

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Pick draws a host that may be dialled now: of the first wanted colour that has one.
// skip refuses hosts, such as connected ones; nil refuses none.
//
// Of white most draws are among the elders, the hosts we have known for longest, as long
// as dials of elders succeed. All draws are uniform over network groups, then within the
// group. Of grey, hosts that we reached once and hosts that we never reached have equal
// turns; those whose last dial failed come after them, but for a small share of those
// that we reached: when many have died at once a free slot does not wait for each of
// them again, and a flood of new ones does not keep us from the old for ever.
func (b *Book) Pick(now time.Time, want []Colour, skip func(id.ID) bool) (Host, bool) {
	fits := func(e *entry) bool { return b.ready(now, e) && (skip == nil || !skip(e.ID)) }
	for _, c := range want {
		if !dialled(c) {
			continue
		}
		if e := b.pick(now, &b.lists[index(c)], fits); e != nil {
			return e.Host, true
		}
	}
	return Host{}, false
}

func (b *Book) pick(now time.Time, l *list, fits func(*entry) bool) *entry {
	if len(l.all) == 0 {
		return nil
	}
	l.wake(now)
	if len(l.elders) > eldersMax && b.rng.Float64() < b.elderShare() {
		if e := l.elders.draw(b.rng, fits); e != nil {
			return e
		}
	}
	for _, class := range turns[b.turn(l)] {
		if e := l.pools[class].draw(b.rng, &b.order, fits); e != nil {
			return e
		}
	}
	return nil
}

// turns are the orders in which the classes of a colour are looked at.
var turns = [...][classes]int{
	{freshProven, untried, freshUnproven, failedProven, failedUnproven},
	{untried, freshUnproven, freshProven, failedProven, failedUnproven},
	{failedProven, freshProven, untried, freshUnproven, failedUnproven},
}

// turn draws one of turns. Where only one class has hosts there is nothing to draw.
func (b *Book) turn(l *list) int {
	some := 0
	for i := range l.pools {
		if l.pools[i].crowds.Len() > 0 {
			some++
		}
	}
	if some < 2 {
		return 0
	}
	switch n := b.rng.IntN(2*freshTurns + 1); {
	case n < freshTurns:
		return 0
	case n < 2*freshTurns:
		return 1
	}
	return 2
}

// elderShare is how many picks of white are among the elders.
func (b *Book) elderShare() float64 { return min(max(b.elderLuck, eldersShareMin), eldersShareMax) }

// NextTry is the first moment at which a host of the wanted colours, not skipped,
// may be dialled; zero when there is none whatever the time.
func (b *Book) NextTry(now time.Time, want []Colour, skip func(id.ID) bool) (at time.Time) {
	fits := func(e *entry) bool { // the end of a ban changes Version
		return len(e.Addrs) > 0 && (skip == nil || !skip(e.ID)) && !b.Banned(now, e.ID, e.Addrs[0])
	}
	for _, c := range want {
		if !dialled(c) {
			continue
		}
		l := &b.lists[index(c)]
		l.wake(now)
		for i := range l.pools {
			for _, c := range l.pools[i].crowds.All() {
				for _, e := range c.members {
					next := b.rested(e)
					if (at.IsZero() || next.Before(at)) && fits(e) {
						if !next.After(now) {
							return now
						}
						at = next
					}
				}
			}
		}
		for i, e := range l.resting { // the first one wakes first
			if next := e.wakes; (at.IsZero() || next.Before(at)) && fits(e) {
				if next = later(next, b.rested(e)); at.IsZero() || next.Before(at) {
					at = next
				}
				if i == 0 && at.Equal(e.wakes) {
					break
				}
			}
		}
	}
	return at
}

func later(x, y time.Time) time.Time {
	if x.After(y) {
		return x
	}
	return y
}
