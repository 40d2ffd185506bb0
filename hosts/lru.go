package hosts

import (
	"iter"

	"github.com/ropewalk/ropewalk/internal/ordered"
)

// lru is a map that knows which of its keys was used least lately, so that a full one
// makes room in constant time. The zero value is empty.
type lru[K comparable, V any] struct {
	by          ordered.Map[K, *used[K, V]]
	first, last *used[K, V] // the least lately used, the latest
}

type used[K comparable, V any] struct {
	key        K
	value      V
	prev, next *used[K, V]
}

func (l *lru[K, V]) len() int { return l.by.Len() }

// get returns the value of a key and counts as a use of it.
func (l *lru[K, V]) get(k K) (v V, ok bool) {
	u, ok := l.by.Get(k)
	if !ok {
		return v, false
	}
	l.unlink(u)
	l.link(u)
	return u.value, true
}

func (l *lru[K, V]) put(k K, v V) {
	u, ok := l.by.Get(k)
	if ok {
		l.unlink(u)
	} else {
		u = &used[K, V]{key: k}
		l.by.Put(k, u)
	}
	u.value = v
	l.link(u)
}

func (l *lru[K, V]) delete(k K) bool {
	u, ok := l.by.Get(k)
	if ok {
		l.unlink(u)
		l.by.Delete(k)
	}
	return ok
}

// oldest is the key used least lately, with its value.
func (l *lru[K, V]) oldest() (k K, v V, ok bool) {
	if l.first == nil {
		return k, v, false
	}
	return l.first.key, l.first.value, true
}

// all iterates from the least lately used on.
func (l *lru[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for u := l.first; u != nil; u = u.next {
			if !yield(u.key, u.value) {
				return
			}
		}
	}
}

func (l *lru[K, V]) link(u *used[K, V]) {
	u.prev, u.next = l.last, nil
	if l.last == nil {
		l.first = u
	} else {
		l.last.next = u
	}
	l.last = u
}

func (l *lru[K, V]) unlink(u *used[K, V]) {
	if u.prev == nil {
		l.first = u.next
	} else {
		u.prev.next = u.next
	}
	if u.next == nil {
		l.last = u.prev
	} else {
		u.next.prev = u.prev
	}
}
