package ordered

import "iter"

// Map is a map that iterates in a reproducible order. The zero value is empty
// and ready to use. All operations are O(1) but the iterators.
//
// A small map has no index: walking a few keys that lie side by side touches less
// memory than a built-in map's tables do, and most maps of a node are small (its
// peers, its topics). A thousand simulated nodes spend their time on just that.
type Map[K comparable, V any] struct {
	at   map[K]int // key → index in keys and vals; nil while the map is small
	keys []K
	vals []V
}

// indexAbove is the size above which a map has an index. It is given up again at
// half of that.
const indexAbove = 24

// find returns the index of k, or -1.
func (m *Map[K, V]) find(k K) int {
	if m.at != nil {
		if i, ok := m.at[k]; ok {
			return i
		}
		return -1
	}
	for i := range m.keys {
		if m.keys[i] == k {
			return i
		}
	}
	return -1
}

// Len tells how many keys the map holds.
func (m *Map[K, V]) Len() int { return len(m.keys) }

// Get returns the value of k and whether it is there.
func (m *Map[K, V]) Get(k K) (V, bool) {
	if i := m.find(k); i >= 0 {
		return m.vals[i], true
	}
	var zero V
	return zero, false
}

// Has tells whether k is in the map.
func (m *Map[K, V]) Has(k K) bool {
	return m.find(k) >= 0
}

// Put sets the value of k. An existing key keeps its place.
func (m *Map[K, V]) Put(k K, v V) {
	if i := m.find(k); i >= 0 {
		m.vals[i] = v
		return
	}
	m.keys = append(m.keys, k)
	m.vals = append(m.vals, v)
	switch {
	case m.at != nil:
		m.at[k] = len(m.keys) - 1
	case len(m.keys) > indexAbove:
		m.at = make(map[K]int, 2*indexAbove)
		for i, k := range m.keys {
			m.at[k] = i
		}
	}
}

// Delete removes k, if it is there, and moves the last key into its place.
func (m *Map[K, V]) Delete(k K) bool {
	i := m.find(k)
	if i < 0 {
		return false
	}
	last := len(m.keys) - 1
	if i != last {
		m.keys[i], m.vals[i] = m.keys[last], m.vals[last]
		if m.at != nil {
			m.at[m.keys[i]] = i
		}
	}
	var zeroK K
	var zeroV V
	m.keys[last], m.vals[last] = zeroK, zeroV
	m.keys, m.vals = m.keys[:last], m.vals[:last]
	switch {
	case last == 0:
		*m = Map[K, V]{} // an emptied map gives its memory back
	case m.at != nil && last <= indexAbove/2:
		m.at = nil
	case m.at != nil:
		delete(m.at, k)
	}
	return true
}

// At returns the i-th key and value, 0 ≤ i < Len.
func (m *Map[K, V]) At(i int) (K, V) { return m.keys[i], m.vals[i] }

// All iterates over keys and values. The map must not change meanwhile; iterate
// over Keys to delete while walking.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for i, k := range m.keys {
			if !yield(k, m.vals[i]) {
				return
			}
		}
	}
}

// Keys returns a copy of the keys.
func (m *Map[K, V]) Keys() []K { return append([]K(nil), m.keys...) }

// Values returns a copy of the values.
func (m *Map[K, V]) Values() []V { return append([]V(nil), m.vals...) }
