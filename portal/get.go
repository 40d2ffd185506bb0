package portal

import (
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/trace"
)

// find is a content lookup: first our own store, then the network. All who ask for the
// same content share one.
//
// The first node asked has a head start, and while a stream brings the content nobody
// else is asked for a while: three nodes asked at once would send large content thrice.
// Nothing counts as found before it is checked; who sends something else is blamed, and
// the search goes on.
type find struct {
	o     *Overlay
	key   []byte
	point id.ID
	askers
	search *kad.Search
	diary  *Trace
	held   []*enr.Record // whom the search named and nobody has asked yet
	asked  int
	alone  time.Time // until then nobody else is asked
	flying []*enr.Record
	// fetching are streams under way, spare those that nodes keep for us meanwhile.
	fetching []*intake
	spare    []spare
	checking int
	lacked   []*enr.Record // answered, and had nothing
	crowded  []*enr.Record // of those, who may have had no room for one more stream to us
	rounds   int           // of asking those again
	doubt    bool          // something came that could not be judged
	wake     *timer
}

// askers are who waits for a lookup.
type askers struct{ waiting []asker }

type asker struct {
	v       *verb
	tracing bool
}

// get answers a verb with content from here or from the network.
func (o *Overlay) get(now time.Time, v *verb, key []byte, point id.ID, tracing bool) {
	if value, ok := o.cache.get(key); ok {
		d := o.diary(now, point)
		d.here()
		a := Answer{Key: key, Value: value}
		if tracing {
			a.Trace = d
		}
		v.answer(a)
		return
	}
	if f, ok := o.finds.Get(string(key)); ok {
		f.waiting = append(f.waiting, asker{v, tracing})
		return
	}
	f := &find{o: o, key: key, point: point, askers: askers{[]asker{{v, tracing}}}, diary: o.diary(now, point)}
	if !o.admit(now, f.start) {
		v.answer(Answer{Key: key, Err: ErrBusy})
	}
}

// start looks into the store, unless another lookup for the same began meanwhile.
func (f *find) start(now time.Time) {
	o := f.o
	if g, ok := o.finds.Get(string(f.key)); ok {
		g.waiting = append(g.waiting, f.waiting...)
		return
	}
	o.finds.Put(string(f.key), f)
	o.ask(content.Ask{Verb: content.Get, IDs: []id.ID{f.point}}, func(now time.Time, a content.Answer) {
		switch {
		case f.over():
		case a.Err == nil && under(a.Item, f.key):
			f.diary.here()
			f.end(now, Answer{Value: a.Item.Value})
		case !o.running:
			f.end(now, Answer{Err: ErrNotFound})
		default:
			f.walk(now)
		}
	})
}

func (f *find) over() bool {
	g, ok := f.o.finds.Get(string(f.key))
	return !ok || g != f
}

// walk starts the search in the network.
func (f *find) walk(now time.Time) {
	o := f.o
	o.stats.Lookups++
	n := kad.BucketMax
	if o.cfg.Network.Radiusless { // nodes name nobody: whoever we know may have it
		n = 4 * kad.BucketMax
	}
	start := o.table.Closest(f.point, n, false)
	cfg := o.searchConfig(f.point)
	cfg.K, cfg.Paths, cfg.Hedge = n, o.cfg.Paths, hedgeAfter
	f.search = kad.NewSearch(now, cfg, start)
	f.diary.response(o.cfg.Self, 0, start)
	f.alone = now.Add(headStart)
	f.step(now)
}

// step asks whom the search names, as far as others may be asked now, and ends a search
// that has nothing left to wait for.
func (f *find) step(now time.Time) {
	if f.over() {
		return
	}
	o := f.o
	o.timers.stop(f.wake)
	for next := f.search.Next(now); len(next) > 0; next = f.search.Next(now) {
		f.held = append(f.held, next...)
		for _, r := range next {
			if o.silent(r) { // it is asked, and not waited for
				f.search.Slow(r.ID())
			}
		}
	}
	if f.asked == 0 && len(f.held) > 0 {
		f.ask(now, f.first(now))
	}
	if !now.Before(f.alone) {
		if len(f.fetching) < 2 && f.openSpare(now) && len(f.fetching) > 0 {
			f.alone = now.Add(hedgeAfter)
		} else {
			held := f.held
			f.held = nil
			for _, r := range held {
				f.ask(now, r)
			}
		}
	}
	if f.search.Done() && len(f.held)+len(f.flying)+len(f.fetching)+len(f.spare)+f.checking == 0 {
		f.none(now)
		return
	}
	f.sleep(now)
}

// sleep has step called when something changes by itself.
func (f *find) sleep(now time.Time) {
	at := f.search.Deadline()
	if (len(f.held) > 0 || len(f.spare) > 0) && now.Before(f.alone) && (at.IsZero() || f.alone.Before(at)) {
		at = f.alone
	}
	if !at.IsZero() {
		f.wake = f.o.timers.add(at, f.step)
	}
}

