package gossipsub

// queue is a first-in, first-out list that reuses its memory and gives it back
// when it is empty.
type queue[T any] struct {
	items []T
	head  int
}

// queueKeepMax is the capacity kept when a queue runs empty, in elements.
const queueKeepMax = 32

func (q *queue[T]) len() int { return len(q.items) - q.head }

func (q *queue[T]) push(v T) { q.items = append(q.items, v) }

// at is the i-th element, 0 the oldest.
func (q *queue[T]) at(i int) T { return q.items[q.head+i] }

func (q *queue[T]) pop() T {
	var zero T
	v := q.items[q.head]
	q.items[q.head] = zero
	q.head++
	switch {
	case q.head < len(q.items):
		if q.head >= 64 && q.head*2 >= len(q.items) {
			n := copy(q.items, q.items[q.head:])
			clear(q.items[n:])
			q.items, q.head = q.items[:n], 0
		}
	case cap(q.items) > queueKeepMax:
		*q = queue[T]{}
	default:
		q.items, q.head = q.items[:0], 0
	}
	return v
}
