package score

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Peer is one peer's standing; the router keeps the handle while the link lives.
type Peer struct {
	who       id.ID
	serial    uint32 // its name in records; never given to another one
	place     int    // in Board.peers
	connected bool
	gone      bool // forgotten; a handle that outlived it does nothing

	// What it did in topics: stats and parts side by side, parts the weighted sums;
	// of finds a stat by the topic's number.
	stats []*stat
	parts []float64
	of    []*stat

	app, breaches, debt float64 // P5, the counter of P7, what it owes for its group

	stale              bool // base is to be summed up again
	base, earned, lost float64

	busy int   // in rounds.busy, or -1
	tick int64 // of the last decay

	since time.Duration // connected since

	places [2]*group // what P6 counts
	kin    *group    // what lends debts

	until        time.Duration // retained until
	older, newer *Peer
	shelf        *shelf
	burden       float64 // what it adds to its group
}

// in gives p's stat in t, or nil.
func (p *Peer) in(t *Topic) *stat {
	if t.number < len(p.of) {
		if s := p.of[t.number]; s != nil && s.topic == t { // numbers are used again
			return s
		}
	}
	return nil
}

// stat is what one peer did in one topic.
type stat struct {
	peer            *Peer
	topic           *Topic
	atPeer, atTopic int // places in peer.stats and topic.stats

	inMesh    bool
	active    bool          // in the mesh for long enough that P3 counts
	grafted   time.Duration // when
	inMeshFor time.Duration // as of the last decay

	first, delivered, failures, invalid float64 // P2, P3, P3b, P4
	watch                               watch
}

// stat gives p's stat in t, made when there is none.
func (b *Board) stat(at time.Duration, p *Peer, t *Topic) *stat {
	if s := p.in(t); s != nil {
		return s
	}
	var s *stat
	if n := len(b.spare); n > 0 {
		s, b.spare = b.spare[n-1], b.spare[:n-1]
	} else {
		s = new(stat)
	}
	*s = stat{peer: p, topic: t, atPeer: len(p.stats), atTopic: len(t.stats)}
	p.stats, p.parts, t.stats = append(p.stats, s), append(p.parts, 0), append(t.stats, s)
	for len(p.of) <= t.number {
		p.of = append(p.of, nil)
	}
	p.of[t.number] = s
	if p.connected {
		b.rounds.enter(b, p, at)
	}
	return s
}

// touch takes over a change of s.
func (b *Board) touch(s *stat) {
	p := s.peer
	if s.empty() {
		b.dropStat(s)
	} else {
		p.parts[s.atPeer] = s.value()
	}
	p.stale = true
}

// empty tells that s says nothing.
func (s *stat) empty() bool {
	return !s.inMesh && s.first == 0 && s.delivered == 0 && s.failures == 0 && s.invalid == 0
}

// dropStat forgets s, and its topic if that was left and this was the last of it.
func (b *Board) dropStat(s *stat) {
	p, t := s.peer, s.topic
	last := len(p.stats) - 1
	p.stats[s.atPeer], p.parts[s.atPeer] = p.stats[last], p.parts[last]
	p.stats[s.atPeer].atPeer = s.atPeer
	p.stats[last] = nil
	p.stats, p.parts = p.stats[:last], p.parts[:last]
	p.of[t.number] = nil
	if last == 0 {
		p.stats, p.parts, p.of = nil, nil, nil
	}
	last = len(t.stats) - 1
	t.stats[s.atTopic] = t.stats[last]
	t.stats[s.atTopic].atTopic = s.atTopic
	t.stats[last] = nil
	if t.stats = t.stats[:last]; last == 0 {
		t.stats = nil
	}
	if t.left && last == 0 {
		b.removeTopic(t)
	}
	p.stale = true
	if len(b.spare) < sparesMax {
		*s = stat{}
		b.spare = append(b.spare, s)
	}
}

// value is the weighted sum of the topic: gossipsub-v1.1 "The Score Function".
func (s *stat) value() float64 {
	w := &s.topic.params
	missing := s.missing()
	return w.TopicWeight * (w.TimeInMeshWeight*s.time() +
		w.FirstMessageDeliveriesWeight*s.first +
		w.MeshMessageDeliveriesWeight*missing*missing +
		w.MeshFailurePenaltyWeight*s.failures +
		w.InvalidMessageDeliveriesWeight*s.invalid*s.invalid)
}

// time is P1, in quanta.
func (s *stat) time() float64 {
	w := &s.topic.params
	if !s.inMesh || w.TimeInMeshWeight == 0 {
		return 0
	}
	return min(float64(s.inMeshFor/w.TimeInMeshQuantum), w.TimeInMeshCap)
}

// missing is the root of P3: how far deliveries lie below the threshold.
func (s *stat) missing() float64 {
	if !s.active {
		return 0
	}
	return max(s.topic.params.MeshMessageDeliveriesThreshold-s.delivered, 0)
}

// leaveMesh ends the time in the mesh. gossipsub-v1.1 "P3 and P3b": the counter is
// updated whenever the peer is pruned with an active deficit in message delivery.
func (s *stat) leaveMesh() {
	if !s.inMesh {
		return
	}
	if s.topic.params.MeshFailurePenaltyWeight != 0 {
		missing := s.missing()
		s.failures = min(s.failures+missing*missing, failuresMax)
	}
	s.inMesh, s.active, s.inMeshFor = false, false, 0
	s.watch = watch{}
	s.topic.mesh--
}
