package ropewalk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
)

// Scores states what each peer's conduct is worth, the worst first. Peers that are
// gone and whose score is remembered are among them. It is empty when scoring is off.
func (n *Node) Scores(ctx context.Context) ([]PeerScore, error) {
	return ask(ctx, n, func(_ time.Time, reply func([]PeerScore, error)) {
		bars, _ := n.machine.Thresholds()
		names := map[id.ID]string{}
		for _, p := range n.machine.Peers() {
			names[p.Info.ID] = p.Info.PeerID.String()
		}
		out := []PeerScore{}
		for _, r := range n.machine.Scores() {
			s := scoreOf(r, bars)
			s.PeerID = names[r.Peer]
			out = append(out, s)
		}
		slices.SortStableFunc(out, func(a, b PeerScore) int { return cmp.Compare(a.Score, b.Score) })
		reply(out, nil)
	})
}

func scoreOf(r score.Report, bars score.Thresholds) PeerScore {
	out := PeerScore{
		ID: r.Peer, Score: r.Score, Standing: standingOf(r.Score, bars), Connected: r.Connected, Until: r.Until,
		TopicScore: r.TopicScore, App: r.App, Colocation: r.Colocation, Behaviour: r.Behaviour, Debt: r.Debt,
		Breaches: r.Breaches, Neighbours: r.Neighbours, Topics: []TopicScore{},
	}
	for _, t := range r.Topics {
		out.Topics = append(out.Topics, TopicScore{
			Topic: t.Topic, Score: t.Score, InMesh: float64(t.InMesh) / float64(time.Millisecond),
			TimeInMesh: t.TimeInMesh, FirstDeliveries: t.FirstDeliveries, MeshDeliveries: t.MeshDeliveries,
			MeshFailures: t.MeshFailures, Invalid: t.Invalid,
			Firsts: t.Firsts, Delivered: t.Delivered, Failures: t.Failures, Invalids: t.Invalids, Starves: t.Starves,
		})
	}
	return out
}

// standingOf says what a score lets a peer do.
func standingOf(s float64, bars score.Thresholds) string {
	switch {
	case s < bars.Graylist:
		return "graylisted"
	case s < bars.Publish:
		return "no publish"
	case s < bars.Gossip:
		return "no gossip"
	case s < 0:
		return "no mesh"
	}
	return "good"
}
