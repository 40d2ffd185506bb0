package config

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk"
)

// scoreKeys say how peers are judged (gossipsub-v1.1 "Peer Scoring").
var scoreKeys = []Key{
	{Path: "gossip.score", Kind: Bool, Default: "true",
		Why:   "Judge peers by what they do, and treat them by it. `ropewalk scores` shows how they stand.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.NoScore = !v.(bool) })},
	{Path: "gossip.gater", Kind: Bool, Default: "true",
		Why:   "While checking cannot keep up, refuse messages at random from addresses that sent junk.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.NoGater = !v.(bool) })},
	scoreFloat("gossip_threshold", "-10", -million, 0, "Below: no gossip to or from the peer.", func(c *ropewalk.ScoreConfig) *float64 { return &c.Gossip }),
	scoreFloat("publish_threshold", "-50", -million, 0, "Below: own messages are not sent to it. At most gossip_threshold.", func(c *ropewalk.ScoreConfig) *float64 { return &c.Publish }),
	scoreFloat("graylist_threshold", "-80", -million, 0, "Below: it is not heard at all. At most publish_threshold.", func(c *ropewalk.ScoreConfig) *float64 { return &c.Graylist }),
	scoreFloat("accept_px_threshold", "10", 0, million, "From here the peers it recommends are believed.", func(c *ropewalk.ScoreConfig) *float64 { return &c.AcceptPX }),
	scoreFloat("opportunistic_graft_threshold", "5", 0, million, "A mesh whose median is below looks for better peers.", func(c *ropewalk.ScoreConfig) *float64 { return &c.OpportunisticGraft }),
	scoreFloat("topic_score_cap", "20", 0, million, "Most that good conduct in all topics together can earn; 0 for no cap.", func(c *ropewalk.ScoreConfig) *float64 { return &c.TopicScoreCap }),
	scoreFloat("ip_colocation_factor_weight", "-5", -million, 0, "Of the peers above the threshold at one address, squared (P6).", func(c *ropewalk.ScoreConfig) *float64 { return &c.IPColocationFactorWeight }),
	{Path: "gossip.ip_colocation_factor_threshold", Kind: Int, Default: "10", Min: 1, Max: 1 << 20, Why: "Peers of one address that cost nothing: households and test machines share one.",
		apply: inScore(func(c *ropewalk.ScoreConfig, v any) { c.IPColocationFactorThreshold = int(v.(int64)) })},
	{Path: "gossip.ip_colocation_allow", Kind: List, Default: "[]", check: checkPrefixes,
		Why:   "Addresses that are never counted, such as 192.0.2.0/24. Loopback never is, nor private ones\nunder localnet.",
		apply: inScore(func(c *ropewalk.ScoreConfig, v any) { c.IPColocationAllow = prefixes(v.([]string)) })},
	scoreFloat("behaviour_penalty_weight", "-15", -million, 0, "Of breaches of the protocol above the threshold, squared (P7).", func(c *ropewalk.ScoreConfig) *float64 { return &c.BehaviourPenaltyWeight }),
	scoreFloat("behaviour_penalty_threshold", "6", 0, million, "Breaches that cost nothing.", func(c *ropewalk.ScoreConfig) *float64 { return &c.BehaviourPenaltyThreshold }),
	scoreFloat("behaviour_penalty_decay", "0.992354", 0, 1, "What remains of that counter after decay_interval: a breach is nothing after ten minutes.", func(c *ropewalk.ScoreConfig) *float64 { return &c.BehaviourPenaltyDecay }),
	{Path: "gossip.decay_interval", Kind: Duration, Default: `"1s"`, Min: int64(time.Second), Max: int64(time.Hour), Why: "How often counters decay.",
		apply: inScore(func(c *ropewalk.ScoreConfig, v any) { c.DecayInterval = v.(time.Duration) })},
	scoreFloat("decay_to_zero", "0.01", 0, 1, "A counter below this is nothing.", func(c *ropewalk.ScoreConfig) *float64 { return &c.DecayToZero }),
	{Path: "gossip.retain_score", Kind: Duration, Default: `"1h"`, Max: int64(24 * time.Hour), Why: "A score of zero or less outlives the link by this, so that coming back does not make it new.",
		apply: inScore(func(c *ropewalk.ScoreConfig, v any) { c.RetainScore = v.(time.Duration) })},
}

const million = 1_000_000

// inScore applies a value to the parameters of scoring, the default ones at first.
func inScore(set func(c *ropewalk.ScoreConfig, v any)) func(*Settings, string, any) {
	return func(s *Settings, _ string, v any) {
		if s.Node.Gossip.Score == nil {
			c := ropewalk.DefaultScore()
			s.Node.Gossip.Score = &c
		}
		set(s.Node.Gossip.Score, v)
	}
}

func scoreFloat(name, def string, low, high int64, why string, at func(*ropewalk.ScoreConfig) *float64) Key {
	return Key{Path: "gossip." + name, Kind: Float, Default: def, Min: low, Max: high, Why: why,
		apply: inScore(func(c *ropewalk.ScoreConfig, v any) { *at(c) = v.(float64) })}
}

// prefixes reads what checkPrefixes let pass.
func prefixes(texts []string) (out []netip.Prefix) {
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p)
		}
	}
	return out
}