// first takes the best of those the search named: the nearest whose radius covers the
// content, else the nearest; one that was silent lately only for want of others.
func (f *find) first(now time.Time) *enr.Record {
	best := 0
	rank := func(i int) (n int) {
		if covers, _ := f.o.covers(now, f.held[i].ID(), f.point); covers {
			n++
		}
		if !f.o.silent(f.held[i]) {
			n += 2
		}
		return n
	}
	for i := 1; i < len(f.held); i++ {
		a, b := rank(i), rank(best)
		if a > b || a == b && id.CompareDistance(f.point, f.held[i].ID(), f.held[best].ID()) < 0 {
			best = i
		}
	}
	r := f.held[best]
	f.held = append(f.held[:best], f.held[best+1:]...)
	return r
}

// ask asks one node.
func (f *find) ask(now time.Time, r *enr.Record) {
	f.asked++
	f.flying = append(f.flying, r)
	p := f.o.peer(r.ID(), r)
	p.wanted++
	busy := p.wanted+p.receives > crowdedFrom
	f.o.findContent(now, r, f.key, func(now time.Time) { f.late(now, r) }, func(now time.Time, got found, err error) {
		p.wanted--
		f.flying = without(f.flying, r)
		switch {
		case f.over():
		case err != nil:
			f.failed(now, r, err)
		case got.value != nil:
			f.o.hold(p, len(got.value))
			f.judge(now, r, got.value, false)
		case got.stream:
			f.spare = append(f.spare, spare{r, got.conn, now})
			if len(f.fetching) == 0 {
				f.openSpare(now)
			}
			f.step(now)
		default:
			if busy && len(f.crowded) < lackedMax {
				f.crowded = append(f.crowded, r)
			}
			f.nothing(now, r, got.records)
		}
	})
}

// late takes that a node is slow: others are asked beside it.
func (f *find) late(now time.Time, r *enr.Record) {
	if f.over() {
		return
	}
	f.search.Slow(r.ID())
	f.goOn(now)
	f.step(now)
}

// goOn has others asked now, unless somebody is bringing it.
func (f *find) goOn(now time.Time) {
	if len(f.fetching)+f.checking == 0 {
		f.alone = now
	}
}

// nothing takes the answer of a node that does not have it.
func (f *find) nothing(now time.Time, r *enr.Record, named []*enr.Record) {
	f.diary.response(r.ID(), now.Sub(f.diary.Started), named)
	f.diary.node(r)
	if len(f.lacked) < lackedMax {
		f.lacked = append(f.lacked, r)
	}
	f.search.Answered(now, r.ID(), named)
	f.goOn(now)
	f.step(now)
}

// failed takes that a node did not give what it should. It never ends the search.
func (f *find) failed(now time.Time, r *enr.Record, err error) {
	f.diary.failure(r, now.Sub(f.diary.Started), err)
	f.search.Failed(now, r.ID())
	f.goOn(now)
	f.step(now)
}

// none ends a search that found nothing, once those have been asked again who were busy
// with other streams to us: a node without room for a stream answers as one that does not
// have the content.
func (f *find) none(now time.Time) {
	if len(f.crowded) > 0 && f.rounds < crowdedRounds {
		again := f.crowded
		f.crowded = nil
		f.rounds++
		f.wake = f.o.timers.add(now.Add(time.Duration(f.rounds)*crowdedAfter), func(now time.Time) {
			for _, r := range again {
				f.ask(now, r)
			}
		})
		return
	}
	err := ErrNotFound
	if f.doubt {
		err = ErrUndecided
	}
	f.end(now, Answer{Err: err})
}

// end answers all who wait, and lets go of what is under way.
func (f *find) end(now time.Time, a Answer) {
	o := f.o
	o.finds.Delete(string(f.key))
	o.timers.stop(f.wake)
	if f.search != nil {
		f.search.Stop()
		o.looked = now
	}
	for _, r := range f.flying {
		f.diary.cancel(r)
	}
	for _, in := range f.fetching {
		if in != nil && !in.ended {
			in.drop(now)
		}
	}
	f.freeSpare(now)
	f.fetching, f.held = nil, nil
	a.Key = f.key
	for _, w := range f.waiting {
		b := a
		if w.tracing {
			b.Trace = f.diary
		}
		w.v.answer(b)
	}
	o.emit(now, trace.Event{Kind: "lookup", Peer: a.From, ID: string(f.point[:]), N: int64(len(a.Value)), Err: text(a.Err)})
	o.release()
}

// without takes an element out, if it is there. The order stays.
func without[T comparable](all []T, x T) []T {
	for i := range all {
		if all[i] == x {
			return append(all[:i], all[i+1:]...)
		}
	}
	return all
}
