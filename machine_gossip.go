package ropewalk

import (
	"net/netip"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/gossipsub/gater"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// gossipConfig says in the router's words what the user's Config says, and whom it
// wants connected for ever because of it.
func (n *Node) gossipConfig() (gossipsub.Config, []link.Addr, error) {
	g := n.cfg.Gossip
	direct, err := n.addrsOf(g.DirectPeers)
	if err != nil {
		return gossipsub.Config{}, nil, err
	}
	out := gossipsub.Config{
		Params: gossipParams(g), Sign: policy(g.Sign), Version: g.Version, Topics: n.topicConfig, Watched: n.watched,
		Validators: n.validators(g.Validators, 0), Direct: idsOf(direct),
		Streams: g.Streams, StreamsOnly: g.StreamsOnly, TestExtension: g.TestExtension,
	}
	out.Exchange, out.AcceptExchange = g.PeerExchange || n.cfg.Profile == "seed", g.AcceptExchange
	if len(g.SubscriptionFilter) > 0 {
		listed := gossipsub.AllowTopics(g.SubscriptionFilter...)
		out.Filter = func(topic string) bool { return chat.IsTopic(topic) || listed(topic) }
	}
	if !g.NoScore {
		s := DefaultScore()
		if g.Score != nil {
			s = *g.Score
		}
		s.RecordTTL = max(s.RecordTTL, g.SeenTTL)
		if n.cfg.Localnet {
			s.IPColocationAllow = append(private(), s.IPColocationAllow...)
		}
		out.Score = &s
	}
	if !g.NoGater {
		out.Gater = &gater.Config{}
	}
	return out, direct, nil
}

// private are the addresses of local networks, where many nodes share one.
func private() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10"} {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

func idsOf(addrs []link.Addr) []id.ID {
	var out []id.ID
	for _, a := range addrs {
		out = append(out, a.ID())
	}
	return out
}

// policy reads a name that Validate let pass; empty is the default.
func policy(sign string) gossipsub.Policy {
	p, _ := gossipsub.PolicyNamed(sign)
	return p
}

func gossipParams(g GossipConfig) gossipsub.Params {
	strategy := gossipsub.FirstSeen
	if g.SeenStrategy == "last" {
		strategy = gossipsub.LastSeen
	}
	return gossipsub.Params{
		NoMesh: g.NoMesh, D: g.D, Dlo: g.Dlo, Dhi: g.Dhi, Dscore: g.Dscore, Dout: g.Dout, Dlazy: g.Dlazy, GossipFactor: g.GossipFactor,
		HistoryLength: g.HistoryLength, HistoryGossip: g.HistoryGossip, GossipRetransmission: g.GossipRetransmission,
		HeartbeatInitialDelay: g.HeartbeatDelay, HeartbeatInterval: g.HeartbeatEvery, FanoutTTL: g.FanoutTTL, SeenTTL: g.SeenTTL, SeenStrategy: strategy,
		PruneBackoff: g.PruneBackoff, UnsubscribeBackoff: g.UnsubscribeBackoff, GraftFloodThreshold: g.GraftFlood, IWantFollowupTime: g.IWantFollowup,
		MaxIHaveLength: g.MaxIHaveLength, MaxIHaveMessages: g.MaxIHaveMessages,
		MaxIDontWantLength: g.MaxIDontWantLength, MaxIDontWantMessages: g.MaxIDontWantMessages,
		IDontWantThreshold: g.IDontWantBytes, IDontWantTTL: g.IDontWantTTL,
		FloodPublish: g.FloodPublish, DirectConnectTicks: g.DirectConnectTicks, OpportunisticGraftTicks: g.OpportunisticGraftTicks, OpportunisticGraftPeers: g.OpportunisticGraftPeers,
		PrunePeers: g.PrunePeers, SeenBytes: g.SeenBytes, CacheBytes: g.CacheBytes,
		// Of an RPC's bytes a hundred-and-twenty-eighth is kept for what is not data.
		MessageBytesMax: g.MessageBytes - g.MessageBytes/128,
	}
}

// topicSays is what the user says of a topic: at its joining, or in the Config. It
// runs in the loop.
func (n *Node) topicSays(topic string) (TopicConfig, bool) {
	t, ok := n.joined[topic]
	if !ok {
		t, ok = n.cfg.Gossip.Topics[topic]
	}
	return t, ok
}

// topicConfig says the same in the router's words.
func (n *Node) topicConfig(topic string) gossipsub.TopicConfig {
	t, ok := n.topicSays(topic)
	if !ok {
		return gossipsub.TopicConfig{}
	}
	out := gossipsub.TopicConfig{BytesMax: t.BytesMax, IDontWantThreshold: t.IDontWantBytes, TTL: t.TTL, Replay: t.Replay, Score: t.Score, Author: n.author(t), Partial: t.Partial, Validators: n.validators(t.Validators, t.ValidateWithin), MessageID: messageID(t.MessageID)}
	if t.Sign != "" {
		p := policy(t.Sign)
		out.Sign = &p
	}
	if t.D|t.Dlo|t.Dhi|t.Dscore|t.Dout != 0 {
		d := t.degrees(n.cfg.Gossip)
		out.Mesh = &d
	}
	return out
}

// degrees are a topic's: what it does not set is as the router's.
func (t TopicConfig) degrees(g GossipConfig) gossipsub.Degrees {
	return gossipsub.Degrees{D: or(t.D, g.D), Dlo: or(t.Dlo, g.Dlo), Dhi: or(t.Dhi, g.Dhi), Dscore: or(t.Dscore, g.Dscore), Dout: or(t.Dout, g.Dout)}
}
