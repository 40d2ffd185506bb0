package hosts

import "time"

// resting is the entries of a list that may not be dialled yet, the first to wake on
// top: a heap, so that a pick does not walk over thousands that failed.
type resting []*entry

func (r *resting) push(e *entry) {
	e.bed = len(*r) + 1
	*r = append(*r, e)
	r.up(e.bed - 1)
}

func (r *resting) remove(e *entry) {
	i, last := e.bed-1, len(*r)-1
	r.swap(i, last)
	(*r)[last] = nil
	*r = (*r)[:last]
	if e.bed = 0; i < last {
		r.down(i)
		r.up(i)
	}
}

func (r *resting) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !(*r)[i].wakes.Before((*r)[parent].wakes) {
			return
		}
		r.swap(i, parent)
		i = parent
	}
}

func (r *resting) down(i int) {
	for {
		next := 2*i + 1
		if next >= len(*r) {
			return
		}
		if next+1 < len(*r) && (*r)[next+1].wakes.Before((*r)[next].wakes) {
			next++
		}
		if !(*r)[next].wakes.Before((*r)[i].wakes) {
			return
		}
		r.swap(i, next)
		i = next
	}
}

func (r *resting) swap(i, j int) {
	h := *r
	h[i], h[j] = h[j], h[i]
	h[i].bed, h[j].bed = i+1, j+1
}

// wake moves those whose rest is over into the pools.
func (l *list) wake(now time.Time) {
	if now.After(l.woken) {
		l.woken = now
	}
	for len(l.resting) > 0 && !now.Before(l.resting[0].wakes) {
		e := l.resting[0]
		l.resting.remove(e)
		l.pools[e.class()].add(e)
	}
}
