package ordered

import "iter"

// Set is a set that iterates in a reproducible order. The zero value is empty.
type Set[K comparable] struct{ m Map[K, struct{}] }

// Len tells how many members the set has.
func (s *Set[K]) Len() int { return s.m.Len() }

// Has tells whether k is a member.
func (s *Set[K]) Has(k K) bool { return s.m.Has(k) }

// Add makes k a member and tells whether it was none before.
func (s *Set[K]) Add(k K) bool {
	if s.m.Has(k) {
		return false
	}
	s.m.Put(k, struct{}{})
	return true
}

// Delete removes k and tells whether it was a member.
func (s *Set[K]) Delete(k K) bool { return s.m.Delete(k) }

// At returns the i-th member, 0 ≤ i < Len.
func (s *Set[K]) At(i int) K { k, _ := s.m.At(i); return k }

// All iterates over the members. The set must not change meanwhile.
func (s *Set[K]) All() iter.Seq[K] {
	return func(yield func(K) bool) {
		for k := range s.m.All() {
			if !yield(k) {
				return
			}
		}
	}
}
