package peer

import "github.com/ropewalk/ropewalk/link"

// Next takes the message that the writer of c should write now. busy are the lanes
// whose wire is full; they are passed over. False means there is nothing: the
// table will name c in TakeReady when there is, and after a Freed event the world
// asks again by itself.
func (t *Table) Next(c link.Conn, busy link.LaneSet) (link.Msg, bool) {
	p, ok := t.conns.Get(c)
	if !ok {
		return link.Msg{}, false
	}
	if p.closing {
		return link.Msg{}, false
	}
	cl, ok := p.chooseClass(busy)
	if !ok {
		p.idle = true
		return link.Msg{}, false
	}
	l := p.chooseLane(cl, busy)
	i := l.q[cl].pop()
	m := link.Msg{Lane: l.lane, Op: link.Data, Code: i.code, Data: i.data}
	l.deficit[cl] -= i.cost()
	if l.q[cl].msgs == 0 {
		l.deficit[cl] = 0 // an idle lane saves nothing up
	}
	t.account(p, -1, -i.cost())
	t.spare.put(i)
	p.idle, p.moved = false, true
	return m, true
}

// chooseClass says which class goes now: urgent, unless it has had its run while
// ordinary messages waited. False when nothing can go.
func (p *Peer) chooseClass(busy link.LaneSet) (class, bool) {
	var waits [classes]bool
	for i := range p.lanes {
		l := &p.lanes[i]
		if busy.Has(l.lane) {
			continue
		}
		waits[urgent] = waits[urgent] || l.q[urgent].msgs > 0
		waits[ordinary] = waits[ordinary] || l.q[ordinary].msgs > 0
	}
	switch {
	case waits[urgent] && (!waits[ordinary] || p.urgentRun < urgentRunMax):
		if waits[ordinary] {
			p.urgentRun++
		} else {
			p.urgentRun = 0
		}
		return urgent, true
	case waits[ordinary]:
		p.urgentRun = 0
		return ordinary, true
	}
	return 0, false
}

// chooseLane is deficit round robin within a class: the lane in turn earns a
// quantum and keeps its turn while its earnings cover its next message. Some lane
// must have a message and not be busy.
func (p *Peer) chooseLane(cl class, busy link.LaneSet) *lane {
	for {
		// One full round; a message larger than a quantum may need several, and
		// rounds that would only earn are skipped in one step.
		skip := -1
		for range p.lanes {
			l := &p.lanes[p.turn[cl]]
			if head := l.q[cl].head; head != nil && !busy.Has(l.lane) {
				if !p.earned[cl] {
					p.earned[cl] = true
					l.deficit[cl] += quantumBytes
				}
				short := head.cost() - l.deficit[cl]
				if short <= 0 {
					return l
				}
				if rounds := (short - 1) / quantumBytes; skip < 0 || rounds < skip {
					skip = rounds
				}
			}
			p.pass(cl)
		}
		if skip > 0 {
			p.earn(cl, busy, skip*quantumBytes)
		}
	}
}

// pass gives the turn to the next lane.
func (p *Peer) pass(cl class) {
	p.earned[cl] = false
	p.turn[cl]++
	if int(p.turn[cl]) >= len(p.lanes) {
		p.turn[cl] = 0
	}
}

// earn adds to what every waiting lane may send.
func (p *Peer) earn(cl class, busy link.LaneSet, bytes int) {
	for i := range p.lanes {
		if l := &p.lanes[i]; l.q[cl].msgs > 0 && !busy.Has(l.lane) {
			l.deficit[cl] += bytes
		}
	}
}
