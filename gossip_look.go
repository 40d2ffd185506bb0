package ropewalk

import (
	"context"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
)

// Topics states the neighbourhood of every topic that we or a peer know.
func (n *Node) Topics(ctx context.Context) ([]TopicInfo, error) {
	return ask(ctx, n, func(_ time.Time, reply func([]TopicInfo, error)) {
		out := []TopicInfo{}
		for _, t := range n.machine.Topics() {
			s := t.Stats
			out = append(out, TopicInfo{
				Topic: t.Topic, Subscribed: t.Joined, Peers: t.Peers, Mesh: t.Mesh, Fanout: t.Fanout, Degrees: Degrees{t.Degrees.D, t.Degrees.Dlo, t.Degrees.Dhi, t.Degrees.Dscore, t.Degrees.Dout},
				Received: Volume(s.Received), Duplicates: Volume(s.Duplicates), Delivered: Volume(s.Delivered),
				Published: Volume(s.Published), Rejected: s.Rejected,
			})
		}
		reply(out, nil)
	})
}

// Mesh lists the mesh peers of a topic.
func (n *Node) Mesh(ctx context.Context, topic string) ([]id.ID, error) {
	return ask(ctx, n, func(_ time.Time, reply func([]id.ID, error)) { reply(n.machine.Mesh(topic), nil) })
}

// Neighbours lists the peers of a topic, by what they are to us.
func (n *Node) Neighbours(ctx context.Context, topic string) (Neighbours, error) {
	return ask(ctx, n, func(_ time.Time, reply func(Neighbours, error)) {
		mesh, fanout, all := n.machine.Neighbours(topic)
		reply(Neighbours{Topic: topic, Mesh: mesh, Fanout: fanout, Subscribed: all}, nil)
	})
}

// GossipStats reports what the router counted and holds.
func (n *Node) GossipStats(ctx context.Context) (GossipStats, error) {
	return ask(ctx, n, func(_ time.Time, reply func(GossipStats, error)) {
		out := statsOf(n.machine.GossipStats())
		var bars score.Thresholds
		bars, out.Scoring = n.machine.Thresholds()
		out.Thresholds = ScoreThresholds(bars)
		reply(out, nil)
	})
}

func statsOf(s gossipsub.Stats) GossipStats {
	out := GossipStats{
		Received: Volume(s.Received), Duplicates: Volume(s.Duplicates), Delivered: Volume(s.Delivered), Lost: Volume(s.Lost),
		Published: Volume(s.Published), Sent: Volume(s.Sent), Withheld: Volume(s.Withheld), Cancelled: Volume(s.Cancelled),
		Rejected: tallyOf(s.Rejected), RPCsIn: Volume(s.RPCsIn), RPCsOut: Volume(s.RPCsOut), BadRPCs: s.BadRPCs, Dropped: map[string]uint64{},
		SubsIn: s.SubsIn, SubsOut: s.SubsOut, GraftsIn: s.GraftsIn, GraftsOut: s.GraftsOut, PrunesIn: s.PrunesIn, PrunesOut: s.PrunesOut, PartsIn: s.PartsIn, PartsOut: s.PartsOut,
		IHaveIn: s.IHaveIn, IHaveOut: s.IHaveOut, IWantIn: s.IWantIn, IWantOut: s.IWantOut, IDontWantIn: s.IDontWantIn, IDontWantOut: s.IDontWantOut,
		Served: s.Served, Unknown: s.Unknown, Refused: s.Refused, BrokenPromises: s.BrokenPromises,
		Grafts: s.Grafts, Grafted: s.Grafted, Prunes: tallyOf(s.Prunes), Refusals: tallyOf(s.Refusals), Excess: tallyOf(s.Excess),
		Penalties: tallyOf(s.Penalties), Graylisted: s.Graylisted, Gated: s.Gated, Opportunistic: s.Opportunistic, Offered: s.Offered, Heeded: s.Heeded, SeenCut: s.SeenCut,
		Peers: map[string]int{}, CacheMessages: s.CacheItems, CacheBytes: s.CacheBytes, SeenBytes: s.SeenBytes,
		Checking: s.Checking, CheckingBytes: s.CheckBytes, Wanted: s.Wanted,
	}
	for c, count := range s.Dropped {
		out.Dropped[gossipsub.Class(c).String()] = count
	}
	for i, name := range gossipsub.Protocols() {
		out.Peers[name] = s.Peers[i]
	}
	return out
}

func tallyOf(t gossipsub.Tally) map[string]uint64 {
	out := map[string]uint64{}
	for _, c := range t {
		out[c.Why] = c.N
	}
	return out
}
