package ropewalk

import (
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/store"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/work"
)

// keepers is how many asks of the store are answered at a time: enough that puts which
// wait for the disk share its syncs, and that gets go on beside them.
const keepers = 8

// openStore opens the store of content, where the node has networks of it.
func (n *Node) openStore(overlays []portal.Config) (err error) {
	if len(overlays) == 0 {
		return nil
	}
	var networks []content.Network
	for _, o := range overlays {
		networks = append(networks, o.Network)
	}
	radius, err := radiusOf(n.cfg.Overlay.Radius)
	if err != nil {
		return err
	}
	n.store, err = store.NewMemory(store.Config{
		Self: n.key.ID(), Networks: networks, Capacity: n.cfg.Overlay.Capacity, Radius: radius,
	})
	return err
}

// askStore has the store answer beside the loop.
func (n *Node) askStore(asks []content.Ask) {
	jobs := make([]work.Job, len(asks))
	for i, a := range asks {
		jobs[i] = work.Job{Ticket: a.Ticket, Run: func() any { return n.store.Do(a) }}
	}
	n.shelves.add(jobs)
}

// stored tells the machine what the store answered.
func (n *Node) stored(j work.Job, result any) {
	if !j.Ticket.IsZero() {
		n.post(input{fn: func(now time.Time) { n.machine.Stored(now, result.(content.Answer)) }})
	}
}

func (n *Node) closeStore() error {
	if n.store == nil {
		return nil
	}
	return n.store.Close()
}
