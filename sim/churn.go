package sim

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/scenario"
)

// churn lets a share of the nodes come and go while the play goes on: in every
// churnEvery each of them that runs is killed with churnLeave probability, and
// each that is away comes back with churnReturn. Seeds stay, and it begins when the
// script has brought the network up: its steps nodes and wait are over.
type churn struct {
	w     *world
	who   []int
	next  time.Time
	begun bool
}

const (
	churnEvery  = time.Second
	churnLeave  = 0.05
	churnReturn = 0.20
)

// newChurn picks who will flap.
func newChurn(w *world, share float64, spared []int) *churn {
	c := &churn{w: w}
	if share <= 0 {
		return c
	}
	for _, i := range w.rng.Perm(stage{w}.Nodes()) {
		if !w.hosts[i].seed && !slices.Contains(spared, i) && len(c.who) < int(share*float64(stage{w}.Nodes())) {
			c.who = append(c.who, i)
		}
	}
	return c
}

func (c *churn) advance(now time.Time, step scenario.Verb) {
	c.begun = c.begun || step != scenario.Start && step != scenario.Wait
	if len(c.who) == 0 || !c.begun || now.Before(c.next) {
		return
	}
	c.next = now.Add(churnEvery)
	for _, i := range c.who {
		h := c.w.hosts[i]
		switch luck := c.w.rng.Float64(); {
		case h.alive && luck < churnLeave:
			h.kill()
		case !h.alive && h.lived && luck < churnReturn:
			h.launch()
		}
	}
}
