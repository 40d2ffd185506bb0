package discv5

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

// initiated is the result of the job that answers a challenge.
type initiated struct {
	in  *wire.Initiation
	err error
}

// initiation is a job of ours under way.
type initiation struct {
	s   *session
	seq uint64 // of our record, as the other side has it
}

// whoareyou takes a challenge: it is for a request under way, named by the nonce of a
// packet of it, and each packet can be challenged once (theory, "Handshake
// Implementation Considerations"). Everything else is passed over, so that nothing we
// answer with can be challenged.
func (d *Discovery) whoareyou(now time.Time, from netip.AddrPort, p *wire.Packet) {
	c := d.nonces[p.Nonce]
	if c == nil {
		c = d.recall(now, from, p.Nonce)
	}
	if c == nil || c.s.at != from {
		d.stats.Dropped++
		return
	}
	s := c.s
	for i := range c.sealed {
		delete(d.nonces, c.nonces[i])
	}
	c.sealed = 0
	if c.shakes++; c.shakes > initiateMax || s.record == nil {
		d.end(now, c, ErrTimeout)
		return
	}
	s.refused()
	if s.lost.IsZero() || c.sent.Before(s.lost) {
		s.lost = c.sent
	}
	if s.shake.state == working {
		d.wait(now, c) // the answer to the first of several is on its way
		return
	}
	if lead := s.shake.lead; lead != nil && lead != c {
		d.wait(now, lead)
	}
	s.shake = shake{working, c}
	if c.tries == 1 {
		s.measured(now.Sub(c.sent))
	}
	d.timers.set(c, now.Add(d.allowed(s, handshakeFor)))
	d.initiate(s, p.Challenge(), p.Seq)
}

// initiate makes the job that answers a challenge.
func (d *Discovery) initiate(s *session, challenge wire.Challenge, seq uint64) {
	var entropy [32]byte
	d.draw(entropy[:])
	suite, key, who, pub := d.suite, d.cfg.Key, s.who, s.record.Public()
	t := d.tickets.Next()
	d.initiations[t] = initiation{s, seq}
	d.news.Jobs = append(d.news.Jobs, work.Job{Ticket: t, Run: func() any {
		in, err := suite.Initiate(key, who, pub, challenge, entropy)
		return initiated{in, err}
	}})
}

// initiated sends the handshake, with the request that was challenged or, if that does
// not fit beside our record, with a PING in its place; then what has waited.
func (d *Discovery) initiated(now time.Time, i initiation, r initiated) {
	s, c := i.s, i.s.shake.lead
	if s.shake.state != working {
		return // the machine was stopped meanwhile
	}
	s.shake = shake{}
	if r.err != nil {
		if c != nil {
			d.end(now, c, r.err)
		}
		d.abandon(now, s, r.err)
		return
	}
	keys := d.suite.Session(r.in.Keys, d.self, s.who, true)
	s.push(now, keys, true)
	d.sessions.use(s)
	var record []byte
	if i.seq < d.record.Seq() {
		record = d.record.Bytes()
	}
	if c != nil && len(c.text) > wire.HandshakeMax(len(record)) {
		c.waits = true
		s.waiting = append([]*call{c}, s.waiting...)
		c = nil
	}
	if c == nil {
		c = d.request(wire.Ping, carry, id.Ticket{}, s.record)
		c.text = wire.AppendPing(nil, wire.NumberedID(c.n), d.record.Seq())
		c.s = s
		s.calls++
		d.calls[c.n] = c
	}
	d.handshake(now, c, keys, r.in, record)
	if c.why == told {
		d.release(now, c)
	}
	d.stats.Handshakes++
	d.emit(now, trace.Event{Kind: "handshake", Peer: s.who, Side: trace.Local}, s.at)
	d.flush(now, s, heldEach/2)
}

// handshake sends the packet.
func (d *Discovery) handshake(now time.Time, c *call, keys *wire.Session, in *wire.Initiation, record []byte) {
	var err error
	d.packet, _, err = keys.SealHandshake(d.packet[:0], d.secret, in, record, c.text)
	if err != nil {
		panic(err) // it was made to fit
	}
	c.sent, c.tries = now, max(c.tries, 1)
	d.out(now, c.s.at, d.packet)
	d.timers.set(c, now.Add(d.allowed(c.s, handshakeFor)))
}

// settled is for the first packet that comes under new keys: the other side has them.
// What waited is sent, and what was sent since it had lost the old ones is sent again.
func (d *Discovery) settled(now time.Time, s *session) {
	d.flush(now, s, waitingEach)
	keys := s.sealing(now, d.worn)
	if s.lost.IsZero() || keys == nil {
		return
	}
	since, made := s.lost, s.keys[s.hot].since
	s.lost = time.Time{}
	n := 0
	for _, c := range d.timers {
		if c.s == s && c.quick && !c.waits && n < againMax && !c.sent.Before(since) && c.sent.Before(made) {
			d.sealCall(now, c, keys)
			c.tries-- // it was not read
			n++
		}
	}
	d.retell(now, s, keys, since, made)
}

// flush sends up to n of the requests that waited for keys. The other side is at work on
// the handshake and keeps some packets meanwhile, not any number; the rest follows its
// first answer.
func (d *Discovery) flush(now time.Time, s *session, n int) {
	for ; n > 0 && len(s.waiting) > 0; n-- {
		keys := s.sealing(now, d.worn)
		if keys == nil {
			return
		}
		c := s.waiting[0]
		s.waiting = remove(s.waiting, c)
		c.waits, c.quick = false, true
		d.sealCall(now, c, keys)
		d.timers.set(c, now.Add(d.allowed(s, handshakeFor)))
		if c.why == told {
			d.release(now, c)
		}
	}
}
