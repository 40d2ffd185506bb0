package ropewalk

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// gossipFigures reads the router when the metrics are collected.
type gossipFigures struct{ n *Node }

// gossipName is the front of the router's metrics.
const gossipName = "ropewalk_gossipsub_"

// topicLabelsMax bounds the topics that get a label of their own; the figures of
// the others stand together under otherTopics.
const topicLabelsMax = 256

const otherTopics = "other"

// A total is a counter without labels.
type total struct {
	desc *prometheus.Desc
	of   func(s *GossipStats) uint64
}

func totalOf(name, help string, of func(s *GossipStats) uint64) total {
	return total{prometheus.NewDesc(gossipName+name, help, nil, nil), of}
}

var totals = []total{
	totalOf("message_undeliverable_total", "Messages of topics that we have not joined.", func(s *GossipStats) uint64 { return s.Lost.N }),
	totalOf("message_sent_total", "Copies of messages handed to peers, without those they fetched.", func(s *GossipStats) uint64 { return s.Sent.N }),
	totalOf("message_sent_bytes_total", "Bytes of the copies handed to peers.", func(s *GossipStats) uint64 { return s.Sent.Bytes }),
	totalOf("idontwant_withheld_total", "Copies not sent because the peer said that it has the message.", func(s *GossipStats) uint64 { return s.Withheld.N }),
	totalOf("idontwant_withheld_bytes_total", "Bytes of the copies not sent.", func(s *GossipStats) uint64 { return s.Withheld.Bytes }),
	totalOf("idontwant_cancelled_total", "Copies taken out of a queue again because the peer said that it has the message.", func(s *GossipStats) uint64 { return s.Cancelled.N }),
	totalOf("idontwant_cancelled_bytes_total", "Bytes of the copies taken out of a queue again.", func(s *GossipStats) uint64 { return s.Cancelled.Bytes }),
	totalOf("rpc_received_total", "RPCs that came in.", func(s *GossipStats) uint64 { return s.RPCsIn.N }),
	totalOf("rpc_received_bytes_total", "Bytes of the RPCs that came in.", func(s *GossipStats) uint64 { return s.RPCsIn.Bytes }),
	totalOf("rpc_sent_total", "RPCs queued for peers.", func(s *GossipStats) uint64 { return s.RPCsOut.N }),
	totalOf("rpc_sent_bytes_total", "Bytes of the RPCs queued for peers.", func(s *GossipStats) uint64 { return s.RPCsOut.Bytes }),
	totalOf("rpc_refused_total", "RPCs that could not be read and were refused whole.", func(s *GossipStats) uint64 { return s.BadRPCs }),
	totalOf("ihave_received_total", "Message IDs that peers told us of.", func(s *GossipStats) uint64 { return s.IHaveIn }),
	totalOf("ihave_sent_total", "Message IDs that we told peers of.", func(s *GossipStats) uint64 { return s.IHaveOut }),
	totalOf("iwant_received_total", "Message IDs that peers asked of us.", func(s *GossipStats) uint64 { return s.IWantIn }),
	totalOf("iwant_sent_total", "Message IDs that we asked of peers.", func(s *GossipStats) uint64 { return s.IWantOut }),
	totalOf("iwant_served_total", "Messages sent in answer to IWANT.", func(s *GossipStats) uint64 { return s.Served }),
	totalOf("iwant_unknown_total", "Message IDs asked of us that are not in the cache.", func(s *GossipStats) uint64 { return s.Unknown }),
	totalOf("iwant_refused_total", "Message IDs asked of us too often, or over the bytes allowed.", func(s *GossipStats) uint64 { return s.Refused }),
	totalOf("idontwant_received_total", "Message IDs that peers told us not to send.", func(s *GossipStats) uint64 { return s.IDontWantIn }),
	totalOf("idontwant_sent_total", "Message IDs that we told peers not to send.", func(s *GossipStats) uint64 { return s.IDontWantOut }),
	totalOf("broken_promise_total", "Messages that were advertised, asked for, and never came.", func(s *GossipStats) uint64 { return s.BrokenPromises }),
	totalOf("graylisted_rpc_total", "RPCs not heard, but for their subscriptions, for their sender's score.", func(s *GossipStats) uint64 { return s.Graylisted }),
	totalOf("gated_rpc_total", "RPCs whose messages were not heard while checking could not keep up.", func(s *GossipStats) uint64 { return s.Gated }),
	totalOf("opportunistic_graft_total", "Peers grafted because a mesh had a low median score.", func(s *GossipStats) uint64 { return s.Opportunistic }),
	totalOf("px_sent_total", "Peers that we recommended to those we pruned.", func(s *GossipStats) uint64 { return s.Offered }),
	totalOf("px_heeded_total", "Peers recommended to us whose records were looked at.", func(s *GossipStats) uint64 { return s.Heeded }),
	totalOf("seen_cut_total", "Pages of the seen cache forgotten before their time: it was full, and replays may pass.", func(s *GossipStats) uint64 { return s.SeenCut }),
}

