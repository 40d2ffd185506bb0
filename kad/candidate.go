package kad

import (
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// state is how far a candidate is.
type state uint8

const (
	heardOf state = iota
	inFlight
	answered
	failed
)

// nobody is no place in Search.met.
const nobody = int32(-1)

// indexAbove is up to how many candidates are found by walking over them: most searches
// for content end before there are more.
const indexAbove = 24

// candidate is a node that a search has heard of. Owner: Search.
type candidate struct {
	id     id.ID
	record *enr.Record
	state  state
	slow   bool // the search goes on without its answer
	since  time.Time
	path   *path // that asked it
	// via are the first who named it, of all that did; those it began with nobody named.
	via   [vouchersMax]int32
	named int
	// led and misled count those it named who answered, and who did not.
	led, misled int
}

// vouch notes who named a candidate.
func (c *candidate) vouch(by int32) {
	if by == nobody {
		c.named = vouchersMax + 1
		return
	}
	for _, o := range c.via[:min(c.named, len(c.via))] {
		if o == by {
			return
		}
	}
	if c.named < len(c.via) {
		c.via[c.named] = by
	}
	c.named++
}

// doubtful tells whether all who named a candidate have misled us more than led.
func (s *Search) doubtful(c *candidate) bool {
	if c.state != heardOf || c.named > vouchersMax {
		return false
	}
	for _, by := range c.via[:c.named] {
		if v := &s.met[by]; v.misled < distrustAfter || v.misled <= v.led {
			return false
		}
	}
	return true
}

// find is a node's place in Search.met.
func (s *Search) find(who id.ID) int32 {
	if s.at != nil {
		if at, ok := s.at[who]; ok {
			return at
		}
		return nobody
	}
	for i := range s.met {
		if s.met[i].id == who {
			return int32(i)
		}
	}
	return nobody
}

// index notes the place of a new candidate.
func (s *Search) index(who id.ID, at int32) {
	switch {
	case s.at != nil:
		s.at[who] = at
	case len(s.met) > indexAbove:
		s.at = make(map[id.ID]int32, 4*indexAbove)
		for i := range s.met {
			s.at[s.met[i].id] = int32(i)
		}
	}
}
