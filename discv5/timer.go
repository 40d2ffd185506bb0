package discv5

import "time"

// timers are the requests under way, by when they are due: a heap. Each knows its place.
type timers []*call

func (h timers) next() time.Time {
	if len(h) == 0 {
		return time.Time{}
	}
	return h[0].due
}

// set gives a request a new due time, and a place if it has none (at < 0).
func (h *timers) set(c *call, due time.Time) {
	c.due = due
	if c.timer < 0 {
		c.timer = len(*h)
		*h = append(*h, c)
	}
	h.down(h.up(c.timer))
}

func (h *timers) remove(c *call) {
	i := c.timer
	if i < 0 {
		return
	}
	last := len(*h) - 1
	h.swap(i, last)
	(*h)[last] = nil
	*h = (*h)[:last]
	c.timer = -1
	if i < last {
		h.down(h.up(i))
	}
}

func (h timers) up(i int) int {
	for i > 0 {
		parent := (i - 1) / 2
		if !h[i].due.Before(h[parent].due) {
			break
		}
		h.swap(i, parent)
		i = parent
	}
	return i
}

func (h timers) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].due.Before(h[least].due) {
				least = child
			}
		}
		if least == i {
			return
		}
		h.swap(i, least)
		i = least
	}
}

func (h timers) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].timer, h[j].timer = i, j
}