// A tally is a counter by reason.
type tally struct {
	desc *prometheus.Desc
	of   func(s *GossipStats) map[string]uint64
}

func tallyBy(label, name, help string, of func(s *GossipStats) map[string]uint64) tally {
	return tally{prometheus.NewDesc(gossipName+name, help, []string{label}, nil), of}
}

var tallies = []tally{
	tallyBy("reason", "message_rejected_total", "Messages that were not accepted, by reason.", func(s *GossipStats) map[string]uint64 { return s.Rejected }),
	tallyBy("by", "graft_total", "Peers taken into a mesh: by us, or on their own GRAFT.", func(s *GossipStats) map[string]uint64 {
		return map[string]uint64{"us": s.Grafts, "peer": s.Grafted}
	}),
	tallyBy("reason", "prune_total", "Peers that left a mesh, by reason.", func(s *GossipStats) map[string]uint64 { return s.Prunes }),
	tallyBy("reason", "graft_refused_total", "GRAFTs not followed, by reason; those during a backoff are violations.", func(s *GossipStats) map[string]uint64 { return s.Refusals }),
	tallyBy("type", "score_penalty_total", "Breaches of the protocol that cost a peer score, by what they were.", func(s *GossipStats) map[string]uint64 { return s.Penalties }),
	tallyBy("type", "rpc_received_entries_total", "What RPCs that came in held, heeded or not: messages, subscriptions, GRAFTs, PRUNEs, words of parts, and message IDs of the rest.", receivedEntries),
	tallyBy("type", "rpc_sent_entries_total", "The same of RPCs queued for peers.", sentEntries),
	tallyBy("limit", "excess_total", "What peers sent over a limit, by limit.", func(s *GossipStats) map[string]uint64 { return s.Excess }),
	tallyBy("class", "rpc_dropped_total", "RPCs without room in a peer's queue, by class.", func(s *GossipStats) map[string]uint64 { return s.Dropped }),
}

func receivedEntries(s *GossipStats) map[string]uint64 {
	return map[string]uint64{
		"message": s.Received.N + s.Lost.N, "subscription": s.SubsIn, "graft": s.GraftsIn, "prune": s.PrunesIn, "parts": s.PartsIn,
		"ihave": s.IHaveIn, "iwant": s.IWantIn, "idontwant": s.IDontWantIn,
	}
}

func sentEntries(s *GossipStats) map[string]uint64 {
	return map[string]uint64{
		"message": s.Sent.N + s.Served, "subscription": s.SubsOut, "graft": s.GraftsOut, "prune": s.PrunesOut, "parts": s.PartsOut,
		"ihave": s.IHaveOut, "iwant": s.IWantOut, "idontwant": s.IDontWantOut,
	}
}

// A level is a gauge without labels.
type level struct {
	desc *prometheus.Desc
	of   func(s *GossipStats) int
}

func gaugeOf(name, help string, of func(s *GossipStats) int) level {
	return level{prometheus.NewDesc(gossipName+name, help, nil, nil), of}
}

