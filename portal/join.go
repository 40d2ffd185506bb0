package portal

import (
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/trace"
)

// Start begins to fill the table and to look after it. A stopped overlay answers requests
// with nothing, and verbs with what our own store has.
func (o *Overlay) Start(now time.Time) News {
	o.see(now)
	if o.running {
		return o.take()
	}
	o.running = true
	o.announced = o.radius
	o.ask(content.Ask{Verb: content.Has}, func(time.Time, content.Answer) {}) // tells the radius
	o.reseed(now)
	for i, after := range joinAt {
		o.timers.add(now.Add(after), func(now time.Time) {
			o.lookAround(now, o.cfg.Self)
			if i == 1 {
				o.lookAround(now, kad.Random(o.rng))
			}
		})
	}
	o.keepFresh(now)
	o.emit(now, trace.Event{Kind: "start"})
	o.tend(now)
	return o.take()
}

// Stop ends all that is under way: verbs end with ErrStopped, requests with nothing. It
// may come before Start, and twice. What was learnt is kept for the next Start.
func (o *Overlay) Stop(now time.Time) News {
	o.see(now)
	if o.running {
		o.emit(now, trace.Event{Kind: "stop"})
	}
	o.running = false
	for _, q := range o.requests.Values() {
		if o.settled(q) {
			o.reply(q.n, nil)
		}
	}
	for _, f := range o.flows.Values() {
		f.drop(now)
	}
	for _, v := range o.verbs.Values() {
		v.answer(Answer{Err: ErrStopped})
	}
	o.forgetWork()
	return o.take()
}

// forgetWork drops whatever waits for an answer: those that still come find nobody.
func (o *Overlay) forgetWork() {
	o.calls = ordered.Map[uint64, *call]{}
	o.jobs = ordered.Map[uint64, func(time.Time, any)]{}
	o.asks = ordered.Map[uint64, func(time.Time, content.Answer)]{}
	o.flows = ordered.Map[uint64, flow]{}
	o.requests = ordered.Map[uint64, *request]{}
	o.claims = ordered.Map[id.ID, *claim]{}
	o.couriers = ordered.Map[id.ID, *courier]{}
	o.searches = ordered.Map[uint64, *search]{}
	o.finds = ordered.Map[string, *find]{}
	o.waiting, o.later = nil, nil
	o.timers = timers{made: o.timers.made}
	o.telling, o.puts = nil, 0
	o.sums = sums{}
	for _, p := range o.peers.each {
		p.reading, p.inbound, p.wanted, p.receives, p.serves, p.held = 0, 0, 0, 0, 0, 0
		p.offered = nil
	}
}

// Seed offers nodes to the table: bootnodes, saved ones, and those that discv5 finds.
// Those of other networks are passed over.
func (o *Overlay) Seed(now time.Time, records []*enr.Record) News {
	o.see(now)
	for _, r := range records {
		if r == nil || r.ID() == o.cfg.Self || !o.mayAsk(now, r) {
			continue
		}
		o.seeds.put(r.ID(), r)
		if o.running {
			o.table.Add(now, r, kad.Found)
		}
	}
	if o.running {
		o.tend(now)
	}
	return o.take()
}

// Met offers nodes to the table that wrote to us first, unasked: they have their share of
// it, and no more.
func (o *Overlay) Met(now time.Time, records []*enr.Record) News {
	o.see(now)
	for _, r := range records {
		if o.running && o.mayAsk(now, r) {
			o.table.Add(now, r, kad.Told)
		}
	}
	if o.running {
		o.tend(now)
	}
	return o.take()
}

// reseed fills the table with the nodes of its beginning, and does so again while it is
// empty.
func (o *Overlay) reseed(now time.Time) {
	if o.table.Len() == 0 {
		for _, r := range o.cfg.Bootnodes {
			if o.mayAsk(now, r) {
				o.table.Add(now, r, kad.Found)
			}
		}
		for _, r := range o.seeds.each {
			if o.mayAsk(now, r) {
				o.table.Add(now, r, kad.Found)
			}
		}
	}
	o.timers.add(now.Add(reseedEvery), o.reseed)
}

// tend pings the nodes whose turn it is (origins A15).
func (o *Overlay) tend(now time.Time) {
	for {
		r, due := o.table.Due(now)
		if !due {
			return
		}
		if !o.mayAsk(now, r) {
			o.table.Remove(now, r.ID())
			continue
		}
		o.greet(now, r)
	}
}

// keepFresh draws a random query when nobody has looked anything up for a while
// (origins A16).
func (o *Overlay) keepFresh(now time.Time) {
	at := o.looked.Add(refreshAfter)
	if o.looked.IsZero() {
		at = now.Add(refreshAfter)
	}
	if !now.Before(at) {
		o.lookAround(now, kad.Random(o.rng))
		at = now.Add(refreshAfter)
	}
	o.timers.add(at, o.keepFresh)
}

// lookAround looks something up for what it brings into the table.
func (o *Overlay) lookAround(now time.Time, target id.ID) {
	if o.running && o.table.Len() > 0 {
		o.lookup(now, target, func(time.Time, []*enr.Record, []*enr.Record) {})
	}
}
