package portal

import (
	"container/heap"
	"time"
)

// timer is something that is to be done at a time.
type timer struct {
	at time.Time
	n  uint64 // of two for one time the older goes first
	i  int    // its place in the heap, -1 when it is not there
	do func(now time.Time)
}

// timers are what is to come, soonest first. The zero value is empty.
type timers struct {
	heap timerHeap
	made uint64
}

// add has something done at a time.
func (q *timers) add(at time.Time, do func(now time.Time)) *timer {
	q.made++
	t := &timer{at: at, n: q.made, do: do}
	heap.Push(&q.heap, t)
	return t
}

// stop takes a timer out. nil, and one that has run, are no matter.
func (q *timers) stop(t *timer) {
	if t != nil && t.i >= 0 {
		heap.Remove(&q.heap, t.i)
	}
}

// run does what is due. What is added meanwhile for now or before is done too, but a
// timer is not run twice.
func (q *timers) run(now time.Time) {
	for len(q.heap) > 0 && !q.heap[0].at.After(now) {
		t := heap.Pop(&q.heap).(*timer)
		t.do(now)
	}
}

// next is when the soonest is due; zero: none.
func (q *timers) next() time.Time {
	if len(q.heap) == 0 {
		return time.Time{}
	}
	return q.heap[0].at
}

// timerHeap is for container/heap alone.
type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if c := h[i].at.Compare(h[j].at); c != 0 {
		return c < 0
	}
	return h[i].n < h[j].n
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].i, h[j].i = i, j
}

func (h *timerHeap) Push(x any) {
	t := x.(*timer)
	t.i = len(*h)
	*h = append(*h, t)
}

func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.i = -1
	return t
}
