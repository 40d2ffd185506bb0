package portal

import (
	"fmt"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// parcel is an item for one node. done is called once: the node's code, or why there is
// none; with Accepted, err tells whether the transfer failed.
type parcel struct {
	item content.Item
	// gossip is on our own account and gives way to what users wait for.
	gossip bool
	since  time.Time
	// slow, unless it is nil, is called when the node does not answer in time, and void,
	// unless it is nil, tells that the parcel need not go any more.
	slow func(now time.Time)
	void func() bool
	done func(now time.Time, code wire.Code, err error)
}

// courier takes parcels to one node. While an offer is under way others gather, and go
// together in the next: so many small offers become few.
type courier struct {
	o      *Overlay
	p      *peer
	to     *enr.Record
	urgent []*parcel
	gossip []*parcel
	flying int // offers under way with their streams
	wake   *timer
}

// carry takes a parcel to a node.
func (o *Overlay) carry(now time.Time, to *enr.Record, x *parcel) {
	p := o.peer(to.ID(), to)
	c, ok := o.couriers.Get(p.id)
	var why error
	switch {
	case !o.running:
		why = ErrStopped
	case !o.mayAsk(now, to):
		why = ErrVersion
	case o.sums.queued >= queuedMax, ok && c.waiting() >= queueItems,
		x.gossip && o.sums.waiting+len(x.item.Value) > gossipBytesMax:
		why = ErrBusy
	}
	if why != nil {
		o.soon(func(now time.Time) { x.done(now, wire.Declined, why) })
		return
	}
	if now.Before(p.limited) {
		o.soon(func(now time.Time) { x.done(now, wire.RateLimited, nil) })
		return
	}
	if !ok {
		c = &courier{o: o, p: p}
		o.couriers.Put(p.id, c)
	}
	c.to = to
	if p.silent {
		o.soon(x.late)
	}
	x.since = now
	o.sums.queued++
	o.sums.waiting += len(x.item.Value)
	if x.gossip {
		c.gossip = append(c.gossip, x)
	} else {
		c.urgent = append(c.urgent, x)
	}
	o.soon(c.flush)
}

// late tells the parcel that the node is slow.
func (x *parcel) late(now time.Time) {
	if x.slow != nil {
		x.slow(now)
	}
}

func (c *courier) waiting() int { return len(c.urgent) + len(c.gossip) }

// flush sends offers while there is something to send and room for it. A node lets ten
// offers a second through; we ask for fewer, and what waits gathers.
func (c *courier) flush(now time.Time) {
	o := c.o
	for c.waiting() > 0 && c.flying < offersInFlight && o.mayServe(c.p) {
		gossip := len(c.urgent) == 0
		if gossip && !c.mayGossip(now) {
			break
		}
		if !c.p.pace.take(now, ourOffersPerSecond, ourOffersBurst) {
			o.timers.stop(c.wake)
			c.wake = o.timers.add(now.Add(time.Second/ourOffersPerSecond), c.flush)
			return
		}
		queue := &c.urgent
		if gossip {
			queue = &c.gossip
		}
		if batch := c.gather(queue); len(batch) > 0 {
			c.offer(now, batch, gossip)
		}
	}
	if c.waiting() == 0 && c.flying == 0 {
		o.timers.stop(c.wake)
		if held, ok := o.couriers.Get(c.p.id); ok && held == c {
			o.couriers.Delete(c.p.id)
		}
		return
	}
	if c.waiting() > 0 && c.flying == 0 { // for want of room elsewhere
		o.timers.stop(c.wake)
		c.wake = o.timers.add(now.Add(time.Second/ourOffersPerSecond), c.flush)
	}
}

// mayGossip tells whether it is time for gossip: a little at once, and for a while not
// while items come in, which in most cases others are being sent, too.
func (c *courier) mayGossip(now time.Time) bool {
	o := c.o
	busy := o.sums.receives > 0 || o.sums.serves > o.sums.gossiping
	return c.flying == 0 && o.sums.gossiping < gossipStreams &&
		(!busy || now.Sub(c.gossip[0].since) >= gossipWait)
}

// gather takes what one offer holds from a queue: as many keys as its packet has room
// for, and no more bytes than go well in one stream. Of parcels of one item the first
// goes and the others wait.
func (c *courier) gather(queue *[]*parcel) []*parcel {
	var batch, rest []*parcel
	room, bytes := wire.RequestMax(c.o.cfg.Network.Protocol)-offerHead, 0
	for _, x := range *queue {
		if x.void != nil && x.void() {
			c.o.unqueue([]*parcel{x})
			continue
		}
		key, value := len(x.item.Key)+offerKeyHead, len(x.item.Value)
		full := len(batch) == wire.KeysMax || key > room || len(batch) > 0 && bytes+value > batchBytes
		if full || slices.ContainsFunc(batch, func(y *parcel) bool { return y.item.ID == x.item.ID }) {
			rest = append(rest, x)
			continue
		}
		room, bytes = room-key, bytes+value
		batch = append(batch, x)
	}
	if len(batch) == 0 && len(rest) > 0 { // a key that no packet has room for is found out by who encodes it
		batch, rest = rest[:1], rest[1:]
	}
	*queue = rest
	c.o.unqueue(batch)
	return batch
}

// offer offers a batch and sends what is accepted.
func (c *courier) offer(now time.Time, batch []*parcel, gossip bool) {
	c.flying++
	if gossip {
		c.o.sums.gossiping++
	}
	items := make([]content.Item, len(batch))
	for i, x := range batch {
		items[i] = x.item
	}
	slow := func(now time.Time) {
		for _, x := range slices.Concat(batch, c.urgent, c.gossip) {
			x.late(now)
		}
	}
	c.o.offer(now, c.to, items, slow, func(now time.Time, codes []wire.Code, err error) {
		c.flying--
		if gossip {
			c.o.sums.gossiping--
		}
		for i, x := range batch {
			if codes == nil {
				x.done(now, wire.Declined, err)
			} else {
				x.done(now, codes[i], err)
			}
		}
		if now.Before(c.p.limited) {
			c.cancel(wire.RateLimited, nil)
		}
		c.o.soon(c.flush)
		c.o.nudge()
	})
}

// cancel ends what waits.
func (c *courier) cancel(code wire.Code, err error) {
	all := append(c.urgent, c.gossip...)
	c.urgent, c.gossip = nil, nil
	c.o.unqueue(all)
	for _, x := range all {
		c.o.soon(func(now time.Time) { x.done(now, code, err) })
	}
}

// unqueue notes that parcels wait no longer.
func (o *Overlay) unqueue(all []*parcel) {
	o.sums.queued -= len(all)
	for _, x := range all {
		o.sums.waiting -= len(x.item.Value)
	}
}

// nudge lets couriers go on that found no room.
func (o *Overlay) nudge() {
	for _, c := range o.couriers.All() {
		if c.waiting() > 0 && c.flying == 0 {
			o.soon(c.flush)
			return
		}
	}
}

// offer offers 1 to 64 items to a node and sends it what it accepts. done is called once,
// when the transfer has ended: codes is nil when the node gave none. slow as of call.
func (o *Overlay) offer(now time.Time, to *enr.Record, items []content.Item, slow func(now time.Time), done func(now time.Time, codes []wire.Code, err error)) {
	keys := make([][]byte, len(items))
	for i, it := range items {
		keys[i] = it.Key
	}
	body, err := wire.Offer{Keys: keys}.Append(nil)
	if err == nil && len(body) > wire.RequestMax(o.cfg.Network.Protocol) {
		err = fmt.Errorf("an offer of %d bytes", len(body))
	}
	if err != nil {
		o.soon(func(now time.Time) { done(now, nil, fmt.Errorf("%w: %w", ErrArguments, err)) })
		return
	}
	o.stats.Offered += uint64(len(items))
	p := o.peer(to.ID(), to)
	version := p.version
	o.call(now, to, wire.KindOffer, body, slow, func(now time.Time, body []byte, err error) {
		if err != nil {
			done(now, nil, err)
			return
		}
		m, err := wire.DecodeAccept(body, version, len(items))
		if err != nil {
			done(now, nil, o.misread(now, to.ID(), err))
			return
		}
		o.learn(now, p, items, m.Codes, version)
		if !m.Any() {
			done(now, m.Codes, nil)
			return
		}
		o.deliver(now, p, to, items, m, done)
	})
}

// deliver opens the stream that a node waits for and sends what it accepted.
func (o *Overlay) deliver(now time.Time, p *peer, to *enr.Record, items []content.Item, m wire.Accept, done func(now time.Time, codes []wire.Code, err error)) {
	var values [][]byte
	for i, c := range m.Codes {
		if c == wire.Accepted {
			values = append(values, items[i].Value)
		}
	}
	t := o.tickets.Next()
	o.send(now, t, p, values, false, func(now time.Time, err error) {
		if err != nil {
			o.stats.SendsFailed++
		} else {
			o.stats.Sent++
		}
		done(now, m.Codes, err)
	})
	o.streams.Open(now, t, to, m.Conn)
}

// learn notes what a node's codes tell of it. In version 0 a decline has no reason.
func (o *Overlay) learn(now time.Time, p *peer, items []content.Item, codes []wire.Code, version uint8) {
	for i, c := range codes {
		d := content.Between(p.id, items[i].ID)
		switch c {
		case wire.Accepted:
			p.radius.accepted(now, d)
			o.noteTold(now, items[i].ID, p.id)
		case wire.Stored, wire.InProgress:
			o.noteTold(now, items[i].ID, p.id)
		case wire.Outside:
			p.radius.declined(now, d)
		case wire.RateLimited:
			p.limited = now.Add(limitedFor)
		}
	}
}
