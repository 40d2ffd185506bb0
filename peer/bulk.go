package peer

import (
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// place is a right to write bulk. It is given back when the writer comes back for
// more, or to somebody else after bulkHold, so that a link that is stuck holds it
// no longer than that.
type place struct {
	p     *Peer
	lane  link.Lane
	until time.Time
	used  bool // the writer has its message; else it was only called
}

// places are the rights that are given out, and who waits for one.
type places struct {
	held    []place
	waiting []*Peer // in the order in which they came
}

func (s *places) of(p *Peer) int {
	for i := range s.held {
		if s.held[i].p == p {
			return i
		}
	}
	return -1
}

// turnBulk tells whether p may write bulk now, and enters it for a place if not.
func (t *Table) turnBulk(now time.Time, p *Peer, busy link.LaneSet) bool {
	at := t.bulk.of(p)
	if at >= 0 && t.bulk.held[at].used && !busy.Has(t.bulk.held[at].lane) {
		t.release(now, at) // it has written
		at = t.bulk.of(p)  // it may have been the next, too
	}
	able := false
	for i := range p.lanes {
		l := &p.lanes[i]
		able = able || l.q != nil && l.q.bulks() > 0 && !busy.Has(l.lane)
	}
	switch {
	case at >= 0 && !t.bulk.held[at].used:
		if !able {
			t.release(now, at) // what it was called for was cancelled
		}
		return able
	case !able:
		return false
	case t.cfg.BulkLinks < 0 || len(t.bulk.held) < t.cfg.BulkLinks:
		return true
	}
	if !p.waiting {
		p.waiting = true
		t.bulk.waiting = append(t.bulk.waiting, p)
	}
	return false
}

// holdBulk enters that p's writer writes bulk from now on.
func (t *Table) holdBulk(now time.Time, p *Peer, ln link.Lane) {
	if t.cfg.BulkLinks < 0 {
		return
	}
	s := place{p: p, lane: ln, until: now.Add(bulkHold), used: true}
	if at := t.bulk.of(p); at >= 0 {
		t.bulk.held[at] = s
		return
	}
	t.bulk.held = append(t.bulk.held, s)
}

// release takes a place back and calls the first who waits for one.
func (t *Table) release(now time.Time, at int) {
	last := len(t.bulk.held) - 1
	t.bulk.held[at] = t.bulk.held[last]
	t.bulk.held[last] = place{}
	t.bulk.held = t.bulk.held[:last]
	for len(t.bulk.waiting) > 0 {
		p := t.bulk.waiting[0]
		t.unwait(p)
		if p.closing || p.bulks() == 0 {
			continue
		}
		t.bulk.held = append(t.bulk.held, place{p: p, until: now.Add(bulkHold)})
		p.movedAt = now // it was not the link that took nothing
		t.wake(p)
		return
	}
}

// unwait takes p out of the line.
func (t *Table) unwait(p *Peer) {
	if !p.waiting {
		return
	}
	p.waiting = false
	for i, q := range t.bulk.waiting {
		if q == p {
			n := copy(t.bulk.waiting[i:], t.bulk.waiting[i+1:])
			t.bulk.waiting[i+n] = nil
			t.bulk.waiting = t.bulk.waiting[:i+n]
			break
		}
	}
	if len(t.bulk.waiting) == 0 {
		t.bulk.waiting = nil
	}
}

// unbulk takes p out of everything that concerns bulk.
func (t *Table) unbulk(now time.Time, p *Peer) {
	t.unwait(p)
	if at := t.bulk.of(p); at >= 0 {
		t.release(now, at)
	}
}

// bulkDue is when a place passes to somebody who waits; zero when nobody does.
func (t *Table) bulkDue() (at time.Time) {
	if len(t.bulk.waiting) == 0 {
		return at
	}
	for i := range t.bulk.held {
		if s := &t.bulk.held[i]; at.IsZero() || s.until.Before(at) {
			at = s.until
		}
	}
	return at
}

// passBulk passes on the places that were held long enough.
func (t *Table) passBulk(now time.Time) {
	for len(t.bulk.waiting) > 0 {
		at := -1
		for i := range t.bulk.held {
			if !t.bulk.held[i].until.After(now) {
				at = i
				break
			}
		}
		if at < 0 {
			return
		}
		t.release(now, at)
	}
}
