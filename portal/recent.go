package portal

// recent is a map that forgets what was touched longest ago when it is full. Values that
// spare names are kept, as far as there are others.
type recent[K comparable, V any] struct {
	max   int
	at    map[K]*recentItem[K, V]
	root  recentItem[K, V] // root.next is the newest
	spare func(V) bool     // nil: nobody
	gone  func(K, V)       // told what was forgotten; nil: nobody
}

type recentItem[K comparable, V any] struct {
	key        K
	val        V
	prev, next *recentItem[K, V]
}

// spareMax is how many that are spared are passed over before the oldest goes anyway.
const spareMax = 256

func newRecent[K comparable, V any](max int) *recent[K, V] {
	r := &recent[K, V]{max: max, at: map[K]*recentItem[K, V]{}}
	r.root.prev, r.root.next = &r.root, &r.root
	return r
}

func (r *recent[K, V]) len() int { return len(r.at) }

// peek returns a value and does not count as a touch.
func (r *recent[K, V]) peek(k K) (v V, ok bool) {
	if it := r.at[k]; it != nil {
		return it.val, true
	}
	return v, false
}

// get returns a value, and touches it.
func (r *recent[K, V]) get(k K) (v V, ok bool) {
	it := r.at[k]
	if it == nil {
		return v, false
	}
	it.unlink()
	it.linkAfter(&r.root)
	return it.val, true
}

// put sets a value, and touches it.
func (r *recent[K, V]) put(k K, v V) {
	if it := r.at[k]; it != nil {
		it.val = v
		it.unlink()
		it.linkAfter(&r.root)
		return
	}
	if len(r.at) >= r.max {
		r.evict()
	}
	it := &recentItem[K, V]{key: k, val: v}
	it.linkAfter(&r.root)
	r.at[k] = it
}

// evict forgets the oldest that is not spared.
func (r *recent[K, V]) evict() {
	victim := r.root.prev
	for it, n := victim, 0; it != &r.root && n < spareMax && r.spare != nil; it, n = it.prev, n+1 {
		if !r.spare(it.val) {
			victim = it
			break
		}
	}
	r.remove(victim.key)
}

// oldest is the value touched longest ago.
func (r *recent[K, V]) oldest() (k K, v V, ok bool) {
	it := r.root.prev
	if it == &r.root {
		return k, v, false
	}
	return it.key, it.val, true
}

// remove forgets a key.
func (r *recent[K, V]) remove(k K) {
	it := r.at[k]
	if it == nil {
		return
	}
	it.unlink()
	delete(r.at, k)
	if r.gone != nil {
		r.gone(k, it.val)
	}
}

// each walks from the newest to the oldest. The map must not change meanwhile.
func (r *recent[K, V]) each(yield func(K, V) bool) {
	for it := r.root.next; it != &r.root; it = it.next {
		if !yield(it.key, it.val) {
			return
		}
	}
}

func (it *recentItem[K, V]) unlink() {
	it.prev.next, it.next.prev = it.next, it.prev
	it.prev, it.next = nil, nil
}

func (it *recentItem[K, V]) linkAfter(at *recentItem[K, V]) {
	it.prev, it.next = at, at.next
	at.next.prev, at.next = it, it
}