var levels = []level{
	gaugeOf("cache_messages", "Messages in the message cache.", func(s *GossipStats) int { return s.CacheMessages }),
	gaugeOf("cache_bytes", "Memory of the message cache.", func(s *GossipStats) int { return s.CacheBytes }),
	gaugeOf("seen_bytes", "Memory of the seen cache.", func(s *GossipStats) int { return s.SeenBytes }),
	gaugeOf("checking_messages", "Messages in checking or signing.", func(s *GossipStats) int { return s.Checking }),
	gaugeOf("checking_bytes", "Bytes of the messages in checking or signing.", func(s *GossipStats) int { return s.CheckingBytes }),
	gaugeOf("wanted_messages", "Messages asked for that have not come yet.", func(s *GossipStats) int { return s.Wanted }),
}

// An ofTopic is a figure of one topic. Counters of topics that were left go on
// under otherTopics.
type ofTopic struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(t *TopicInfo) float64
	all  func(s *GossipStats) float64 // nil: those of the topics without a label are summed up
}

func byTopic(name, help string, kind prometheus.ValueType, of func(t *TopicInfo) float64, all func(s *GossipStats) float64) ofTopic {
	return ofTopic{prometheus.NewDesc(gossipName+name, help, []string{"topic"}, nil), kind, of, all}
}

var topicFigures = []ofTopic{
	byTopic("mesh_peers", "Mesh peers by topic.", prometheus.GaugeValue, func(t *TopicInfo) float64 { return float64(t.Mesh) }, nil),
	byTopic("fanout_peers", "Fanout peers by topic.", prometheus.GaugeValue, func(t *TopicInfo) float64 { return float64(t.Fanout) }, nil),
	byTopic("topic_peers", "Known subscribers by topic.", prometheus.GaugeValue, func(t *TopicInfo) float64 { return float64(t.Peers) }, nil),
	byTopic("message_received_total", "Copies of messages that came in, by topic.", prometheus.CounterValue,
		func(t *TopicInfo) float64 { return float64(t.Received.N) }, func(s *GossipStats) float64 { return float64(s.Received.N) }),
	byTopic("message_received_bytes_total", "Bytes of data of the copies that came in, by topic.", prometheus.CounterValue,
		func(t *TopicInfo) float64 { return float64(t.Received.Bytes) }, func(s *GossipStats) float64 { return float64(s.Received.Bytes) }),
	byTopic("message_duplicate_total", "Copies of messages that were known already, by topic.", prometheus.CounterValue,
		func(t *TopicInfo) float64 { return float64(t.Duplicates.N) }, func(s *GossipStats) float64 { return float64(s.Duplicates.N) }),
	byTopic("message_delivered_total", "Messages of others accepted and delivered, by topic.", prometheus.CounterValue,
		func(t *TopicInfo) float64 { return float64(t.Delivered.N) }, func(s *GossipStats) float64 { return float64(s.Delivered.N) }),
	byTopic("message_delivered_bytes_total", "Bytes of data of the messages delivered, by topic.", prometheus.CounterValue,
		func(t *TopicInfo) float64 { return float64(t.Delivered.Bytes) }, func(s *GossipStats) float64 { return float64(s.Delivered.Bytes) }),
	byTopic("message_published_total", "Messages of our own, by topic.", prometheus.CounterValue,
		func(t *TopicInfo) float64 { return float64(t.Published.N) }, func(s *GossipStats) float64 { return float64(s.Published.N) }),
}

var (
	descProtocols = prometheus.NewDesc(gossipName+"peers", "Peers that we gossip with, by the protocol we write.", []string{"protocol"}, nil)
	descScores    = prometheus.NewDesc(gossipName+"peer_score", "Scores of the connected peers now; nothing is added up over time.", nil, nil)
	descTopics    = prometheus.NewDesc(gossipName+"topics", "Joined topics by state of their mesh: no_peers (nobody subscribes), low (below Dlo), healthy.", []string{"state"}, nil)
)

