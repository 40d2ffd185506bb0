package hosts

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
)

// list is the hosts of one colour by network group.
type list struct {
	groups ordered.Map[string, *group]
	n      int
}

// group is the hosts of one colour in one network group.
type group = ordered.Map[id.ID, *entry]

func index(c Colour) int {
	for i, x := range Colours {
		if x == c {
			return i
		}
	}
	panic("hosts: no list for colour " + string(c))
}

func (l *list) add(e *entry) {
	g, ok := l.groups.Get(e.group)
	if !ok {
		g = new(group)
		l.groups.Put(e.group, g)
	}
	if !g.Has(e.ID) {
		g.Put(e.ID, e)
		l.n++
	}
}

func (l *list) remove(e *entry) {
	g, ok := l.groups.Get(e.group)
	if !ok || !g.Delete(e.ID) {
		return
	}
	l.n--
	if g.Len() == 0 {
		l.groups.Delete(e.group)
	}
}

func (l *list) members() []id.ID {
	out := make([]id.ID, 0, l.n)
	for _, g := range l.groups.All() {
		for who := range g.All() {
			out = append(out, who)
		}
	}
	return out
}

// pick draws a group, then a member of it, both uniformly, until ok agrees.
func (l *list) pick(rng *rand.Rand, ok func(id.ID) bool) (out id.ID, found bool) {
	_, found = draw(rng, l.groups.Len(), func(i int) bool {
		_, g := l.groups.At(i)
		who := func(j int) id.ID { k, _ := g.At(j); return k }
		j, hit := draw(rng, g.Len(), func(j int) bool { return ok(who(j)) })
		if hit {
			out = who(j)
		}
		return hit
	})
	return out, found
}

// drawsMax is how many plain draws come before everything is shuffled: most draws
// hit at once, and a shuffle of a long list is dear.
const drawsMax = 4

// draw finds an index below n that fits, uniformly as long as most fit and in a
// random order of all of them otherwise.
func draw(rng *rand.Rand, n int, fits func(int) bool) (int, bool) {
	if n > 2*drawsMax {
		for range drawsMax {
			if i := rng.IntN(n); fits(i) {
				return i, true
			}
		}
	}
	for _, i := range rng.Perm(n) {
		if fits(i) {
			return i, true
		}
	}
	return 0, false
}

// largest draws a member that ok agrees to from the group that has the most, or
// from the next largest when nobody fits there.
func (l *list) largest(rng *rand.Rand, ok func(id.ID) bool) (id.ID, bool) {
	groups := l.groups.Values()
	slices.SortStableFunc(groups, func(a, b *group) int { return b.Len() - a.Len() })
	for _, g := range groups {
		who := func(j int) id.ID { k, _ := g.At(j); return k }
		if j, hit := draw(rng, g.Len(), func(j int) bool { return ok(who(j)) }); hit {
			return who(j), true
		}
	}
	return id.ID{}, false
}

// place puts a host that stands nowhere into the list of a colour.
func (b *Book) place(now time.Time, e *entry, to Colour) {
	from := e.Colour
	e.Colour = to
	b.entries.Put(e.ID, e)
	b.lists[index(to)].add(e)
	b.count(e, 1)
	b.version++
	b.moved(now, e, from, to)
}

// unplace takes a host out of its list; it must be placed or dropped next.
func (b *Book) unplace(e *entry) {
	b.lists[index(e.Colour)].remove(e)
	b.count(e, -1)
}

// relist changes what a host's place depends on.
func (b *Book) relist(e *entry, change func()) {
	b.unplace(e)
	change()
	b.lists[index(e.Colour)].add(e)
	b.count(e, 1)
}

// count keeps the quotas of sources and IP addresses.
func (b *Book) count(e *entry, by int) {
	b.fresh(e, by > 0 && e.Colour == Grey && e.LastTried.IsZero())
	if by > 0 {
		e.counted = e.Colour == Grey && !e.Reached
	}
	if !e.counted {
		return
	}
	if e.Source != "" {
		tally(&b.sources, e.Source, by)
	}
	if e.ip.IsValid() {
		tally(&b.ips, e.ip, by)
	}
	if by < 0 {
		e.counted = false
	}
}

func tally[K comparable](m *ordered.Map[K, int], k K, by int) {
	n, _ := m.Get(k)
	if n += by; n <= 0 {
		m.Delete(k)
		return
	}
	m.Put(k, n)
}

// drop forgets a host.
func (b *Book) drop(now time.Time, e *entry) {
	b.unplace(e)
	b.unanchor(e)
	b.entries.Delete(e.ID)
	b.moved(now, e, e.Colour, None)
}
