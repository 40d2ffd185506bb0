package discv5

import (
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
)

// challenge is a WHOAREYOU that may be answered.
type challenge struct {
	place
	packet [wire.PacketMin]byte // as it was sent
	data   wire.Challenge
	record *enr.Record // that we had; nil: the answer must bring one
	until  time.Time
	tried  int
	live   bool
}

// challenges are those of the last second: a ring, so that the oldest end first, and an
// index. Fixed memory, constant time whatever is pending.
type challenges struct {
	ring  []challenge // a power of two of them; ≤ challengesMax
	first int
	n     int
	by    map[place]int
}

// get returns the challenge of a place that is still good.
func (l *challenges) get(now time.Time, p place) *challenge {
	l.expire(now)
	if i, ok := l.by[p]; ok {
		return &l.ring[i]
	}
	return nil
}

// add makes a challenge; nil when there is no room.
func (l *challenges) add(now time.Time, p place) *challenge {
	l.expire(now)
	if l.n == len(l.ring) && !l.grow() {
		return nil
	}
	i := (l.first + l.n) % len(l.ring)
	l.n++
	l.ring[i] = challenge{place: p, until: now.Add(challengeFor), live: true}
	l.by[p] = i
	return &l.ring[i]
}

// grow doubles the ring, and tells whether it may: few nodes ever have many challenges
// out.
func (l *challenges) grow() bool {
	if len(l.ring) >= challengesMax {
		return false
	}
	ring := make([]challenge, max(challengesFirst, 2*len(l.ring)))
	by := make(map[place]int, len(ring))
	for i := range l.n {
		c := l.ring[(l.first+i)%len(l.ring)]
		if ring[i] = c; c.live {
			by[c.place] = i
		}
	}
	l.ring, l.by, l.first = ring, by, 0
	return true
}

// done ends a challenge that was met.
func (l *challenges) done(p place) {
	if i, ok := l.by[p]; ok {
		l.ring[i].live = false
		delete(l.by, p)
	}
}

func (l *challenges) expire(now time.Time) {
	for l.n > 0 {
		c := &l.ring[l.first]
		if c.live && now.Before(c.until) {
			return
		}
		if c.live {
			delete(l.by, c.place)
		}
		*c = challenge{}
		l.first = (l.first + 1) % len(l.ring)
		l.n--
	}
}

// stranger takes an ordinary packet that no session opens: it is challenged, if that is
// allowed. While a challenge of its sender's is out it gets the same bytes again, so that
// a repetition does not spoil the handshake under way. The answer is never longer than
// the packet.
func (d *Discovery) stranger(now time.Time, p place, packet *wire.Packet) {
	if d.hold(p, packet) {
		return
	}
	exempt := d.cfg.exempt(p.at.Addr())
	e, met := d.table.Get(p.who)
	known := met && lives(e.Record, p.at) && d.limits.known.take(now, knownRate, knownBurst)
	if !known && !d.limits.stranger(now, p.at.Addr(), exempt) {
		d.stats.Dropped++
		return
	}
	c := d.challenges.get(now, p)
	if c == nil && !exempt && d.sessions.crowded(now, p) {
		d.stats.Dropped++
		return
	}
	rate, burst := float32(whosRate), float32(whosBurst)
	if d.grace(now) && !exempt {
		rate, burst = graceRate, graceRate
	}
	if !known && !d.limits.who(now, p.at.Addr(), exempt, rate, burst) {
		d.stats.Dropped++
		return
	}
	if c == nil {
		if c = d.challenge(now, p, packet.Nonce, e.Record); c == nil {
			d.stats.Dropped++
			return
		}
	}
	d.out(now, p.at, c.packet[:])
}

// challenge makes a WHOAREYOU.
func (d *Discovery) challenge(now time.Time, p place, nonce wire.Nonce, record *enr.Record) *challenge {
	c := d.challenges.add(now, p)
	if c == nil {
		return nil
	}
	mask, seq := (*wire.Mask)(nil), uint64(0)
	if s := d.sessions.by[p]; s != nil {
		mask = d.maskOf(s)
		if s.record != nil && (record == nil || record.Seq() < s.record.Seq()) {
			record = s.record
		}
	} else {
		mask = d.suite.Mask(p.who)
	}
	if c.record = record; record != nil {
		seq = record.Seq()
	}
	d.packet, c.data = wire.AppendWhoareyou(d.packet[:0], d.secret, mask, nonce, seq)
	copy(c.packet[:], d.packet)
	d.stats.Challenges++
	return c
}

// grace tells whether strangers wait: a node that has come back looks for others first.
func (d *Discovery) grace(now time.Time) bool {
	return d.gracious && d.table.Live() < graceNodes && now.Sub(d.started) < graceFor
}
