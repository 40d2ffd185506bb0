package discv5

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/trace"
)

var noAddr netip.AddrPort

// offer shows a verified record to the table.
func (d *Discovery) offer(now time.Time, r *enr.Record, how kad.How) bool {
	if _, ok := d.cfg.endpoint(r); !ok {
		return false
	}
	took := d.table.Add(now, r, how)
	if took && how == kad.Told && d.table.Live() < fillBelow {
		d.soon(now.Add(fillFirst))
	}
	return took
}

// soon has the table filled no later than that.
func (d *Discovery) soon(at time.Time) {
	if d.filling {
		return
	}
	d.fillAt = earlier(d.fillAt, at)
}

// alive notes that a session's node has answered a request of ours. It counts when it did
// so from where its record says that it is.
func (d *Discovery) alive(now time.Time, s *session, rtt time.Duration) {
	if !lives(s.record, s.at) {
		return
	}
	before, there := d.table.Get(s.who)
	if !there || !lives(before.Record, s.at) {
		return
	}
	d.table.Alive(now, s.who, rtt)
	if after, _ := d.table.Get(s.who); after.Live && !before.Live {
		d.news.Alive = append(d.news.Alive, after.Record)
		d.emit(now, trace.Event{Kind: "alive", Peer: s.who, N: int64(d.table.Live())}, s.at)
	}
}

// ping sends PING to a session's node.
func (d *Discovery) ping(now time.Time, s *session, why purpose, t id.Ticket, to *enr.Record) {
	c := d.request(wire.Ping, why, t, to)
	c.s, c.text = s, wire.AppendPing(nil, wire.NumberedID(c.n), d.record.Seq())
	d.ask(now, c)
}

// ponged takes PONG: the node is alive, says where it sees us, and how new its record
// is.
func (d *Discovery) ponged(now time.Time, c *call, m *wire.Message) {
	s := c.s
	us := plain(m.At)
	if us.IsValid() && us.Port() != 0 {
		d.news.Reports = append(d.news.Reports, Report{s.who, s.at, us})
	}
	d.answered(now, c, Answer{Pong: Pong{m.Seq, us}})
	d.newer(now, s, m.Seq)
}

// newer fetches the record of a node of the table that says it has a newer one.
func (d *Discovery) newer(now time.Time, s *session, seq uint64) {
	if !d.table.Refetch(now, s.who, seq) {
		return
	}
	c := d.request(wire.FindNode, refetch, id.Ticket{}, s.record)
	c.s = s
	d.find(now, c, []uint16{0})
}

// refetched takes it.
func (d *Discovery) refetched(now time.Time, c *call, a Answer) {
	for _, r := range a.Records {
		d.renew(now, c.s, r)
	}
}

// renew takes a newer record of a session's node.
func (d *Discovery) renew(now time.Time, s *session, r *enr.Record) {
	if s.record == nil || s.record.Seq() < r.Seq() {
		s.record = r
	}
	if d.table.Has(r.ID()) {
		d.offer(now, r, kad.Told)
	}
}

// advanceTable pings whom the table wants to know about, and fills it when that is due.
func (d *Discovery) advanceTable(now time.Time) {
	for range checksAtOnce {
		r, ok := d.table.Due(now)
		if !ok {
			break
		}
		c := d.request(wire.Ping, check, id.Ticket{}, r)
		c.text = wire.AppendPing(nil, wire.NumberedID(c.n), d.record.Seq())
		if at, ok := d.cfg.endpoint(r); ok { // there, wherever else it may be heard from
			c.s = d.sessionAt(place{r.ID(), at}, r)
		}
		d.ask(now, c)
	}
	if d.filling || now.Before(d.fillAt) {
		return
	}
	if d.table.Live() == 0 {
		d.remind(now)
	}
	target := d.self
	switch d.fills++; {
	case d.fills%2 == 1:
	case d.table.Live() < fillBelow:
		// Whoever knows only nodes near itself, and those only us, hears of others when
		// it asks for what is far: half of all points.
		target = kad.Random(d.rng)
	default:
		// The far half of the space is one bucket: buckets are drawn, not points.
		target = kad.RandomAt(d.self, 256-d.rng.IntN(len(d.table.Buckets())), d.rng)
	}
	d.filling = true
	d.look(now, id.Ticket{}, target)
}

// filled says when the table is filled next.
func (d *Discovery) filled(now time.Time) {
	d.filling, d.refreshed = false, true
	pause := refreshEvery
	if d.table.Live() < fillBelow {
		d.hunger = min(max(2*d.hunger, fillFirst), fillMost)
		pause = d.hunger
	} else {
		d.hunger = 0
	}
	d.fillAt = now.Add(pause - time.Duration(d.rng.Int64N(int64(pause/4))))
}

// remind offers the table whom we know from before.
func (d *Discovery) remind(now time.Time) {
	for _, all := range [...][]*enr.Record{d.cfg.Bootnodes, d.cfg.Known} {
		for _, r := range all {
			if r != nil && r.ID() != d.self {
				d.offer(now, r, kad.Found)
			}
		}
	}
}

// Random draws up to n live nodes from the table.
func (d *Discovery) Random(n int) []*enr.Record {
	var live []*enr.Record
	for _, b := range d.table.Buckets() {
		for _, e := range b {
			if e.Live {
				live = append(live, e.Record)
			}
		}
	}
	d.rng.Shuffle(len(live), func(i, j int) { live[i], live[j] = live[j], live[i] })
	return live[:min(n, len(live))]
}

// Nodes are the records worth keeping for the next run: those that answered.
func (d *Discovery) Nodes() []*enr.Record { return d.Random(nodesSaved) }

// Add offers a node on the user's word, and tells whether the table learnt something.
func (d *Discovery) Add(now time.Time, r *enr.Record) bool {
	d.see(now)
	took := d.offer(now, r, kad.Found)
	if took {
		d.soon(now)
	}
	return took
}

// Remove takes a node out of the table, and forgets the keys it shares with us.
func (d *Discovery) Remove(now time.Time, who id.ID) {
	d.see(now)
	d.table.Remove(now, who)
	if s := d.sessions.newest[who]; s != nil {
		s.forget()
		d.sessions.spent(s)
	}
}

// Found tells whether a node of the table was found by us, and did not only write to us.
func (d *Discovery) Found(who id.ID) bool {
	e, ok := d.table.Get(who)
	return ok && e.How == kad.Found
}

// Buckets are the table's, the nearest first.
func (d *Discovery) Buckets() [][]kad.Entry { return d.table.Buckets() }

// Closest are the n nodes of the table that are nearest to a target.
func (d *Discovery) Closest(target id.ID, n int) []*enr.Record {
	return d.table.Closest(target, n, false)
}
