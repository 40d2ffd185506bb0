package kad

import (
	"encoding/binary"
	"math"

	"github.com/ropewalk/ropewalk/id"
)

// Around a target that somebody wants to hide he puts nodes of his own, nearer than all
// others, and they name only each other. He cannot do it without being denser there than
// a network of that size is by chance. A search that sees it goes on to a region where
// regionNodes honest nodes are to be expected, from its rim inwards.

// share is a distance as a part of the whole space.
func share(a, b id.ID) float64 {
	head := binary.BigEndian.Uint64(a[:]) ^ binary.BigEndian.Uint64(b[:])
	return (float64(head) + 1) / (1 << 64)
}

// widen widens a search once, if those that answered are too dense, and tells whether it
// has.
func (s *Search) widen() bool {
	if s.widened || s.cfg.Size < regionLeast {
		return false
	}
	good := s.answered()
	if len(good) < s.cfg.K {
		return false
	}
	expected := s.cfg.Size * share(s.cfg.Target, good[s.cfg.K-1].id)
	s.widened = chanceOf(s.cfg.K, expected) < crowdChance
	return s.widened
}

// inRegion tells whether a node lies in the region that a wide search asks.
func (s *Search) inRegion(who id.ID) bool {
	return s.cfg.Size*share(s.cfg.Target, who) <= regionNodes
}

// chanceOf is the chance of n or more nodes where so many are expected (Poisson).
func chanceOf(n int, expected float64) float64 {
	term, below := math.Exp(-expected), 0.0
	for i := range n {
		below += term
		term *= expected / float64(i+1)
	}
	return max(0, 1-below)
}

// Size estimates how many nodes the network has, from how densely they lie around us. A
// table that is not filled yet knows those nearest to us first, so each span of buckets
// from there on gives a figure that is too low rather than too high, and the greatest
// counts: it is right to a half or so.
func (t *Table) Size() float64 {
	n, most := 0, float64(t.members)
	for i := range t.buckets {
		n += len(t.buckets[i].members)
		if n >= sizeNodes {
			most = max(most, math.Ldexp(float64(n), buckets-1-i))
		}
	}
	return most
}
