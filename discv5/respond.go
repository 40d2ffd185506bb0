package discv5

import (
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

// response is a handshake of others whose job runs.
type response struct {
	place
	packet *wire.Packet
	held   []*wire.Packet // that came meanwhile; ≤ heldEach
}

// responded is the job's result.
type responded struct {
	record *enr.Record
	keys   wire.Keys
	err    error
}

// answer takes a handshake packet: the answer to a challenge of ours. Its signature, its
// record and its keys are worked out in a job.
func (d *Discovery) answer(now time.Time, p place, packet *wire.Packet) {
	c := d.challenges.get(now, p)
	switch {
	case c == nil, c.tried >= challengeTries, c.record == nil && len(packet.Record) == 0,
		len(d.responses) >= respondMax, d.responding[p] != nil:
		d.stats.Dropped++
		return
	}
	c.tried++
	r := &response{place: p, packet: packet.Clone()}
	t := d.tickets.Next()
	d.responses[t], d.responding[p] = r, r
	known, checked := c.record, d.verified.get(packet.Record)
	suite, key, data, verify := d.suite, d.cfg.Key, c.data, d.cfg.Verify
	raw, signature, ephemeral := r.packet.Record, r.packet.Signature, r.packet.Ephemeral
	d.news.Jobs = append(d.news.Jobs, work.Job{Ticket: t, Run: func() any {
		out := responded{record: known}
		if len(raw) > 0 {
			if checked == nil {
				if checked, out.err = decode(raw, verify); out.err != nil {
					return out
				}
			}
			if known == nil || checked.Seq() > known.Seq() {
				out.record = checked
			}
		}
		if out.record.ID() != p.who {
			out.err = fmt.Errorf("discv5: record of %s from %s", out.record.ID().Short(), p.who.Short())
			return out
		}
		out.keys, out.err = suite.Respond(key, p.who, out.record.Public(), data, signature, ephemeral)
		return out
	}})
}

// decode reads and verifies a record.
func decode(raw []byte, verify func(*enr.Record) (*enr.Record, error)) (*enr.Record, error) {
	r, err := enr.DecodeUnverified(raw)
	if err != nil {
		return nil, err
	}
	return verify(r)
}

// hold keeps a packet of a node whose handshake's job runs, and tells whether there is
// such a job: the packet may be sealed with the keys that come of it.
func (d *Discovery) hold(p place, packet *wire.Packet) bool {
	r := d.responding[p]
	if r == nil {
		return false
	}
	if len(r.held) >= heldEach || d.held >= heldMax {
		d.stats.Dropped++
		return true
	}
	d.held++
	r.held = append(r.held, packet.Clone())
	return true
}

// responded takes the job's result: the keys hold when they open the packet's message.
func (d *Discovery) responded(now time.Time, r *response, out responded) {
	delete(d.responding, r.place)
	d.held -= len(r.held)
	if out.err != nil {
		d.emit(now, trace.Event{Kind: "handshake_failed", Peer: r.who, Err: out.err.Error(), Side: trace.Remote}, r.at)
		return
	}
	keys := d.suite.Session(out.keys, d.self, r.who, false)
	text, err := keys.Open(nil, r.packet)
	if err != nil {
		d.emit(now, trace.Event{Kind: "handshake_failed", Peer: r.who, Err: err.Error(), Side: trace.Remote}, r.at)
		return
	}
	d.challenges.done(r.place)
	d.verified.put(out.record)
	s := d.sessionAt(r.place, out.record)
	s.push(now, keys, false)
	s.heard = now
	if !d.cfg.exempt(s.at.Addr()) {
		d.sessions.settle(now, s)
	}
	d.stats.Handshakes++
	d.emit(now, trace.Event{Kind: "handshake", Peer: s.who, Side: trace.Remote}, s.at)
	d.in.Nonce = r.packet.Nonce
	d.message(now, s, text)
	for _, p := range r.held {
		d.in.Nonce = p.Nonce
		if text, ok := s.read(now, nil, p); ok {
			d.message(now, s, text)
		} else {
			d.stats.Dropped++
		}
	}
	d.met(now, s)
	d.settled(now, s)
}

// met is a session that somebody else began, once its request is answered: there are
// nodes that take nothing else for an answer. A node that is where its record says is
// offered to the table, and pinged: for the table, and to hear where it sees us. One that
// has no such place asks and is not asked.
func (d *Discovery) met(now time.Time, s *session) {
	if !lives(s.record, s.at) {
		return
	}
	if d.refreshed {
		d.offer(now, s.record, kad.Told)
	}
	if now.Sub(s.greets) < greetEvery || len(d.calls) > callsMax/2 {
		return
	}
	s.greets = now
	d.ping(now, s, greet, id.Ticket{}, s.record)
}
