package peer

import (
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Next takes the message that the writer of c should write now. busy are the lanes
// whose wire is full; they are passed over. False means there is nothing: the
// table will name c in TakeReady when there is, and after a Freed event the world
// asks again by itself. A writer that asks says by it that it has written what it
// got before, on lanes that are not busy.
func (t *Table) Next(now time.Time, c link.Conn, busy link.LaneSet) (link.Msg, bool) {
	p, ok := t.conns.Get(c)
	if !ok || p.closing {
		return link.Msg{}, false
	}
	bulk := t.turnBulk(now, p, busy)
	t.expire(now, p)
	lv, ok := p.chooseLevel(busy, bulk)
	if !ok {
		p.idle = true
		return link.Msg{}, false
	}
	l := p.chooseLane(lv, busy, bulk)
	n := l.q.head(lv, bulk)
	l.q.note(n, bulk)
	i := l.q.q[n].pop()
	m := link.Msg{Lane: l.lane, Op: link.Data, Code: i.code, Data: i.data, Tag: i.tag, Own: i.own}
	l.q.deficit[lv] -= i.cost()
	if n >= ordinaryBulkQ {
		t.holdBulk(now, p, l.lane)
	}
	t.forget(p, l, i)
	p.idle, p.movedAt = false, now
	p.out++
	return m, true
}

// note counts how long ordinary messages have gone before spare ones.
func (s *queues) note(n int, bulk bool) {
	if n != ordinaryQ && n != ordinaryBulkQ {
		s.run = 0
	} else if s.older(spareQ, spareBulkQ, bulk) >= 0 {
		s.run++
	}
}

// expire drops what became worth nothing while it waited, as far as it is about to
// be written.
func (t *Table) expire(now time.Time, p *Peer) {
	at := t.stamp(now)
	for i := range p.lanes {
		l := &p.lanes[i]
		for n := ordinaryQ; n < queueCount && l.q != nil; n++ {
			gone := 0
			for l.q != nil && l.q.q[n].head != nil && l.q.q[n].head.until != 0 && l.q.q[n].head.until <= at {
				t.forget(p, l, l.q.q[n].pop())
				gone++
			}
			if gone > 0 {
				t.cfg.Trace.Emit(now, trace.Event{Strand: "peer", Kind: "expired", Peer: p.ID(), Topic: t.cfg.Protocols[l.lane].Name, N: int64(gone), Err: classOf(n).String()})
			}
		}
	}
}

func classOf(queue int) Class {
	if queue >= ordinaryBulkQ {
		return Class(queue - spareQ)
	}
	return Class(queue)
}

// chooseLevel says which level goes now: the pressing one, unless it has had its
// run while patient messages waited. False when nothing can go.
func (p *Peer) chooseLevel(busy link.LaneSet, bulk bool) (level, bool) {
	var waits [levels]bool
	for i := range p.lanes {
		l := &p.lanes[i]
		if l.q == nil || busy.Has(l.lane) {
			continue
		}
		waits[pressing] = waits[pressing] || l.q.q[urgentQ].msgs > 0
		waits[patient] = waits[patient] || l.q.head(patient, bulk) >= 0
	}
	switch {
	case waits[pressing] && (!waits[patient] || p.urgentRun < urgentRunMax):
		if waits[patient] {
			p.urgentRun++
		} else {
			p.urgentRun = 0
		}
		return pressing, true
	case waits[patient]:
		p.urgentRun = 0
		return patient, true
	}
	return 0, false
}

// chooseLane is deficit round robin within a level: the lane in turn earns a
// quantum and keeps its turn while its earnings cover its next message. Some lane
// must have a message that can go.
func (p *Peer) chooseLane(lv level, busy link.LaneSet, bulk bool) *lane {
	for {
		// One full round; a message larger than a quantum may need several, and
		// rounds that would only earn are skipped in one step.
		skip := -1
		for range p.lanes {
			l := &p.lanes[p.turn[lv]]
			if n := l.can(lv, busy, bulk); n >= 0 {
				if !p.earned[lv] {
					p.earned[lv] = true
					l.q.deficit[lv] += quantumBytes
				}
				short := l.q.q[n].head.cost() - l.q.deficit[lv]
				if short <= 0 {
					return l
				}
				if rounds := (short - 1) / quantumBytes; skip < 0 || rounds < skip {
					skip = rounds
				}
			}
			p.pass(lv)
		}
		if skip > 0 {
			p.earn(lv, busy, bulk, skip*quantumBytes)
		}
	}
}

// can is the queue of the lane whose head could go; -1 when nothing can.
func (l *lane) can(lv level, busy link.LaneSet, bulk bool) int {
	if l.q == nil || busy.Has(l.lane) {
		return -1
	}
	return l.q.head(lv, bulk)
}

// pass gives the turn to the next lane.
func (p *Peer) pass(lv level) {
	p.earned[lv] = false
	p.turn[lv]++
	if int(p.turn[lv]) >= len(p.lanes) {
		p.turn[lv] = 0
	}
}

// earn adds to what every waiting lane may send.
func (p *Peer) earn(lv level, busy link.LaneSet, bulk bool, bytes int) {
	for i := range p.lanes {
		if l := &p.lanes[i]; l.can(lv, busy, bulk) >= 0 {
			l.q.deficit[lv] += bytes
		}
	}
}
