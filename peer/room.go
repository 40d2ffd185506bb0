package peer

import (
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// room notes the ports of p that have room again.
func (t *Table) room(p *Peer) {
	for _, o := range p.ports {
		if !o.full || !t.roomy(p, o.lane) {
			continue
		}
		o.full = false
		p.full--
		t.rooms = append(t.rooms, o)
	}
}

// roomy tells whether a lane is half empty, and nothing else stands in the way of
// what it will bring.
func (t *Table) roomy(p *Peer, ln link.Lane) bool {
	l := p.lane(ln)
	if l == nil {
		return false
	}
	msgs, bytes := t.cfg.laneBounds(ln)
	mostly := func(have, limit int) bool { return have <= limit/4*3 }
	return l.msgs() <= msgs/2 && l.bytes() <= bytes/2 && mostly(t.bytes, t.cfg.TotalBytes) &&
		(t.cfg.private(ln) || mostly(p.sharedBytes(), t.cfg.QueueBytes) && mostly(p.sharedMsgs(), t.cfg.QueueMsgs))
}

// loosen looks for room everywhere, once the bound on all peers together is met
// again by a quarter.
func (t *Table) loosen() {
	if t.bytes > t.cfg.TotalBytes/4*3 {
		return
	}
	t.tight = false
	for i := range t.conns.Len() {
		if _, p := t.conns.At(i); p.full > 0 {
			t.room(p)
		}
	}
}

// Written says that the writer of c has written everything that Next gave it.
func (t *Table) Written(c link.Conn) {
	p, ok := t.conns.Get(c)
	if !ok || p.awaited == 0 {
		return
	}
	for _, o := range p.ports {
		if l := p.lane(o.lane); o.await && (l == nil || l.msgs() == 0) {
			o.await = false
			p.awaited--
			t.rooms = append(t.rooms, o)
		}
	}
}

// TakeRooms returns the ports whose handler is to be told Room since the last call.
// The slice is the caller's.
func (t *Table) TakeRooms() []*Port {
	out := t.rooms
	t.rooms = nil
	n := 0
	for _, o := range out {
		if !o.gone && !o.peer.closing {
			out[n] = o
			n++
		}
	}
	return out[:n]
}

// Timed notes a round trip that the link of c measured; nonsense is ignored.
func (t *Table) Timed(c link.Conn, took time.Duration) {
	p, ok := t.conns.Get(c)
	switch {
	case !ok || took <= 0 || took > roundTripMax:
	case p.rtt == 0:
		p.rtt = took
	default:
		p.rtt = (7*p.rtt + took) / 8
	}
}

// RTT is the smoothed round trip that the link measured; 0 while unknown.
func (p *Peer) RTT() time.Duration { return p.rtt }

// Dropped is why we gave the peer up, when we did.
func (p *Peer) Dropped() (link.Reason, bool) { return p.why, p.dropped }
