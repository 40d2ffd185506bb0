package config

import (
	"strings"
	"time"

	"github.com/ropewalk/ropewalk"
)

// gossipKeys set the router. The words and defaults are those of the GossipSub
// specification.
var gossipKeys = []Key{
	{Path: "gossip.sign", Flag: "sign", Default: `"strict"`, Choices: policies,
		Why:   "strict: every message is signed and checked (StrictSign). none: none may be (StrictNoSign).\nlax and lax-none: as strict and none for our own, but both kinds are taken.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.Sign = v.(string) })},
	{Path: "gossip.version", Flag: "gossip-version", Default: `"1.3"`, Choices: []string{"1.3", "1.2", "1.1", "1.0", "floodsub"},
		Why:   "Newest version of GossipSub to speak. An older one is for experiments: each brought a\ndefence or a saving, and newer peers speak the older ones with us anyway.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.Version = v.(string) })},
	{Path: "gossip.streams", Kind: List, Default: "[]", check: checkStreams,
		Why:   "Stream IDs to offer before those of the specification, with the version spoken on each, such\nas \"/example/meshsub/1.2.0=1.2\": private networks have their own.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.Streams = streams(v.([]string)) })},
	{Path: "gossip.streams_only", Kind: Bool, Default: "false", Why: "Offer none but those: strangers of the public network are not talked to.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.StreamsOnly = v.(bool) })},
	{Path: "gossip.test_extension", Kind: Bool, Default: "false", Why: "Offer the test extension of version 1.3, which only shows that extensions work.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.TestExtension = v.(bool) })},
	gossipInt("D", "6", 1, 64, "Mesh links wanted per topic.", func(g *ropewalk.GossipConfig) *int { return &g.D }),
	gossipInt("Dlo", "5", 1, 64, "Below this many the mesh grafts.", func(g *ropewalk.GossipConfig) *int { return &g.Dlo }),
	gossipInt("Dhi", "12", 1, 128, "Above this many the mesh prunes.", func(g *ropewalk.GossipConfig) *int { return &g.Dhi }),
	{Path: "gossip.Dscore", Kind: Int, Default: "4", Max: 64, Why: "Best-scored peers kept when pruning; 0 for none.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.Dscore = orNone(v) })},
	{Path: "gossip.Dout", Kind: Int, Default: "2", Max: 32, Why: "Outbound links kept in a mesh; 0 for none. An attacker cannot choose them.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.Dout = orNone(v) })},
	gossipInt("Dlazy", "6", 1, 64, "Peers told of messages by ID at each heartbeat, at least.", func(g *ropewalk.GossipConfig) *int { return &g.Dlazy }),
	{Path: "gossip.no_mesh", Kind: Bool, Default: "false", Why: "Keep no mesh, gossip only: for nodes that introduce others to each other.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.NoMesh = v.(bool) })},
	{Path: "gossip.gossip_factor", Kind: Float, Default: "0.25", Max: 1, Why: "Share of the other peers told by ID, if that is more than Dlazy.", check: checkAboveZero,
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.GossipFactor = v.(float64) })},

	gossipSpan("heartbeat_initial_delay", "100ms", time.Millisecond, time.Minute, "Pause before the first heartbeat.", func(g *ropewalk.GossipConfig) *time.Duration { return &g.HeartbeatDelay }),
	gossipSpan("heartbeat_interval", "1s", 100*time.Millisecond, time.Minute, "Mesh upkeep; neighbours expect about a second.", func(g *ropewalk.GossipConfig) *time.Duration { return &g.HeartbeatEvery }),
	gossipSpan("fanout_ttl", "1m", time.Second, time.Hour, "Peers of a topic we only publish to are remembered this long.", func(g *ropewalk.GossipConfig) *time.Duration { return &g.FanoutTTL }),
	gossipSpan("seen_ttl", "2m", time.Second, time.Hour, "A message ID is known this long; a replay after it would be new.", func(g *ropewalk.GossipConfig) *time.Duration { return &g.SeenTTL }),
	{Path: "gossip.seen_strategy", Default: `"first"`, Choices: []string{"first", "last"},
		Why:   "From when seen_ttl counts: the first copy of a message, or the last. last keeps known what\ncirculates for longer, at the cost of memory for it.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.SeenStrategy = v.(string) })},
	gossipSpan("prune_backoff", "1m", time.Second, time.Hour, "No graft this long after a prune.", func(g *ropewalk.GossipConfig) *time.Duration { return &g.PruneBackoff }),
	gossipSpan("unsubscribe_backoff", "10s", time.Second, time.Hour, "The same after leaving a topic.", func(g *ropewalk.GossipConfig) *time.Duration { return &g.UnsubscribeBackoff }),
	gossipSpan("graft_flood_threshold", "10s", time.Second, time.Hour, "A GRAFT this soon after a PRUNE counts double.", func(g *ropewalk.GossipConfig) *time.Duration { return &g.GraftFlood }),
	gossipSpan("iwant_followup_time", "3s", 10*time.Millisecond, time.Minute, "A message asked for must come within this, or it is a broken promise.", func(g *ropewalk.GossipConfig) *time.Duration { return &g.IWantFollowup }),

	gossipInt("history_length", "5", 1, 64, "Heartbeats a message can be asked back for.", func(g *ropewalk.GossipConfig) *int { return &g.HistoryLength }),
	gossipInt("history_gossip", "3", 1, 64, "Heartbeats of which IDs are told; at most history_length.", func(g *ropewalk.GossipConfig) *int { return &g.HistoryGossip }),
	gossipInt("gossip_retransmission", "3", 1, 64, "Times one peer may fetch one message.", func(g *ropewalk.GossipConfig) *int { return &g.GossipRetransmission }),
	gossipInt("max_ihave_length", "5000", 1, 32768, "Message IDs asked of one peer in one heartbeat.", func(g *ropewalk.GossipConfig) *int { return &g.MaxIHaveLength }),
	gossipInt("max_ihave_messages", "10", 1, 10000, "RPCs with IHAVE heard of one peer in one heartbeat.", func(g *ropewalk.GossipConfig) *int { return &g.MaxIHaveMessages }),
	gossipInt("max_idontwant_length", "10", 1, 10000, "Message IDs heeded in one RPC with IDONTWANT.", func(g *ropewalk.GossipConfig) *int { return &g.MaxIDontWantLength }),
	gossipInt("max_idontwant_messages", "1000", 1, 100000, "RPCs with IDONTWANT heeded of one peer in one heartbeat.", func(g *ropewalk.GossipConfig) *int { return &g.MaxIDontWantMessages }),
	gossipSize("idontwant_threshold", "16KiB", 1, 1<<20, "Message size from which peers are told not to send it too. For smaller ones that costs\nmore than it saves.", func(g *ropewalk.GossipConfig) *int { return &g.IDontWantBytes }),
	gossipInt("idontwant_ttl", "3", 1, 64, "Heartbeats an IDONTWANT is heeded.", func(g *ropewalk.GossipConfig) *int { return &g.IDontWantTTL }),

	{Path: "gossip.flood_publish", Kind: Bool, Default: "true",
		Why:   "Send own messages to every peer of the topic that stands well enough, not only to the mesh:\nno mesh of censors can hold them back then.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { on := v.(bool); g.FloodPublish = &on })},
	gossipInt("opportunistic_graft_ticks", "60", 1, 100000, "Heartbeats between looks at a mesh's median score.", func(g *ropewalk.GossipConfig) *int { return &g.OpportunisticGraftTicks }),
	gossipInt("opportunistic_graft_peers", "2", 1, 64, "Peers grafted when it is below opportunistic_graft_threshold.", func(g *ropewalk.GossipConfig) *int { return &g.OpportunisticGraftPeers }),
	{Path: "gossip.peer_exchange", Kind: Bool, Default: "false",
		Why:   "Recommend other peers of the topic, by signed record, to those we prune. Off, but for profile\nseed: only nodes that everybody knows need it.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.PeerExchange = v.(bool) })},
	{Path: "gossip.accept_exchange", Kind: Bool, Default: "false",
		Why:   "Take peers into the host book that anybody in good standing recommends, not only those of\npeers whose score earned it.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.AcceptExchange = v.(bool) })},
	gossipInt("prune_peers", "16", 1, 16, "Peers recommended, and heeded, in one PRUNE.", func(g *ropewalk.GossipConfig) *int { return &g.PrunePeers }),
	{Path: "gossip.direct_peers", Kind: List, Default: "[]", check: checkHosts,
		Why:   "Peers that always get our messages and are always heard, and that stay connected for ever:\nmultiaddrs with /p2p/, or records. Both sides must name each other.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.DirectPeers = v.([]string) })},
	gossipInt("direct_connect_ticks", "300", 1, 100000, "Heartbeats between dials of direct peers that are missing.", func(g *ropewalk.GossipConfig) *int { return &g.DirectConnectTicks }),
	{Path: "gossip.subscription_filter", Kind: List, Default: "[]", check: checkTopics,
		Why:   "The only topics to take part in, beside chat rooms. Empty: all. What peers say of others is\nnot remembered.",
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { g.SubscriptionFilter = v.([]string) })},

	gossipSize("max_message_size", "1MiB", 1<<10, 1<<20, "Largest RPC; others drop what is larger than 1 MiB.", func(g *ropewalk.GossipConfig) *int { return &g.MessageBytes }),
	gossipSize("seen_bytes", "64MiB", 1<<20, 4<<30, "Memory of the seen cache: about three million IDs.", func(g *ropewalk.GossipConfig) *int { return &g.SeenBytes }),
	gossipSize("cache_bytes", "256MiB", 1<<20, 16<<30, "Memory of the message cache, which answers those who missed a message.", func(g *ropewalk.GossipConfig) *int { return &g.CacheBytes }),
}

var policies = []string{"strict", "none", "lax", "lax-none"}

// streams reads what checkStreams let pass.
func streams(texts []string) (out []ropewalk.GossipStream) {
	for _, text := range texts {
		if i := strings.LastIndexByte(text, '='); i >= 0 {
			out = append(out, ropewalk.GossipStream{ID: text[:i], Version: text[i+1:]})
		}
	}
	return out
}

// inGossip applies a value to the table gossip.
func inGossip(set func(g *ropewalk.GossipConfig, v any)) func(*Settings, string, any) {
	return func(s *Settings, _ string, v any) { set(&s.Node.Gossip, v) }
}

func gossipInt(name, def string, low, high int64, why string, at func(*ropewalk.GossipConfig) *int) Key {
	return Key{Path: "gossip." + name, Kind: Int, Default: def, Min: low, Max: high, Why: why,
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { *at(g) = int(v.(int64)) })}
}

func gossipSize(name, def string, low, high int64, why string, at func(*ropewalk.GossipConfig) *int) Key {
	k := gossipInt(name, `"`+def+`"`, low, high, why, at)
	k.Kind = Size
	return k
}

func gossipSpan(name, def string, low, high time.Duration, why string, at func(*ropewalk.GossipConfig) *time.Duration) Key {
	return Key{Path: "gossip." + name, Kind: Duration, Default: `"` + def + `"`, Min: int64(low), Max: int64(high), Why: why,
		apply: inGossip(func(g *ropewalk.GossipConfig, v any) { *at(g) = v.(time.Duration) })}
}
