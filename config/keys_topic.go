package config

import (
	"time"

	"github.com/ropewalk/ropewalk"
)

// topicKeys set one topic: [gossip.topic."NAME"], and so do the weights. What is not
// set is as the router's.
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
}

// inTopic applies a value to one topic.
func inTopic(set func(t *ropewalk.TopicConfig, v any)) func(*Settings, string, any) {
	return func(s *Settings, name string, v any) {
		t := s.Node.Gossip.Topics[name]
		set(&t, v)
		s.Node.Gossip.Topics[name] = t
	}
}

func topicInt(name string, low, high int64, at func(*ropewalk.TopicConfig) *int) Key {
	return Key{Path: "gossip.topic.*." + name, Kind: Int, Min: low, Max: high, Why: "As gossip." + name + ".",
		apply: inTopic(func(t *ropewalk.TopicConfig, v any) { *at(t) = int(v.(int64)) })}
}
