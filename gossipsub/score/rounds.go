package score

import (
	"math"
	"time"
)

// rounds decays counters: one round per interval over the peers that have any, in
// steps of bounded work.
type rounds struct {
	busy   []*Peer // connected peers with something that changes by itself
	cursor int     // busy[:cursor] wait for their turn in this round
	tick   int64   // of this round
}

// tick is the number of decay intervals until at.
func (b *Board) tick(at time.Duration) int64 { return int64(at / b.cfg.DecayInterval) }

// enter makes a round come by p.
func (r *rounds) enter(b *Board, p *Peer, at time.Duration) {
	if p.busy >= 0 || !b.changes(p) {
		return
	}
	now := b.tick(at)
	if len(r.busy) == 0 {
		r.tick = max(r.tick, now)
	}
	p.busy, p.tick = len(r.busy), now
	r.busy = append(r.busy, p)
}

func (r *rounds) leave(_ *Board, p *Peer) {
	if p.busy < 0 {
		return
	}
	last := len(r.busy) - 1
	r.busy[p.busy] = r.busy[last]
	r.busy[p.busy].busy = p.busy
	r.busy[last] = nil
	r.busy = r.busy[:last]
	p.busy = -1
}

// changes tells whether time alone moves p's score.
func (b *Board) changes(p *Peer) bool {
	return len(p.stats) > 0 || p.breaches > 0 || p.debt > 0 || b.cfg.App != nil
}

// Advance decays the counters and forgets what is due. It does a bounded part of it
// at a time: while Deadline is not in the future there is more to do.
func (b *Board) Advance(now time.Time) {
	at := b.clock(now)
	b.retained.expire(b, at)
	b.records.expire(at)
	r := &b.rounds
	if r.cursor == 0 {
		if tick := b.tick(at); tick > r.tick {
			r.tick, r.cursor = tick, len(r.busy)
		}
	}
	for work := 0; r.cursor > 0 && work < decaysPerStep; {
		// From the end: whoever takes the place of one that leaves had its turn.
		r.cursor = min(r.cursor, len(r.busy)) - 1
		if r.cursor < 0 {
			r.cursor = 0
			break
		}
		p := r.busy[r.cursor]
		work += 1 + len(p.stats)
		if n := r.tick - p.tick; n > 0 {
			p.tick = r.tick
			b.decay(at, p, n)
		}
	}
}

// Deadline is when Advance wants to be called; zero when nothing is due.
func (b *Board) Deadline() time.Time {
	var next time.Duration
	due := false
	soon := func(at time.Duration) {
		if !due || at < next {
			due, next = true, at
		}
	}
	if r := &b.rounds; r.cursor > 0 {
		soon(time.Duration(r.tick) * b.cfg.DecayInterval)
	} else if len(r.busy) > 0 {
		soon(time.Duration(r.tick+1) * b.cfg.DecayInterval)
	}
	if p := b.retained.next(); p != nil {
		soon(p.until)
	}
	if at, ok := b.records.due(); ok {
		soon(at)
	}
	if !due {
		return time.Time{}
	}
	return b.start.Add(next)
}

// decay is n intervals of one peer.
func (b *Board) decay(at time.Duration, p *Peer, n int64) {
	for i := len(p.stats) - 1; i >= 0; i-- {
		b.decayStat(at, p.stats[i], n)
	}
	p.breaches = b.fade(p.breaches, b.cfg.BehaviourPenaltyDecay, n)
	p.debt = b.fade(p.debt, b.owing, n)
	p.app = b.application(p.who)
	p.stale = true
	if !b.changes(p) {
		b.rounds.leave(b, p)
	}
}

func (b *Board) decayStat(at time.Duration, s *stat, n int64) {
	w := &s.topic.params
	s.first = b.fade(s.first, w.FirstMessageDeliveriesDecay, n)
	s.delivered = b.fade(s.delivered, w.MeshMessageDeliveriesDecay, n)
	s.failures = b.fade(s.failures, w.MeshFailurePenaltyDecay, n)
	s.invalid = b.fade(s.invalid, w.InvalidMessageDeliveriesDecay, n)
	if s.inMesh {
		s.inMeshFor = at - s.grafted
		s.active = w.deficits() && s.inMeshFor > w.MeshMessageDeliveriesActivation
		switch {
		case s.missing() == 0:
			s.watch.lacking = 0
		case s.watch.lacking == 0:
			s.watch.lacking = at + 1
		}
	}
	b.touch(s)
}

// fade is a counter after n decays.
func (b *Board) fade(c, factor float64, n int64) float64 {
	if c == 0 {
		return 0
	}
	if n > 1 {
		factor = math.Pow(factor, float64(n))
	}
	if c *= factor; c < b.cfg.DecayToZero {
		return 0
	}
	return c
}
