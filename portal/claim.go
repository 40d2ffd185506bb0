package portal

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// claim is an item on its way in. While there is one, others who offer the item are told
// so and remembered: if it fails, one of them is asked (threats, "thundering herd").
type claim struct {
	key    []byte
	point  id.ID
	since  time.Time
	in     int  // transfers and checks under way
	stored bool // it is here, whoever else brings it
	others []other
}

// other is a node that offered an item while somebody else was bringing it.
type other struct {
	record *enr.Record
	at     time.Time
}

// claimed takes an item for a transfer. Nobody else brings it then, unless the transfer
// is slow; who wanted to is remembered.
func (o *Overlay) claimed(now time.Time, key []byte, point id.ID, p *peer) (*claim, bool) {
	c, ok := o.claims.Get(point)
	if !ok {
		c = &claim{key: key, point: point, since: now, in: 1}
		o.claims.Put(point, c)
		return c, true
	}
	if c.in < 2 && now.Sub(c.since) >= secondAfter {
		c.in++
		return c, true
	}
	if len(c.others) < fallbacksMax {
		c.others = append(c.others, other{p.record, now})
	}
	return c, false
}

// brought takes an item that came for a claim. The node's bytes count as held until it is
// stored, or is not.
func (o *Overlay) brought(now time.Time, c *claim, from *peer, value []byte) {
	if c.stored {
		o.hold(from, -len(value))
		o.gaveUp(now, c)
		return
	}
	o.check(now, c.key, value, func(now time.Time, err error) {
		switch {
		case errors.Is(err, ErrInvalid):
			o.blamePeer(now, from.id, blameInvalid, "content that is not what its key promises")
		case err == nil && !c.stored:
			o.keep(now, c, from, value)
			return
		}
		o.hold(from, -len(value))
		o.gaveUp(now, c)
	})
}

// keep stores what passed its check.
func (o *Overlay) keep(now time.Time, c *claim, from *peer, value []byte) {
	item := content.Item{ID: c.point, Key: c.key, Value: value, Class: content.Cache, From: from.id}
	o.ask(content.Ask{Verb: content.Put, Item: item}, func(now time.Time, a content.Answer) {
		o.hold(from, -len(value))
		o.emit(now, trace.Event{Kind: "kept", Peer: from.id, ID: string(c.point[:]), N: int64(len(value)), Err: text(a.Err)})
		c.stored = true // what the store does not want, it does not want from others either
		if a.Err == nil {
			o.stats.Accepted++
			o.gossip(now, item)
		}
		o.gaveUp(now, c)
	})
}

// gaveUp ends one attempt to bring an item. When it is not here and no other attempt is
// under way, somebody who offered it meanwhile is asked for it.
func (o *Overlay) gaveUp(now time.Time, c *claim) {
	if c.in--; c.in > 0 {
		return
	}
	for !c.stored && o.running && len(c.others) > 0 {
		next := c.others[0]
		c.others = c.others[1:]
		if now.Sub(next.at) < fallbackFor && o.mayAsk(now, next.record) {
			c.in, c.since = 1, now
			o.fetchFor(now, c, next.record)
			return
		}
	}
	if held, ok := o.claims.Get(c.point); ok && held == c {
		o.claims.Delete(c.point)
	}
}

// fetchFor asks a node that offered an item for it.
func (o *Overlay) fetchFor(now time.Time, c *claim, from *enr.Record) {
	p := o.peer(from.ID(), from)
	o.findContent(now, from, c.key, nil, func(now time.Time, f found, err error) {
		switch {
		case err == nil && f.value != nil:
			o.hold(p, len(f.value))
			o.brought(now, c, p, f.value)
		case err == nil && f.stream:
			o.fetch(now, from, f.conn, func(now time.Time, value []byte, err error) {
				if err != nil {
					o.gaveUp(now, c)
					return
				}
				o.brought(now, c, p, value)
			})
		default:
			o.gaveUp(now, c)
		}
	})
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
