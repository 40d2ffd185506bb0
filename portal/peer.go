package portal

import (
	"math"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// peer is what we remember of a node: its version, radius, conduct, and what it has under
// way with us. It is forgotten when it was not heard of for longest.
type peer struct {
	id     id.ID
	record *enr.Record // the newest we saw; nil: none
	// version is what we speak with it, as its record says; speaks is false when there is
	// no common version or it is of another chain.
	version uint8
	speaks  bool

	radius  radius
	pinged  bool     // it knows our state, by a ping of type 0
	accepts []uint16 // payload types it listed, nil before it did
	rtt     time.Duration
	silent  bool // see Overlay.slow
	pongAt  time.Time

	blame   float64 // points as of blameAt
	blameAt time.Time
	banned  time.Time // until then; zero: not

	requests, offers allowance // its requests and offers
	pace             allowance // of our offers
	limited          time.Time // it takes no offers of ours until then

	// Under way, each with its bound in params.go.
	reading  int      // requests that wait for the store
	inbound  int      // its offers, from Accept or the question to the store on
	offered  []*offer // those of its offers that wait for the store, or have a stream
	wanted   int      // questions for content that it was asked
	receives int      // streams it reserved or opened to us
	serves   int      // streams of ours to it
	held     int      // bytes that came from it and are not stored yet
}

// busy peers are not forgotten.
func (p *peer) busy() bool { return p.reading|p.inbound|p.wanted|p.receives|p.serves|p.held != 0 }

// peer returns what is known of a node, and notes its record when that is newer.
func (o *Overlay) peer(who id.ID, r *enr.Record) *peer {
	p, ok := o.peers.get(who)
	if !ok {
		p = &peer{id: who}
		o.peers.put(who, p)
	}
	p.note(r, o.cfg.Chain)
	return p
}

// note takes a record that is newer than what we had.
func (p *peer) note(r *enr.Record, chain uint64) {
	if r != nil && (p.record == nil || r.Seq() > p.record.Seq()) {
		p.record = r
		p.version, p.speaks = negotiate(r, chain)
	}
}

// known returns what is known of a node, nil when nothing is.
func (o *Overlay) known(who id.ID) *peer {
	p, _ := o.peers.peek(who)
	return p
}

// bannedNow tells whether nothing is had to do with the node.
func (p *peer) bannedNow(now time.Time) bool { return now.Before(p.banned) }

// blamePeer counts points against a node. Enough of them ban it for a while.
func (o *Overlay) blamePeer(now time.Time, who id.ID, points float64, why string) {
	p := o.peer(who, nil)
	if d := now.Sub(p.blameAt); d > 0 {
		p.blame *= math.Exp2(-d.Seconds() / blameHalf.Seconds())
	}
	p.blame, p.blameAt = p.blame+points, now
	o.emit(now, trace.Event{Kind: "blame", Peer: who, N: int64(points), Err: why})
	if p.blame < banAt || p.bannedNow(now) {
		return
	}
	p.banned = now.Add(banFor)
	if points >= blameInvalid {
		p.banned = now.Add(banInvalid)
	}
	p.blame = 0
	o.table.Remove(now, who)
	o.emit(now, trace.Event{Kind: "ban", Peer: who, Err: why})
}

// mayAsk tells whether a node is one that we ask: it speaks our version, is of our chain
// and is not banned. Who is only heard of is not remembered for it: nobody can make us
// forget others by naming many.
func (o *Overlay) mayAsk(now time.Time, r *enr.Record) bool {
	if r == nil || r.ID() == o.cfg.Self {
		return false
	}
	p := o.known(r.ID())
	if p == nil {
		_, speaks := negotiate(r, o.cfg.Chain)
		return speaks
	}
	p.note(r, o.cfg.Chain)
	return p.speaks && !p.bannedNow(now)
}

// covers tells whether a node takes what belongs at a point, as far as we know; known is
// false when it never said.
func (o *Overlay) covers(now time.Time, who, point id.ID) (covers, known bool) {
	if o.cfg.Network.Radiusless {
		return true, true
	}
	p := o.known(who)
	if p == nil {
		return false, false
	}
	return p.radius.covers(now, content.Between(who, point))
}
