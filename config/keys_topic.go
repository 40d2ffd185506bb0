package config

import (
	"time"

	"github.com/ropewalk/ropewalk"
)

// topicKeys set one topic: [gossip.topic."NAME"]. What is not set is as the router's.
var topicKeys = []Key{
	{Path: "gossip.topic.*.sign", Choices: policies, Why: "As gossip.sign, for this topic.",
		apply: inTopic(func(t *ropewalk.TopicConfig, v any) { t.Sign = v.(string) })},
	{Path: "gossip.topic.*.author", Choices: []string{"node", "ed25519"},
		Why:   "Whom our messages of this topic name: the node, or an Ed25519 key made of the node's key.\nIts signatures cost others a third of the time to check.",
		apply: inTopic(func(t *ropewalk.TopicConfig, v any) { t.Author = v.(string) })},
	{Path: "gossip.topic.*.max_size", Kind: Size, Min: 1, Max: 16 << 20, Why: "Largest payload of this topic.",
		apply: inTopic(func(t *ropewalk.TopicConfig, v any) { t.BytesMax = int(v.(int64)) })},
	{Path: "gossip.topic.*.idontwant_threshold", Kind: Size, Min: 1, Max: 1 << 20, Why: "As gossip.idontwant_threshold.",
		apply: inTopic(func(t *ropewalk.TopicConfig, v any) { t.IDontWantBytes = int(v.(int64)) })},
	{Path: "gossip.topic.*.ttl", Kind: Duration, Min: int64(10 * time.Millisecond), Max: int64(time.Hour),
		Why:   "How long a message may wait to be written to a peer; then it is dropped there.",
		apply: inTopic(func(t *ropewalk.TopicConfig, v any) { t.TTL = v.(time.Duration) })},
	{Path: "gossip.topic.*.replay", Kind: Bool,
		Why:   "Drop signed messages whose number their author used before, also after a restart. Not where\nauthors draw numbers at random.",
		apply: inTopic(func(t *ropewalk.TopicConfig, v any) { t.Replay = v.(bool) })},
	topicInt("D", 1, 64, func(t *ropewalk.TopicConfig) *int { return &t.D }),
	topicInt("Dlo", 1, 64, func(t *ropewalk.TopicConfig) *int { return &t.Dlo }),
	topicInt("Dhi", 1, 128, func(t *ropewalk.TopicConfig) *int { return &t.Dhi }),
	{Path: "gossip.topic.*.Dscore", Kind: Int, Max: 64, Why: "As gossip.Dscore.",
		apply: inTopic(func(t *ropewalk.TopicConfig, v any) { t.Dscore = orNone(v) })},
	{Path: "gossip.topic.*.Dout", Kind: Int, Max: 32, Why: "As gossip.Dout.",
		apply: inTopic(func(t *ropewalk.TopicConfig, v any) { t.Dout = orNone(v) })},

	weight("topic_weight", 0, million, "Of the whole topic in the score.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.TopicWeight }),
	weight("time_in_mesh_weight", 0, million, "P1: of each quantum in the mesh.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.TimeInMeshWeight }),
	weightSpan("time_in_mesh_quantum", time.Millisecond, time.Hour, func(t *ropewalk.TopicScoreConfig) *time.Duration { return &t.TimeInMeshQuantum }),
	weight("time_in_mesh_cap", 0, million, "Quanta that count at most.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.TimeInMeshCap }),
	weight("first_message_deliveries_weight", 0, million, "P2: of each valid message that came first from the peer.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.FirstMessageDeliveriesWeight }),
	weight("first_message_deliveries_decay", 0, 1, "What remains of its counter after decay_interval.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.FirstMessageDeliveriesDecay }),
	weight("first_message_deliveries_cap", 0, million, "Messages that count at most.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.FirstMessageDeliveriesCap }),
	weight("mesh_message_deliveries_weight", -million, 0, "P3: of the missing messages of a mesh peer, squared.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshMessageDeliveriesWeight }),
	weight("mesh_message_deliveries_decay", 0, 1, "What remains of its counter after decay_interval.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshMessageDeliveriesDecay }),
	weight("mesh_message_deliveries_cap", 0, million, "Messages that count at most.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshMessageDeliveriesCap }),
	weight("mesh_message_deliveries_threshold", 0, million, "Below this many some are missing.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshMessageDeliveriesThreshold }),
	weightSpan("mesh_message_deliveries_window", time.Millisecond, time.Minute, func(t *ropewalk.TopicScoreConfig) *time.Duration { return &t.MeshMessageDeliveriesWindow }),
	weightSpan("mesh_message_deliveries_activation", time.Second, time.Hour, func(t *ropewalk.TopicScoreConfig) *time.Duration { return &t.MeshMessageDeliveriesActivation }),
	weight("mesh_failure_penalty_weight", -million, 0, "P3b: of what was missing when a peer left the mesh.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshFailurePenaltyWeight }),
	weight("mesh_failure_penalty_decay", 0, 1, "What remains of its counter after decay_interval.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.MeshFailurePenaltyDecay }),
	weight("invalid_message_deliveries_weight", -million, 0, "P4: of invalid messages, squared.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.InvalidMessageDeliveriesWeight }),
	weight("invalid_message_deliveries_decay", 0, 1, "What remains of its counter after decay_interval.", func(t *ropewalk.TopicScoreConfig) *float64 { return &t.InvalidMessageDeliveriesDecay }),
}

// inTopic applies a value to one topic.
func inTopic(set func(t *ropewalk.TopicConfig, v any)) func(*Settings, string, any) {
	return func(s *Settings, name string, v any) {
		t := s.Node.Gossip.Topics[name]
		set(&t, v)
		s.Node.Gossip.Topics[name] = t
	}
}

// inWeights applies a value to a topic's part in the score, the default one at first.
func inWeights(set func(t *ropewalk.TopicScoreConfig, v any)) func(*Settings, string, any) {
	return inTopic(func(t *ropewalk.TopicConfig, v any) {
		if t.Score == nil {
			w := ropewalk.DefaultScore().Topic
			t.Score = &w
		}
		set(t.Score, v)
	})
}

func topicInt(name string, low, high int64, at func(*ropewalk.TopicConfig) *int) Key {
	return Key{Path: "gossip.topic.*." + name, Kind: Int, Min: low, Max: high, Why: "As gossip." + name + ".",
		apply: inTopic(func(t *ropewalk.TopicConfig, v any) { *at(t) = int(v.(int64)) })}
}

func weight(name string, low, high int64, why string, at func(*ropewalk.TopicScoreConfig) *float64) Key {
	return Key{Path: "gossip.topic.*." + name, Kind: Float, Min: low, Max: high, Why: why,
		apply: inWeights(func(t *ropewalk.TopicScoreConfig, v any) { *at(t) = v.(float64) })}
}

func weightSpan(name string, low, high time.Duration, at func(*ropewalk.TopicScoreConfig) *time.Duration) Key {
	return Key{Path: "gossip.topic.*." + name, Kind: Duration, Min: int64(low), Max: int64(high), Why: "Of the term before it.",
		apply: inWeights(func(t *ropewalk.TopicScoreConfig, v any) { *at(t) = v.(time.Duration) })}
}
