package discv5

import (
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/trace"
)

// lookup is a search under way.
type lookup struct {
	search *kad.Search
	target id.ID
	ticket id.Ticket // zero: the table's own
	since  time.Time
	over   bool
}

// Lookup searches the network for the nodes nearest to a target, ourselves left out. Its
// answer has at most 16, the nearest first.
func (d *Discovery) Lookup(now time.Time, t id.Ticket, target id.ID) News {
	d.begin(now)
	switch {
	case !d.running:
		d.news.Answers = append(d.news.Answers, Answer{Ticket: t, Err: ErrStopped})
	case len(d.lookups) >= lookupsMax:
		d.news.Answers = append(d.news.Answers, Answer{Ticket: t, Err: ErrBusy})
	default:
		d.look(now, t, target)
	}
	return d.said
}

// look begins a search.
func (d *Discovery) look(now time.Time, t id.Ticket, target id.ID) {
	l := &lookup{target: target, ticket: t, since: now}
	l.search = kad.NewSearch(now, kad.SearchConfig{
		Self: d.self, Target: target, Size: d.table.Size(), Localnet: d.cfg.Localnet,
	}, d.table.Closest(target, kad.BucketMax, false))
	d.lookups = append(d.lookups, l)
	d.further(now, l)
}

// further asks whom the search names, and ends it when it is done.
func (d *Discovery) further(now time.Time, l *lookup) {
	for !l.over {
		next := l.search.Next(now)
		if len(next) == 0 {
			break
		}
		// A request that fails at once comes back before the next is made.
		for _, r := range append([]*enr.Record(nil), next...) {
			c := d.request(wire.FindNode, step, id.Ticket{}, r)
			c.lookup = l
			d.find(now, c, kad.Distances(l.target, r.ID()))
		}
	}
	if !l.over && l.search.Done() {
		d.looked(now, l)
	}
}

// stepped takes the outcome of a lookup's request.
func (d *Discovery) stepped(now time.Time, c *call, a Answer) {
	l := c.lookup
	if l.over {
		return
	}
	if a.Err != nil {
		l.search.Failed(now, c.to.ID())
	} else {
		l.search.Answered(now, c.to.ID(), a.Records)
	}
	d.stale = true
}

// advanceLookups has the searches go on that something happened to.
func (d *Discovery) advanceLookups(now time.Time) {
	for d.stale {
		d.stale = false
		for i := 0; i < len(d.lookups); i++ {
			if l := d.lookups[i]; !l.over {
				d.further(now, l)
			}
		}
		kept := d.lookups[:0]
		for _, l := range d.lookups {
			if !l.over {
				kept = append(kept, l)
			}
		}
		clear(d.lookups[len(kept):])
		d.lookups = kept
	}
}

// looked reports a search's end.
func (d *Discovery) looked(now time.Time, l *lookup) {
	l.over, d.stale = true, true
	found := l.search.Closest()
	d.stats.Lookups++
	d.emit(now, trace.Event{Kind: "lookup", Peer: l.target, N: int64(len(found)), Ticket: l.ticket, Fine: true}, noAddr)
	if l.ticket.IsZero() {
		d.filled(now)
		return
	}
	d.news.Answers = append(d.news.Answers, Answer{Ticket: l.ticket, Records: found})
}
