package portal

import (
	"errors"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// The verbs. Each is answered exactly once with its ticket, at once or later. Nobody
// changes keys, values and payloads that are handed in.

// PingBest lets Ping choose the type and the payload.
const PingBest = -1

// Ping asks a node for its state: Answer.Pong. kind is a payload's type or PingBest; a nil
// payload is made by us, where we know the type (else ErrPingType).
func (o *Overlay) Ping(now time.Time, t id.Ticket, to *enr.Record, kind int, payload []byte) News {
	o.see(now)
	v := o.begin(t)
	k, err := o.pingTo(to, kind, payload)
	if err != nil {
		return v.fail(err)
	}
	o.ping(now, to, k, payload, func(_ time.Time, p Pong, err error) {
		v.answer(Answer{From: to.ID(), Pong: p, Err: err})
	})
	return o.take()
}

// FindNodes asks a node for nodes at log distances from it: Answer.Records, verified.
func (o *Overlay) FindNodes(now time.Time, t id.Ticket, to *enr.Record, distances []uint16) News {
	o.see(now)
	v := o.begin(t)
	if to == nil {
		return v.fail(ErrArguments)
	}
	o.findNodes(now, to, distances, nil, func(_ time.Time, found []*enr.Record, err error) {
		v.answer(Answer{From: to.ID(), Records: found, Err: err})
	})
	return o.take()
}

// FindContent asks one node for an item: Answer.Value, or Answer.Records. A value that
// cannot be judged comes with ErrUndecided, one that is not what its key promises not at
// all.
func (o *Overlay) FindContent(now time.Time, t id.Ticket, to *enr.Record, key []byte) News {
	o.see(now)
	v := o.begin(t)
	if to == nil {
		return v.fail(ErrArguments)
	}
	if _, err := o.point(key); err != nil {
		return v.fail(err)
	}
	judge := func(now time.Time, value []byte, streamed bool) {
		o.check(now, key, value, func(now time.Time, err error) {
			if errors.Is(err, ErrInvalid) {
				o.blamePeer(now, to.ID(), blameInvalid, "content that is not what its key promises")
				value = nil
			}
			v.answer(Answer{From: to.ID(), Key: key, Value: value, Streamed: streamed, Err: err})
		})
	}
	o.findContent(now, to, key, nil, func(now time.Time, f found, err error) {
		switch {
		case err != nil:
			v.answer(Answer{From: to.ID(), Key: key, Err: err})
		case f.value != nil:
			judge(now, f.value, false)
		case f.stream:
			o.fetch(now, to, f.conn, func(now time.Time, value []byte, err error) {
				if err != nil {
					v.answer(Answer{From: to.ID(), Key: key, Err: err})
					return
				}
				o.hold(o.peer(to.ID(), nil), -len(value))
				judge(now, value, true)
			})
		default:
			v.answer(Answer{From: to.ID(), Key: key, Records: f.records})
		}
	})
	return o.take()
}

// Offer offers 1 to 64 items to one node and sends what it wants: Answer.Codes. Err is set
// when the transfer failed. Of an item only Key and Value are read.
func (o *Overlay) Offer(now time.Time, t id.Ticket, to *enr.Record, items []content.Item) News {
	o.see(now)
	v := o.begin(t)
	if to == nil || len(items) == 0 || len(items) > wire.KeysMax {
		return v.fail(ErrArguments)
	}
	items = slices.Clone(items)
	for i, it := range items {
		good, err := o.item(it.Key, it.Value)
		if err != nil {
			return v.fail(err)
		}
		items[i] = good
	}
	if !o.mayServe(o.peer(to.ID(), to)) {
		return v.fail(ErrBusy)
	}
	o.offer(now, to, items, nil, func(_ time.Time, codes []wire.Code, err error) {
		a := Answer{From: to.ID(), Err: err}
		for _, c := range codes {
			a.Codes = append(a.Codes, byte(c))
		}
		v.answer(a)
	})
	return o.take()
}

// Lookup finds the nodes nearest to a target: Answer.Records, at most 16, nearest first.
func (o *Overlay) Lookup(now time.Time, t id.Ticket, target id.ID) News {
	o.see(now)
	v := o.begin(t)
	o.lookup(now, target, func(_ time.Time, closest, _ []*enr.Record) {
		v.answer(Answer{Records: closest[:min(len(closest), kad.BucketMax)]})
	})
	return o.take()
}

// Query looks a target up and answers with everybody it met, those who were asked
// included: Answer.Records.
func (o *Overlay) Query(now time.Time, t id.Ticket, target id.ID) News {
	o.see(now)
	v := o.begin(t)
	o.lookup(now, target, func(_ time.Time, _, met []*enr.Record) { v.answer(Answer{Records: met}) })
	return o.take()
}

// QueryRandom is Query for a target drawn by chance.
func (o *Overlay) QueryRandom(now time.Time, t id.Ticket) News {
	return o.Query(now, t, kad.Random(o.rng))
}

// Resolve finds a node's newest record: Answer.Records, one of them; ErrUnknown.
func (o *Overlay) Resolve(now time.Time, t id.Ticket, who id.ID) News {
	o.see(now)
	v := o.begin(t)
	if who == o.cfg.Self && o.record != nil {
		v.answer(Answer{Records: []*enr.Record{o.record}})
		return o.take()
	}
	old, known := o.Node(who)
	settle := func(found []*enr.Record) {
		for _, r := range found {
			if r.ID() == who && (old == nil || r.Seq() > old.Seq()) {
				old = r
			}
		}
		if old == nil {
			v.answer(Answer{Err: ErrUnknown})
			return
		}
		v.answer(Answer{From: who, Records: []*enr.Record{old}})
	}
	search := func(now time.Time) {
		o.lookup(now, who, func(_ time.Time, _, met []*enr.Record) { settle(met) })
	}
	if !known {
		search(now)
		return o.take()
	}
	o.findNodes(now, old, []uint16{0}, nil, func(now time.Time, found []*enr.Record, err error) {
		if err != nil { // it may have moved
			search(now)
			return
		}
		settle(found)
	})
	return o.take()
}

// Get finds an item, here or in the network: Answer.Value, checked. Answer.From and
// Streamed say how it came; with tracing, Answer.Trace how it was found, or was not
// (ErrNotFound; ErrUndecided when what was found could not be judged).
func (o *Overlay) Get(now time.Time, t id.Ticket, key []byte, tracing bool) News {
	o.see(now)
	v := o.begin(t)
	at, err := o.point(key)
	if err != nil {
		return v.fail(err)
	}
	o.get(now, v, key, at, tracing)
	return o.take()
}

// Put checks an item, stores it (Durable: wherever it belongs; Cache: within our radius)
// and offers it to Config.Replicas nodes that cover it: Answer.Put. It is answered when it
// is stored and the offers have ended. An error means that it is not stored.
func (o *Overlay) Put(now time.Time, t id.Ticket, key, value []byte, class content.Class) News {
	o.see(now)
	v := o.begin(t)
	item, err := o.item(key, value)
	if err != nil {
		return v.fail(err)
	}
	item.Class = class
	o.put(now, v, item)
	return o.take()
}

// Gossip offers an item to nodes of the table, without storing it: Answer.Put.
func (o *Overlay) Gossip(now time.Time, t id.Ticket, key, value []byte) News {
	o.see(now)
	v := o.begin(t)
	item, err := o.item(key, value)
	if err != nil {
		return v.fail(err)
	}
	o.gossipFor(now, v, item)
	return o.take()
}
