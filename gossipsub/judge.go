package gossipsub

import (
	"math"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/gater"
	"github.com/ropewalk/ropewalk/gossipsub/score"
)

// What the router tells the score board and the gater, and what it asks them. With
// scoring off every peer stands at zero, which passes each threshold but that for
// peer exchange.

// Penalties (gossipsub-v1.1 "P7").
const (
	penaltyBackoff  = 1   // a GRAFT during a backoff
	penaltyFlood    = 1   // more, when it comes right after the PRUNE
	penaltyFrame    = 1   // a frame that cannot be read
	penaltyRecord   = 1   // recommended peers with records that nobody signed
	penaltyExcess   = 0.1 // subscriptions above a limit; our choice: a clumsy peer may do so
	gateWeight      = 1   // of a topic, for the gater
	penaltiesInUnit = 10  // the unit of the penalty event is a tenth
)

// seat begins the scoring of a peer, or goes on with it, whatever it did and is in
// the mesh of, under an address that was not known before.
func (r *Router) seat(now time.Time, p *peer, ip netip.Addr) {
	if p.seated && ip == p.ip {
		return
	}
	if p.gate != nil {
		r.gater.Down(now, p.gate)
	}
	p.seated, p.ip = true, ip
	if r.board != nil {
		p.score = r.board.Up(now, p.id, ip)
	}
	if r.gater != nil {
		p.gate = r.gater.Up(now, ip)
	}
}

// unseat ends it. The board retains a bad score, the gater the address.
func (r *Router) unseat(now time.Time, p *peer) {
	if p.score != nil {
		r.board.Down(now, p.score)
	}
	if p.gate != nil {
		r.gater.Down(now, p.gate)
	}
	p.seated, p.score, p.gate = false, nil, nil
}

// standing is the score that decides what p may do: zero for direct peers, which
// stand outside the scores.
func (r *Router) standing(p *peer) float64 {
	if p.score == nil || p.direct {
		return 0
	}
	return r.board.Score(r.now, p.score)
}

// The thresholds; see score.Thresholds.

func (r *Router) mayGossip(p *peer) bool { return r.standing(p) >= r.bars.Gossip }

func (r *Router) mayPublish(p *peer) bool { return r.standing(p) >= r.bars.Publish }

// mayExchange tells whether records of other peers are taken from p: only from
// one that earned it, or one we chose ourselves.
func (r *Router) mayExchange(p *peer) bool {
	return p.direct || p.score != nil && r.standing(p) >= r.bars.AcceptPX
}

// hearing is how much of a frame is heard.
type hearing uint8

const (
	hearNothing hearing = iota // but its subscriptions
	hearControl
	hearAll
)

// hears tells how much of a peer's frame is heard (gossipsub-v1.1 "Score Function",
// graylist threshold; then the gater).
func (r *Router) hears(now time.Time, p *peer) hearing {
	switch {
	case p.direct:
		return hearAll
	case p.score != nil && r.standing(p) < r.bars.Graylist:
		r.emit(now, "graylisted", p, nil, len(r.rpc.Publish), "score below the graylist threshold")
		return hearNothing
	case p.gate != nil && len(r.rpc.Publish) > 0 && !r.gater.Admit(now, p.gate):
		r.excuse(now, p)
		r.emit(now, "gated", p, nil, len(r.rpc.Publish), "checking cannot keep up")
		return hearControl
	}
	return hearAll
}

// penalty charges p for n breaches of the protocol.
func (r *Router) penalty(now time.Time, p *peer, n float64, why string) {
	if p.score == nil || p.direct {
		return
	}
	r.board.Penalty(now, p.score, n)
	r.emit(now, "penalty", p, nil, int(math.Round(n*penaltiesInUnit)), why)
}

// copied notes a copy of a message of t, a known one or the first. Copies in
// checking are noted at once, so that a liar who leaves before the verdict is charged.
func (r *Router) copied(now time.Time, p *peer, t *topic, k key, known bool) {
	if p.score != nil {
		r.board.Copy(now, p.score, t.own.score, score.Key(k))
	}
	if known && p.gate != nil {
		r.gater.Count(now, p.gate, gater.Duplicate, gateWeight)
	}
}

// judged notes how the checking of a message ended, for all who sent it.
func (r *Router) judged(now time.Time, t *topic, k key, via *peer, v score.Verdict) {
	if r.board != nil {
		r.board.Judge(now, t.own.score, score.Key(k), v)
	}
	if via.gate != nil {
		r.gater.Count(now, via.gate, outcomes[v], gateWeight)
	}
}

// outcomes are the gater's words for verdicts.
var outcomes = [...]gater.Outcome{score.Accepted: gater.Delivered, score.Rejected: gater.Rejected, score.Ignored: gater.Ignored}

// forged charges p for bytes that are not the message of their ID. Who else sent
// that ID may have sent the message.
func (r *Router) forged(now time.Time, p *peer, t *topic, k key, mid, why string) {
	if p.score != nil {
		r.board.Forged(now, p.score, t.own.score, score.Key(k))
	}
	if p.gate != nil {
		r.gater.Count(now, p.gate, gater.Rejected, gateWeight)
	}
	r.reject(now, p, t, []byte(mid), why)
}

// blame charges p for a message that is refused before it is looked up.
func (r *Router) blame(now time.Time, p *peer, t *topic, mid []byte, why string) {
	if p.score != nil {
		r.board.Invalid(now, p.score, t.own.score)
	}
	if p.gate != nil {
		r.gater.Count(now, p.gate, gater.Rejected, gateWeight)
	}
	r.reject(now, p, t, mid, why)
}

// Scores describes every peer that has a score, connected or retained, by ID.
func (r *Router) Scores() []score.Report {
	if r.board == nil {
		return nil
	}
	return r.board.Report(r.now)
}

// Thresholds are those in force, and whether scoring is on.
func (r *Router) Thresholds() (score.Thresholds, bool) { return r.bars, r.board != nil }
