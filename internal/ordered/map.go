package ordered

import "iter"

// Map is a map that iterates in a reproducible order. The zero value is empty
// and ready to use. All operations are O(1) but the iterators.
type Map[K comparable, V any] struct {
	at   map[K]int // key → index in keys and vals
	keys []K
	vals []V
}

// Len tells how many keys the map holds.
func (m *Map[K, V]) Len() int { return len(m.keys) }

// Get returns the value of k and whether it is there.
func (m *Map[K, V]) Get(k K) (V, bool) {
	i, ok := m.at[k]
	if !ok {
		var zero V
		return zero, false
	}
	return m.vals[i], true
}

// Has tells whether k is in the map.
func (m *Map[K, V]) Has(k K) bool {
	_, ok := m.at[k]
	return ok
}

// Put sets the value of k. An existing key keeps its place.
func (m *Map[K, V]) Put(k K, v V) {
	if i, ok := m.at[k]; ok {
		m.vals[i] = v
		return
	}
	if m.at == nil {
		m.at = make(map[K]int)
	}
	m.at[k] = len(m.keys)
	m.keys = append(m.keys, k)
	m.vals = append(m.vals, v)
}

// Delete removes k, if it is there, and moves the last key into its place.
func (m *Map[K, V]) Delete(k K) bool {
	i, ok := m.at[k]
	if !ok {
		return false
	}
	last := len(m.keys) - 1
	if i != last {
		m.keys[i], m.vals[i] = m.keys[last], m.vals[last]
		m.at[m.keys[i]] = i
	}
	var zeroK K
	var zeroV V
	m.keys[last], m.vals[last] = zeroK, zeroV
	m.keys, m.vals = m.keys[:last], m.vals[:last]
	delete(m.at, k)
	if last == 0 {
		*m = Map[K, V]{} // an emptied map gives its memory back
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
