package sim

import "time"

// churn lets a share of the nodes come and go while the play goes on: in every
// churnEvery each of them that runs is killed with churnLeave probability, and
// each that is away comes back with churnReturn. Seeds stay.
type churn struct {
	w    *world
	who  []int
	next time.Time
	away int
}

const (
	churnEvery  = time.Second
	churnLeave  = 0.05
	churnReturn = 0.20
)

// newChurn picks who will flap. It begins once everybody has been launched.
func newChurn(w *world, share float64) *churn {
	c := &churn{w: w}
	if share <= 0 {
		return c
	}
	for _, i := range w.rng.Perm(len(w.hosts)) {
		if !w.hosts[i].seed && len(c.who) < int(share*float64(len(w.hosts))) {
			c.who = append(c.who, i)
		}
	}
	return c
}

func (c *churn) advance(now time.Time) {
	if len(c.who) == 0 || now.Before(c.next) {
		return
	}
	c.next = now.Add(churnEvery)
	for _, i := range c.who {
		h := c.w.hosts[i]
		switch luck := c.w.rng.Float64(); {
		case h.alive && luck < churnLeave:
			h.kill()
			c.away++
		case !h.alive && h.lived && luck < churnReturn:
			h.launch()
			c.away--
		}
	}
}
