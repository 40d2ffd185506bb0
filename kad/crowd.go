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
	if s.widened || s.cfg.Size <= regionNodes {
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

// Size estimates how many nodes the network has, from how densely they lie around us:
// buckets that are not full, up to the first that is, hold all there is in a known part of
// the space. It is right to a third or so once the table is filled, and less than the
// truth before.
func (t *Table) Size() float64 {
	n, part := 0, 1.0
	for i := range t.buckets {
		here := len(t.buckets[i].members)
		if here == BucketMax && i > 0 {
			break
		}
		n, part = n+here, math.Ldexp(1, i-buckets+1)
		if here == BucketMax {
			break
		}
	}
	return float64(n) / part
}
