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

// putting is a Put that is under way: the store and the offers go side by side.
type putting struct {
	o      *Overlay
	v      *verb
	item   content.Item
	want   int // nodes that are to have it
	result PutResult
	err    error // of the store
	// waits counts what must end before the next step: the store, offers, a lookup, pings.
	storing bool
	flying  int
	slow    int // of flying: by nodes that do not answer
	waits   int
	looked  bool
	looking bool
	next    []*enr.Record // to be offered, the best first
	unsure  []*enr.Record // those whose radius we do not know, for want of better ones
	met     []id.ID       // those in next, unsure, or beyond
	again   []retry
	tries   int
	over    bool
	late    *timer
}

// retry is a node that said "later".
type retry struct {
	to *enr.Record
	n  int
}

// put checks an item, then stores and offers it.
func (o *Overlay) put(now time.Time, v *verb, item content.Item) {
	if o.puts >= putsMax {
		v.answer(Answer{Key: item.Key, Err: ErrBusy})
		return
	}
	o.puts++
	p := &putting{o: o, v: v, item: item, want: o.cfg.Replicas}
	judge := o.check
	if o.cfg.Network.Check == nil {
		judge = func(now time.Time, _, _ []byte, done func(time.Time, error)) { done(now, nil) }
	}
	judge(now, item.Key, item.Value, func(now time.Time, err error) {
		if errors.Is(err, ErrInvalid) {
			p.end(Answer{Err: err})
			return
		}
		p.keep(now)
		p.spread(now)
	})
}

// gossipFor offers an item to its audience.
func (o *Overlay) gossipFor(now time.Time, v *verb, item content.Item) {
	if o.puts >= putsMax {
		v.answer(Answer{Key: item.Key, Err: ErrBusy})
		return
	}
	o.puts++
	p := &putting{o: o, v: v, item: item, looked: true}
	p.next = o.audience(now, item.ID)
	p.want = len(p.next)
	p.limit(now)
	p.step(now)
}

// keep stores the item: what the user gave us wherever it belongs, what is only passed on
// within our radius.
func (p *putting) keep(now time.Time) {
	o := p.o
	if p.item.Class != content.Durable && !o.radius.Covers(o.cfg.Self, p.item.ID) {
		return
	}
	p.storing = true
	o.ask(content.Ask{Verb: content.Put, Item: p.item}, func(now time.Time, a content.Answer) {
		p.storing = false
		p.result.Stored = a.Err == nil
		if !errors.Is(a.Err, content.ErrOutside) {
			p.err = a.Err
		}
		p.step(now)
	})
}

// spread begins with the nodes of the table. For what the user put it first finds those
// nearest to the item: of those in the table most that cover it are on the far side of the
// ring, where only who says that it takes everything does.
func (p *putting) spread(now time.Time) {
	o := p.o
	p.limit(now)
	defer p.step(now)
	if o.cfg.Network.Gossip == content.Random {
		p.consider(now, o.strangers(now, p.item.ID, replicaTries))
	} else {
		p.consider(now, o.table.Closest(p.item.ID, gossipFrom, true))
		if len(p.met) == 0 { // the few there are may have missed a ping
			p.consider(now, o.table.Closest(p.item.ID, gossipFrom, false))
		}
		if p.item.Class == content.Durable && o.running {
			p.looked = true
			p.look(now)
		}
	}
}

// limit bounds how long it takes.
func (p *putting) limit(now time.Time) {
	p.late = p.o.timers.add(now.Add(putWithin), func(time.Time) { p.finish() })
}

// consider sorts nodes that were not met before: who covers the item, and who may.
func (p *putting) consider(now time.Time, nodes []*enr.Record) {
	for _, r := range nodes {
		if slices.Contains(p.met, r.ID()) || !p.o.mayAsk(now, r) {
			continue
		}
		p.met = append(p.met, r.ID())
		switch in, known := p.o.covers(now, r.ID(), p.item.ID); {
		case in:
			p.next = append(p.next, r)
		case !known:
			p.unsure = append(p.unsure, r)
		}
	}
}

// missing is how many more nodes should be offered the item now; nobody before those
// nearest to it are found. One that says that it has the item already counts by half: it
// may say so of everything. However many say so, one more is to take it.
func (p *putting) missing() int {
	if p.looking {
		return 0
	}
	has := min(p.result.Already/2, p.want-1)
	return p.want - p.result.Peers - max(has, 0) - p.flying + min(p.slow, slowMax)
}

// done tells whether nothing is left to wait for. Slow nodes are waited for only as long
// as too few others have the item, or say that they have, or none has taken it.
func (p *putting) done() bool {
	enough := p.result.Peers+p.result.Already >= p.want && p.result.Peers >= min(p.want, 1)
	return !p.storing && (p.flying == 0 && p.waits == 0 || p.flying == p.slow && enough)
}

// best takes the next to be offered the item: one that was silent lately only for want of
// others.
func (p *putting) best() *enr.Record {
	i := max(0, slices.IndexFunc(p.next, func(r *enr.Record) bool { return !p.o.silent(r) }))
	r := p.next[i]
	p.next = slices.Delete(p.next, i, i+1)
	return r
}

