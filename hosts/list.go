package hosts

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/internal/ordered"
)

// list is the hosts of one colour: all of them, and, of colours that are dialled, those
// that may be dialled by class and those that rest.
type list struct {
	all     []*entry
	pools   [classes]pool
	resting resting
	woken   time.Time // rests that ended until then are over
	elders  elders    // white
}

// class is how a host is drawn within its colour.
const (
	freshProven = iota // we reached it, and the last dial did not fail
	untried            // grey, and never dialled
	freshUnproven
	failedProven
	failedUnproven
	classes
)

func (e *entry) class() int {
	switch {
	case e.Colour == Grey && e.LastTried.IsZero():
		return untried
	case e.Fails > 0 && e.Reached:
		return failedProven
	case e.Fails > 0:
		return failedUnproven
	case e.Reached:
		return freshProven
	}
	return freshUnproven
}

func index(c Colour) int {
	for i, x := range Colours {
		if x == c {
			return i
		}
	}
	panic("hosts: no list for colour " + string(c))
}

// dialled tells whether hosts of a colour are picked.
func dialled(c Colour) bool { return c == Grey || c == White || c == Gold }

// add puts an entry of the book into the list of its colour, its bucket and the quotas.
func (b *Book) add(e *entry) {
	l := &b.lists[index(e.Colour)]
	e.spot = len(l.all)
	l.all = append(l.all, e)
	if dialled(e.Colour) {
		if e.wakes = b.static(e); e.wakes.After(l.woken) {
			l.resting.push(e)
		} else {
			l.pools[e.class()].add(e)
		}
	}
	if e.Colour == White {
		l.elders.add(e)
	}
	if c := b.bucket(e.Colour, e); c != nil {
		c.add(e)
	}
	b.count(e, 1)
}

// unplace takes a host out of its list; it must be placed or dropped next.
func (b *Book) unplace(e *entry) {
	l := &b.lists[index(e.Colour)]
	last := len(l.all) - 1
	l.all[e.spot] = l.all[last]
	l.all[e.spot].spot = e.spot
	l.all[last] = nil
	l.all = l.all[:last]
	if e.crowd != nil {
		e.crowd.remove(e)
	}
	if e.bed > 0 {
		l.resting.remove(e)
	}
	if e.Colour == White {
		l.elders.remove(e)
	}
	if e.bucket != nil {
		e.bucket.remove(e)
	}
	b.count(e, -1)
}

// place puts a host that stands nowhere into the list of a colour.
func (b *Book) place(now time.Time, e *entry, to Colour) {
	from := e.Colour
	e.Colour = to
	b.entries.Put(e.ID, e)
	b.add(e)
	b.version++
	b.moved(now, e, from, to)
}

// relist changes what a host's place depends on.
func (b *Book) relist(e *entry, change func()) {
	b.unplace(e)
	change()
	b.add(e)
}

// drop forgets a host.
func (b *Book) drop(now time.Time, e *entry) {
	b.unplace(e)
	b.unanchor(e)
	b.entries.Delete(e.ID)
	b.moved(now, e, e.Colour, None)
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

// quota bounds the unproven hosts of one source group and of one IP address.
func (b *Book) quota(e *entry) error {
	if e.Reached {
		return nil
	}
	if n, _ := b.sources.Get(e.Source); e.Source != "" && n >= b.cfg.SourceMax {
		return full("more from " + e.Source)
	}
	if n, _ := b.ips.Get(e.ip); e.ip != (netip.Addr{}) && n >= perIPMax {
		return full("more at " + e.ip.String())
	}
	return nil
}
