package hosts

import (
	"math/rand/v2"

	"github.com/ropewalk/ropewalk/internal/ordered"
)

// pool is entries to draw from, by network group: one group is as likely as another,
// so that an attacker gains by groups and not by addresses.
type pool struct {
	crowds ordered.Map[string, *crowd]
}

// crowd is the entries of a pool in one network group.
type crowd struct {
	pool    *pool
	group   string
	members []*entry
}

func (p *pool) add(e *entry) {
	c, ok := p.crowds.Get(e.group)
	if !ok {
		c = &crowd{pool: p, group: e.group}
		p.crowds.Put(e.group, c)
	}
	e.crowd, e.seat = c, len(c.members)
	c.members = append(c.members, e)
}

// remove takes an entry out of the crowd it is in.
func (c *crowd) remove(e *entry) {
	last := len(c.members) - 1
	c.members[e.seat] = c.members[last]
	c.members[e.seat].seat = e.seat
	c.members[last] = nil
	c.members = c.members[:last]
	e.crowd = nil
	if last == 0 {
		c.pool.crowds.Delete(c.group)
	}
}

// drawsMax is how many plain draws come before everything is looked at: most draws hit
// at once.
const drawsMax = 6

// draw finds an entry that fits, or nil: any group, then any of its members. order is
// scratch.
func (p *pool) draw(rng *rand.Rand, order *[]int32, fits func(*entry) bool) *entry {
	n := p.crowds.Len()
	if n > 2*drawsMax {
		for range drawsMax {
			_, c := p.crowds.At(rng.IntN(n))
			if e := c.draw(rng, fits); e != nil {
				return e
			}
		}
	}
	*order = (*order)[:0]
	for i := range n {
		*order = append(*order, int32(i))
	}
	for i, o := 0, *order; i < n; i++ { // shuffled as far as needed
		j := i + rng.IntN(n-i)
		o[i], o[j] = o[j], o[i]
		_, c := p.crowds.At(int(o[i]))
		if e := c.draw(rng, fits); e != nil {
			return e
		}
	}
	return nil
}

// draw finds a member that fits: any, or the next one after it that does.
func (c *crowd) draw(rng *rand.Rand, fits func(*entry) bool) *entry {
	n := len(c.members)
	if n > 2*drawsMax {
		for range drawsMax {
			if e := c.members[rng.IntN(n)]; fits(e) {
				return e
			}
		}
	}
	at := 0
	if n > 1 {
		at = rng.IntN(n)
	}
	for i := range n {
		if e := c.members[(at+i)%n]; fits(e) {
			return e
		}
	}
	return nil
}
