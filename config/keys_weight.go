package config

import (
	"slices"
	"strconv"
	"time"

	"github.com/ropewalk/ropewalk"
)

// A weight is a parameter of what a topic's peers earn, a number or a time: [gossip]
// sets it for all topics, [gossip.topic."NAME"] for one.
type weight struct {
	name      string
	low, high int64
	why       string
	number    func(*ropewalk.TopicScoreConfig) *float64
	span      func(*ropewalk.TopicScoreConfig) *time.Duration
}

var weights = []weight{
	{name: "topic_weight", high: million, why: "Of the whole topic in the score.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.TopicWeight }},
	{name: "time_in_mesh_weight", high: million, why: "P1: of each quantum in the mesh.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.TimeInMeshWeight }},
	{name: "time_in_mesh_quantum", low: int64(time.Millisecond), high: int64(time.Hour), why: "How long a quantum is.",
		span: func(t *ropewalk.TopicScoreConfig) *time.Duration { return &t.TimeInMeshQuantum }},
	{name: "time_in_mesh_cap", high: million, why: "Quanta that count at most.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.TimeInMeshCap }},
	{name: "first_message_deliveries_weight", high: million, why: "P2: of each valid message that came first from the peer.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.FirstMessageDeliveriesWeight }},
	{name: "first_message_deliveries_decay", high: 1, why: "What remains of its counter after decay_interval.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.FirstMessageDeliveriesDecay }},
	{name: "first_message_deliveries_cap", high: million, why: "Messages that count at most.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.FirstMessageDeliveriesCap }},
	{name: "mesh_message_deliveries_weight", low: -million, high: 0, why: "P3: of the missing messages of a mesh peer, squared.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshMessageDeliveriesWeight }},
	{name: "mesh_message_deliveries_decay", high: 1, why: "What remains of its counter after decay_interval.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshMessageDeliveriesDecay }},
	{name: "mesh_message_deliveries_cap", high: million, why: "Messages that count at most.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshMessageDeliveriesCap }},
	{name: "mesh_message_deliveries_threshold", high: million, why: "Below this many some are missing.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshMessageDeliveriesThreshold }},
	{name: "mesh_message_deliveries_window", high: int64(time.Minute), why: "How long after the first copy another still counts for a mesh peer.",
		span: func(t *ropewalk.TopicScoreConfig) *time.Duration { return &t.MeshMessageDeliveriesWindow }},
	{name: "mesh_message_deliveries_activation", high: int64(time.Hour), why: "How long a peer is in the mesh before what is missing counts; at least 1s.",
		span: func(t *ropewalk.TopicScoreConfig) *time.Duration { return &t.MeshMessageDeliveriesActivation }},
	{name: "mesh_failure_penalty_weight", low: -million, high: 0, why: "P3b: of what was missing when a peer left the mesh.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshFailurePenaltyWeight }},
	{name: "mesh_failure_penalty_decay", high: 1, why: "What remains of its counter after decay_interval.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshFailurePenaltyDecay }},
	{name: "invalid_message_deliveries_weight", low: -million, high: 0, why: "P4: of invalid messages, squared.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.InvalidMessageDeliveriesWeight }},
	{name: "invalid_message_deliveries_decay", high: 1, why: "What remains of its counter after decay_interval.",
		number: func(t *ropewalk.TopicScoreConfig) *float64 { return &t.InvalidMessageDeliveriesDecay }},
}

// weightKeys are those of all topics, then those of one.
var weightKeys = slices.Concat(keysOf("gossip.", inDefault), keysOf("gossip.topic.*.", inWeights))

// weighing applies a value to parameters that it finds.
type weighing func(set func(w *ropewalk.TopicScoreConfig, v any)) func(*Settings, string, any)

func keysOf(table string, in weighing) (out []Key) {
	standard := ropewalk.DefaultScore().Topic
	for _, w := range weights {
		k := Key{Path: table + w.name, Kind: Float, Min: w.low, Max: w.high, Why: w.why}
		if w.span != nil {
			k.Kind, k.Default = Duration, format(*w.span(&standard))
			k.apply = in(func(t *ropewalk.TopicScoreConfig, v any) { *w.span(t) = v.(time.Duration) })
		} else {
			k.Default = strconv.FormatFloat(*w.number(&standard), 'g', 6, 64)
			k.apply = in(func(t *ropewalk.TopicScoreConfig, v any) { *w.number(t) = v.(float64) })
		}
		if k.named() {
			k.Default = ""
		}
		out = append(out, k)
	}
	return out
}

// inDefault applies a value to what the peers of all topics earn.
func inDefault(set func(t *ropewalk.TopicScoreConfig, v any)) func(*Settings, string, any) {
	return inScore(func(c *ropewalk.ScoreConfig, v any) { set(&c.Topic, v) })
}

// inWeights applies a value to a topic's part in the score, that of all topics at
// first.
func inWeights(set func(t *ropewalk.TopicScoreConfig, v any)) func(*Settings, string, any) {
	return func(s *Settings, name string, v any) {
		inTopic(func(t *ropewalk.TopicConfig, v any) {
			if t.Score == nil {
				w := ropewalk.DefaultScore().Topic
				if s.Node.Gossip.Score != nil {
					w = s.Node.Gossip.Score.Topic
				}
				t.Score = &w
			}
			set(t.Score, v)
		})(s, name, v)
	}
}
