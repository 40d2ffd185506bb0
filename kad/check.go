package kad

import (
	"math/bits"
	"time"

	"github.com/ropewalk/ropewalk/enr"
)

// pace is when nodes of one kind are checked. Owner: Table.
type pace struct {
	next  time.Time // the pause is over
	least time.Time // no node is due before; zero: none is
}

func (p *pace) deadline() time.Time {
	if p.least.IsZero() {
		return time.Time{}
	}
	return later(p.next, p.least)
}

func (p *pace) atMost(due time.Time) {
	if p.least.IsZero() || due.Before(p.least) {
		p.least = due
	}
}

// schedule sets when a member is checked next.
func (t *Table) schedule(e *entry, due time.Time) {
	e.due = due
	switch {
	case e.cached:
	case e.settled():
		t.later.atMost(due)
	default:
		t.soon.atMost(due)
	}
}

// Due names a node to check, and whether there is one: what comes of it is told to Alive
// or Failed. Until then, for a while, it is not named again.
func (t *Table) Due(now time.Time) (*enr.Record, bool) {
	for _, p := range [...]*pace{&t.soon, &t.later} {
		at := p.deadline()
		if at.IsZero() || now.Before(at) {
			continue
		}
		e := t.longest(p)
		if e == nil || now.Before(e.due) {
			continue
		}
		e.checked, e.due = now, now.Add(patience)
		p.next = now.Add(t.pause(p))
		t.longest(p)
		return e.record, true
	}
	return nil, false
}

// Deadline is when Due may have somebody; zero when there is nobody to check.
func (t *Table) Deadline() time.Time {
	soon, later := t.soon.deadline(), t.later.deadline()
	if soon.IsZero() || !later.IsZero() && later.Before(soon) {
		return later
	}
	return soon
}

// longest is the member of a kind that has been due for longest. It works the pace's
// least out anew.
func (t *Table) longest(p *pace) (first *entry) {
	p.least = time.Time{}
	for i := range t.buckets {
		for _, e := range t.buckets[i].members {
			if e.settled() == (p == &t.later) && (first == nil || e.due.Before(first.due)) {
				first = e
			}
		}
	}
	if first != nil {
		p.least = first.due
	}
	return first
}

// pause is the time to the next check of a kind.
func (t *Table) pause(p *pace) time.Duration {
	most := newPause
	switch {
	case t.outage.most():
		most = cutOffPause
	case p == &t.later:
		most = provenPause
	case t.live < hungry:
		most = hungryPause
	}
	return time.Duration(t.rng.Int64N(int64(most)))
}

// outage watches whether it is us who are cut off. Owner: Table.
type outage struct {
	last    uint16 // outcomes of checks of nodes that had answered before, a bit each: 1 failed
	inRow   int    // failures since anybody answered
	since   time.Time
	dropped int // since then
}

// alive notes that somebody answered.
func (o *outage) alive() { o.inRow = 0 }

// outcome notes what came of a question to a node.
func (o *outage) outcome(e *entry, good bool) {
	if e.seen.IsZero() {
		return // who never answered says nothing about us
	}
	o.last <<= 1
	if !good {
		o.last |= 1
		o.inRow++
	}
}

// most tells whether most of the last checks failed.
func (o *outage) most() bool { return bits.OnesCount16(o.last) > 8 }

// silent tells whether nobody answers any more.
func (o *outage) silent() bool { return o.inRow >= silentFails }

// mayDrop tells whether a node that had answered may be dropped from a table of n.
func (o *outage) mayDrop(now time.Time, n int) bool {
	if o.silent() {
		return false
	}
	if now.Sub(o.since) >= dropEvery {
		o.since, o.dropped = now, 0
	}
	if o.dropped >= max(1, n/dropShare) {
		return false
	}
	o.dropped++
	return true
}
