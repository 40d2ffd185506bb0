package portal

import (
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// tell is a node that was offered an item by us, or offered it to us: it is not offered
// again for a while (threats, "gossip loops").
type tell struct{ item, node id.ID }

// noteTold notes that a node knows of an item.
func (o *Overlay) noteTold(now time.Time, item, node id.ID) { o.told.put(tell{item, node}, now) }

// wasTold tells whether a node knows of an item.
func (o *Overlay) wasTold(now time.Time, item, node id.ID) bool {
	at, ok := o.told.peek(tell{item, node})
	return ok && now.Sub(at) < cooldown
}

// gossip offers what came in to others who should have it. Each item goes its own way,
// also when several came together.
func (o *Overlay) gossip(now time.Time, item content.Item) {
	for _, r := range o.audience(now, item.ID) {
		o.noteTold(now, item.ID, r.ID())
		o.carry(now, r, &parcel{item: item, gossip: true, done: func(time.Time, wire.Code, error) {}})
	}
}

// audience draws whom to offer an item, by the network's policy, without those who know
// of it.
func (o *Overlay) audience(now time.Time, point id.ID) []*enr.Record {
	switch o.cfg.Network.Gossip {
	case content.Silent:
		return nil
	case content.Random:
		return o.strangers(now, point, gossipNear+gossipFar)
	}
	near := o.interested(now, point)
	if len(near) <= gossipNear+gossipFar {
		return near
	}
	rest := near[gossipNear:]
	for i := range gossipFar {
		j := i + o.rng.IntN(len(rest)-i)
		rest[i], rest[j] = rest[j], rest[i]
	}
	return near[:gossipNear+gossipFar]
}

// interested are the live nodes whose radius covers a point as far as we know, the
// nearest first, without those who know of the item.
func (o *Overlay) interested(now time.Time, point id.ID) []*enr.Record {
	var out []*enr.Record
	for _, r := range o.table.Closest(point, gossipFrom, true) {
		if in, _ := o.covers(now, r.ID(), point); in && !o.wasTold(now, point, r.ID()) && o.mayAsk(now, r) {
			out = append(out, r)
		}
	}
	return out
}

// strangers draws live nodes of random buckets ("Random Gossip").
func (o *Overlay) strangers(now time.Time, point id.ID, n int) []*enr.Record {
	var buckets [][]*enr.Record
	for _, b := range o.table.Buckets() {
		var live []*enr.Record
		for _, e := range b {
			if e.Live && !o.wasTold(now, point, e.Record.ID()) && o.mayAsk(now, e.Record) {
				live = append(live, e.Record)
			}
		}
		if len(live) > 0 {
			buckets = append(buckets, live)
		}
	}
	var out []*enr.Record
	for len(out) < n && len(buckets) > 0 {
		i := o.rng.IntN(len(buckets))
		b := buckets[i]
		j := o.rng.IntN(len(b))
		out = append(out, b[j])
		b[j] = b[len(b)-1]
		if buckets[i] = b[:len(b)-1]; len(buckets[i]) == 0 {
			buckets = append(buckets[:i], buckets[i+1:]...)
		}
	}
	return out
}

// poke offers content that was found to nodes that were asked for it, did not have it, and
// whose radius covers it (portal-wire-protocol.md, "POKE Mechanism").
func (o *Overlay) poke(now time.Time, item content.Item, lacked []*enr.Record) {
	if o.cfg.Network.Gossip == content.Silent {
		return
	}
	n := 0
	for _, r := range lacked {
		in, known := o.covers(now, r.ID(), item.ID)
		if n == pokes || !in || !known || o.wasTold(now, item.ID, r.ID()) {
			continue
		}
		n++
		o.noteTold(now, item.ID, r.ID())
		o.carry(now, r, &parcel{item: item, gossip: true, done: func(time.Time, wire.Code, error) {}})
	}
}
