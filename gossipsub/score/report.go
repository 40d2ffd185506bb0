package score

import (
	"slices"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Report is one peer's score with what it is made of.
type Report struct {
	Peer      id.ID
	Score     float64
	Connected bool
	Until     time.Time // when it is forgotten, if it is retained
	// TopicScore is what topics earned, cut to the cap, and what they lost.
	TopicScore float64
	Topics     []TopicReport // by name
	// Weighted components: P5, P6, P7, and what it owes for its network.
	App, Colocation, Behaviour, Debt float64
	// Breaches is the counter of P7, Neighbours the most peers counted under one of
	// its addresses, itself among them.
	Breaches   float64
	Neighbours int
}

// TopicReport is the part of one topic. The components are weighted, without the
// topic's own weight.
type TopicReport struct {
	Topic  string
	Score  float64       // the topic's part, with its weight
	InMesh time.Duration // zero outside the mesh
	// P1, P2, P3, P3b and P4.
	TimeInMesh, FirstDeliveries, MeshDeliveries, MeshFailures, Invalid float64
	// The counters behind them.
	Firsts, Delivered, Failures, Invalids float64
	Starves                               bool
}

// Report describes every peer, connected or retained, by ID.
func (b *Board) Report(now time.Time) []Report {
	at := b.clock(now)
	out := make([]Report, 0, len(b.peers))
	for _, p := range b.peers {
		out = append(out, b.report(now, at, p))
	}
	slices.SortFunc(out, func(x, y Report) int { return x.Peer.Compare(y.Peer) })
	return out
}

func (b *Board) report(now time.Time, at time.Duration, p *Peer) Report {
	r := Report{
		Peer: p.who, Score: b.Score(now, p), Connected: p.connected, TopicScore: p.earned + p.lost,
		App: b.cfg.AppSpecificWeight * p.app, Colocation: b.colocation(p), Behaviour: b.behaviour(p),
		Debt: -p.debt, Breaches: p.breaches,
	}
	if !p.connected {
		r.Until = b.start.Add(p.until)
	}
	for _, g := range p.places {
		if g != nil {
			r.Neighbours = max(r.Neighbours, g.peers)
		}
	}
	for i, s := range p.stats {
		r.Topics = append(r.Topics, s.report(at, p.parts[i]))
	}
	slices.SortFunc(r.Topics, func(x, y TopicReport) int { return strings.Compare(x.Topic, y.Topic) })
	return r
}

func (s *stat) report(at time.Duration, part float64) TopicReport {
	w, missing := &s.topic.params, s.missing()
	r := TopicReport{
		Topic: s.topic.name, Score: part,
		TimeInMesh:      w.TimeInMeshWeight * s.time(),
		FirstDeliveries: w.FirstMessageDeliveriesWeight * s.first,
		MeshDeliveries:  w.MeshMessageDeliveriesWeight * missing * missing,
		MeshFailures:    w.MeshFailurePenaltyWeight * s.failures,
		Invalid:         w.InvalidMessageDeliveriesWeight * s.invalid * s.invalid,
		Firsts:          s.first, Delivered: s.delivered, Failures: s.failures, Invalids: s.invalid,
		Starves: s.watch.starves,
	}
	if s.inMesh {
		r.InMesh = at - s.grafted
	}
	return r
}