// step offers the item to as many as are missing, looks further when the table has too
// few, and ends when nothing is left to do.
func (p *putting) step(now time.Time) {
	if !p.v.open() {
		p.finish()
		return
	}
	for p.missing() > 0 && len(p.next) > 0 && p.tries < replicaTries {
		p.tries++
		p.offer(now, p.best(), 0)
	}
	if p.missing() > 0 && p.waits == 0 && p.tries < replicaTries {
		switch {
		case !p.looked && p.o.running:
			p.looked = true
			p.look(now)
			return
		case len(p.unsure) > 0: // a radius is a hint only
			p.next, p.unsure = append(p.next, p.unsure...), nil
			p.step(now)
			return
		case len(p.again) > 0 && p.flying == p.slow:
			p.retry(now)
		}
	}
	if p.done() {
		p.finish()
	}
}

// offer gives a node the item.
func (p *putting) offer(now time.Time, r *enr.Record, n int) {
	p.flying++
	p.o.noteTold(now, p.item.ID, r.ID())
	slow := 0
	p.o.carry(now, r, &parcel{
		item: p.item,
		void: func() bool { return p.over },
		slow: func(now time.Time) {
			if slow == 0 && !p.over {
				slow = 1
				p.slow++
				p.step(now)
			}
		},
		done: func(now time.Time, code wire.Code, err error) {
			p.flying--
			p.slow -= slow
			p.count(r, n, code, err)
			p.step(now)
		},
	})
}

// count notes what a node said.
func (p *putting) count(r *enr.Record, n int, code wire.Code, err error) {
	switch code {
	case wire.Accepted:
		p.result.Accepted++
		if err == nil {
			p.result.Peers++
		}
		return
	case wire.Stored:
		p.result.Already++
		return
	case wire.Outside:
		p.result.Outside++
	case wire.Unverifiable:
		p.result.Unverifiable++
	case wire.RateLimited:
		p.result.Limited++
	case wire.InProgress:
		p.result.InProgress++
	default:
		if err == nil {
			p.result.Declined++
		} else if n < silentRetries && unheard(err) {
			p.again = append(p.again, retry{r, n + 1})
		}
	}
	if n < retriesMax && (code == wire.InProgress || code == wire.RateLimited) {
		p.again = append(p.again, retry{r, n + 1})
	}
}

// unheard tells whether an offer ended for want of an answer.
func unheard(err error) bool {
	for _, why := range [...]error{ErrStopped, ErrVersion, ErrBusy, ErrArguments, ErrAnswer, ErrEmpty} {
		if errors.Is(err, why) {
			return false
		}
	}
	return true
}

// retry asks those again, after a while, who said that they had no room, or that somebody
// else is sending them the item.
func (p *putting) retry(now time.Time) {
	again := p.again
	p.again = nil
	p.waits++
	wait := time.Duration(again[0].n) * retryAfter
	p.o.timers.add(now.Add(wait), func(now time.Time) {
		p.waits--
		for _, a := range again {
			if p.missing() > 0 {
				p.offer(now, a.to, a.n)
			} else {
				p.again = append(p.again, a)
			}
		}
		p.step(now)
	})
}

// look finds the nodes nearest to the item. A table that holds the whole network has
// nothing to gain from it: there those are asked for their radius of whom we do not know it.
func (p *putting) look(now time.Time) {
	o := p.o
	if o.table.Len() < kad.BucketMax && !o.looked.IsZero() && now.Sub(o.looked) < lookedLately {
		p.ask(now)
		p.step(now)
		return
	}
	p.waits++
	p.looking = true
	o.lookupOver(now, p.item.ID, pathsPut, func(now time.Time, closest, _ []*enr.Record) {
		p.waits--
		p.looking = false
		p.consider(now, closest)
		// An offer tells of a radius as well as a ping does.
		p.next, p.unsure = append(p.next, p.unsure...), nil
		slices.SortFunc(p.next, func(a, b *enr.Record) int { return id.CompareDistance(p.item.ID, a.ID(), b.ID()) })
		if len(closest) > kad.BucketMax {
			p.scatter(min(len(closest), len(p.next)))
		}
		p.step(now)
	})
}

// scatter is for an item around which nodes lie denser than by chance, so that the search
// was widened: the nearest may all be there to hide it. It goes to as many of the region as
// are tried at all, in an order that nobody knows (threats, "region sybils").
func (p *putting) scatter(region int) {
	p.want = max(p.want, min(region, replicaTries))
	p.o.rng.Shuffle(region, func(i, j int) { p.next[i], p.next[j] = p.next[j], p.next[i] })
}

// ask pings those whose radius is not known.
func (p *putting) ask(now time.Time) {
	for _, r := range p.unsure {
		p.waits++
		p.o.ping(now, r, wire.TypeClient, nil, func(now time.Time, _ Pong, err error) {
			p.waits--
			if in, known := p.o.covers(now, r.ID(), p.item.ID); err == nil && (in || !known) {
				p.next = append(p.next, r)
			}
			p.step(now)
		})
	}
	p.unsure = nil
}

// finish answers with what was reached.
func (p *putting) finish() { p.end(Answer{Put: p.result, Err: p.err}) }

// end answers once.
func (p *putting) end(a Answer) {
	if p.over {
		return
	}
	p.over = true
	p.o.puts--
	p.o.timers.stop(p.late)
	a.Key = p.item.Key
	p.v.answer(a)
}