// Describe implements prometheus.Collector.
func (gossipFigures) Describe(c chan<- *prometheus.Desc) {
	for _, x := range totals {
		c <- x.desc
	}
	for _, x := range tallies {
		c <- x.desc
	}
	for _, x := range levels {
		c <- x.desc
	}
	for _, x := range topicFigures {
		c <- x.desc
	}
	c <- descProtocols
	c <- descTopics
	c <- descScores
}

// Collect implements prometheus.Collector.
func (g gossipFigures) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectWithin)
	defer cancel()
	s, err := g.n.GossipStats(ctx)
	if err != nil {
		return
	}
	topics, err := g.n.Topics(ctx)
	if err != nil {
		return
	}
	say := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	for _, x := range totals {
		say(x.desc, prometheus.CounterValue, float64(x.of(&s)))
	}
	for _, x := range tallies {
		for why, v := range x.of(&s) {
			say(x.desc, prometheus.CounterValue, float64(v), why)
		}
	}
	for _, x := range levels {
		say(x.desc, prometheus.GaugeValue, float64(x.of(&s)))
	}
	for name, v := range s.Peers {
		say(descProtocols, prometheus.GaugeValue, float64(v), name)
	}
	for state, v := range meshStates(topics) {
		say(descTopics, prometheus.GaugeValue, float64(v), state)
	}
	if scores, err := g.n.Scores(ctx); err == nil {
		c <- scoreHistogram(scores)
	}
	named, rest := labelled(topics)
	for _, x := range topicFigures {
		sum := 0.0
		for i := range named {
			v := x.of(&named[i])
			sum += v
			say(x.desc, x.kind, v, named[i].Topic)
		}
		other := 0.0
		for i := range rest {
			other += x.of(&rest[i])
		}
		if x.all != nil {
			other = max(0, x.all(&s)-sum)
		}
		say(x.desc, x.kind, other, otherTopics)
	}
}

// labelled parts the topics into those that get a label, which are ours and not too
// many, and the rest: what peers announce must not make labels.
func labelled(topics []TopicInfo) (named, rest []TopicInfo) {
	slices.SortFunc(topics, func(a, b TopicInfo) int {
		return cmp.Or(cmp.Compare(btoi(b.Subscribed), btoi(a.Subscribed)), strings.Compare(a.Topic, b.Topic))
	})
	for _, t := range topics {
		if (t.Subscribed || t.Fanout > 0) && len(named) < topicLabelsMax && t.Topic != otherTopics {
			named = append(named, t)
		} else {
			rest = append(rest, t)
		}
	}
	return named, rest
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// scoreBounds part the scores: those at which a peer is treated differently by
// default, and powers of ten where an operator set others.
var scoreBounds = []float64{-10000, -1000, -100, -80, -50, -10, -1, 0, 1, 5, 10, 20, 100, 1000}

// scoreHistogram is how the scores of the connected peers are spread now.
func scoreHistogram(scores []PeerScore) prometheus.Metric {
	buckets, n, sum := map[float64]uint64{}, uint64(0), 0.0
	for _, b := range scoreBounds {
		buckets[b] = 0
	}
	for _, p := range scores {
		if !p.Connected {
			continue
		}
		n++
		sum += p.Score
		for _, b := range scoreBounds {
			if p.Score <= b {
				buckets[b]++
			}
		}
	}
	return prometheus.MustNewConstHistogram(descScores, n, sum, buckets)
}

// meshStates counts the joined topics by how their meshes are.
func meshStates(topics []TopicInfo) map[string]int {
	out := map[string]int{"no_peers": 0, "low": 0, "healthy": 0}
	for _, t := range topics {
		switch {
		case !t.Subscribed:
		case t.Peers == 0 && t.Mesh == 0:
			out["no_peers"]++
		case t.Mesh < t.Degrees.Dlo:
			out["low"]++
		default:
			out["healthy"]++
		}
	}
	return out
}
