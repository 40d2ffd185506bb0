package score

import (
	"math"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Board holds the scores of all peers. One goroutine owns it.
type Board struct {
	cfg   Config
	owing float64   // the factor by which debts fade
	start time.Time // of the first input; every instant is kept as the time since

	peers    []*Peer // connected and retained, each at its place
	byID     map[id.ID]*Peer
	bySerial map[uint32]*Peer
	serial   uint32

	topics   map[string]*Topic
	numbered []*Topic // by number; nil where one is free

	groups   groups
	records  records
	rounds   rounds
	retained retained
	spare    []*stat
}

// New checks the configuration; an error names the field, or the pair that disagrees.
func New(cfg Config) (*Board, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	return &Board{
		cfg: cfg, records: records{ttl: cfg.RecordTTL},
		owing: Decay(debtFade, cfg.DecayInterval, cfg.DecayToZero),
	}, nil
}

// clock gives now as the board keeps it.
func (b *Board) clock(now time.Time) time.Duration {
	if b.start.IsZero() {
		b.start = now
	}
	return now.Sub(b.start)
}

// Up begins or resumes the scoring of a peer. ip is invalid when it says nothing
// about where the peer is. Up of a connected peer gives it another address.
func (b *Board) Up(now time.Time, who id.ID, ip netip.Addr) *Peer {
	at := b.clock(now)
	p := b.byID[who]
	if p == nil {
		p = b.enrol(who)
	} else {
		b.retained.remove(b, p)
		b.leaveGroups(p)
	}
	if !p.connected {
		p.connected, p.since, p.tick = true, at, b.tick(at)
	}
	b.joinGroups(p, ip)
	p.debt = max(p.debt, b.groups.debt(&b.cfg, p.kin))
	p.app = b.application(who)
	p.stale = true
	b.rounds.enter(b, p, at)
	return p
}

// enrol makes a peer that was not known.
func (b *Board) enrol(who id.ID) *Peer {
	if b.byID == nil {
		b.byID, b.bySerial = make(map[id.ID]*Peer), make(map[uint32]*Peer)
	}
	for b.serial++; b.serial == 0 || b.bySerial[b.serial] != nil; b.serial++ {
	}
	p := &Peer{who: who, serial: b.serial, place: len(b.peers), busy: -1}
	b.byID[who], b.bySerial[p.serial] = p, p
	b.peers = append(b.peers, p)
	return p
}

// Down ends it. A score above zero is forgotten; one of zero or less is retained:
// it does not fade meanwhile, first deliveries no longer count for it, and what was
// missing in a mesh is charged as if the peer had been pruned.
func (b *Board) Down(now time.Time, p *Peer) {
	if !p.connected {
		return
	}
	at := b.clock(now)
	keep := b.Score(now, p) <= 0 && b.cfg.RetainScore > 0
	p.connected = false
	b.rounds.leave(b, p)
	for i := len(p.stats) - 1; i >= 0; i-- {
		s := p.stats[i]
		s.first = 0
		s.leaveMesh()
		b.touch(s)
	}
	if keep {
		b.retained.add(b, p, at+b.cfg.RetainScore)
		return
	}
	b.forget(p)
}

// forget removes every trace of a peer.
func (b *Board) forget(p *Peer) {
	for len(p.stats) > 0 {
		b.dropStat(p.stats[len(p.stats)-1])
	}
	b.leaveGroups(p)
	p.gone = true
	delete(b.byID, p.who)
	delete(b.bySerial, p.serial)
	last := len(b.peers) - 1
	b.peers[p.place] = b.peers[last]
	b.peers[p.place].place = p.place
	b.peers[last] = nil
	if b.peers = b.peers[:last]; last == 0 {
		b.peers, b.byID, b.bySerial, b.spare = nil, nil, nil, nil // maps never shrink by themselves
		b.rounds.busy = nil
	}
}

// application asks for P5.
func (b *Board) application(who id.ID) float64 {
	if b.cfg.App == nil {
		return 0
	}
	v := b.cfg.App(who)
	if math.IsNaN(v) {
		return 0
	}
	return max(-appMax, min(appMax, v))
}

// Penalty charges p for n breaches of the protocol (P7).
func (b *Board) Penalty(now time.Time, p *Peer, n float64) {
	if !(n > 0) || p.gone || b.cfg.BehaviourPenaltyWeight == 0 {
		return
	}
	p.breaches = min(p.breaches+n, counterMax)
	p.stale = true
	if p.connected {
		b.rounds.enter(b, p, b.clock(now))
	} else {
		b.weigh(p)
	}
}

// Score is the score of p. It costs a few loads when nothing happened to p since.
func (b *Board) Score(_ time.Time, p *Peer) float64 {
	if p.stale {
		b.sum(p)
	}
	return p.base + b.colocation(p)
}

// sum adds up what a peer has: gossipsub-v1.1 "The Score Function". The cap is laid
// on what topics earn before the others' losses are taken off, so that no topic
// can make good for another beyond it; the specification caps the difference. Ours
// is never the higher one.
func (b *Board) sum(p *Peer) {
	var earned, lost float64
	for _, v := range p.parts {
		if v > 0 {
			earned += v
		} else {
			lost += v
		}
	}
	if most := b.cfg.TopicScoreCap; most > 0 {
		earned = min(earned, most)
	}
	p.earned, p.lost = earned, lost
	p.base = earned + lost + b.cfg.AppSpecificWeight*p.app + b.behaviour(p) - p.debt
	p.stale = false
}

// behaviour is the weighted P7.
func (b *Board) behaviour(p *Peer) float64 {
	over := max(p.breaches-b.cfg.BehaviourPenaltyThreshold, 0)
	return b.cfg.BehaviourPenaltyWeight * over * over
}

// Thresholds in force.
func (b *Board) Thresholds() Thresholds { return b.cfg.Thresholds }
