package ropewalk

import (
	"strings"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/gossipsub/gater"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/pulse"
	"github.com/ropewalk/ropewalk/session"
)

// machineConfig says in the machine's words what the user's Config says.
func (n *Node) machineConfig() (node.Config, error) {
	c := n.cfg
	peers, err := addrsOf(c.Session.Peers)
	if err != nil {
		return node.Config{}, err
	}
	seeds, err := addrsOf(c.Session.Seeds)
	if err != nil {
		return node.Config{}, err
	}
	return node.Config{
		Key: n.key, Network: c.Network, Localnet: c.Localnet,
		Session: session.Config{Outbound: noneIfZero(c.Session.Outbound), Inbound: noneIfZero(c.Session.Inbound), Peers: peers, Seeds: seeds, RefineEvery: c.Session.RefineEvery},
		Gossip:  gossipsub.Config{Params: gossipParams(c.Gossip), Sign: policy(c.Gossip.Sign), Topics: n.topicConfig, Watched: n.watched, Score: n.scoring(), Gater: &gater.Config{}},
		Chat:    chat.Config{Author: chat.NewAuthor(n.key), RoomLines: c.Chat.Lines},
		Pulse:   pulse.Config{Every: c.Session.HeartbeatEvery, Within: min(c.Session.HeartbeatEvery, c.Session.DialTimeout)},
		Trace:   n.onEvent,
	}, nil
}

// noneIfZero: in a filled Config 0 means none, which the machine writes as -1.
func noneIfZero(v int) int {
	if v == 0 {
		return -1
	}
	return v
}

func policy(sign string) gossipsub.Policy {
	p, _ := gossipsub.PolicyNamed(sign) // Validate has refused other names
	return p
}

func gossipParams(g GossipConfig) gossipsub.Params {
	return gossipsub.Params{
		D: g.D, Dlo: g.Dlo, Dhi: g.Dhi, Dlazy: g.Dlazy,
		HeartbeatInterval: g.HeartbeatEvery, FanoutTTL: g.FanoutTTL, SeenTTL: g.SeenTTL,
		HistoryLength: g.HistoryLength, HistoryGossip: g.HistoryGossip,
		// Of an RPC's bytes a hundred-and-twenty-eighth is kept for what is not data.
		MessageBytesMax: g.MessageBytes - g.MessageBytes/128, SeenBytes: g.SeenBytes,
	}
}

// scoring is how peers are judged.
func (n *Node) scoring() *score.Config {
	c := score.DefaultConfig()
	return &c
}

// topicConfig is what the user says of a topic.
func (n *Node) topicConfig(topic string) gossipsub.TopicConfig {
	t, ok := n.cfg.Gossip.Topics[topic]
	if !ok {
		return gossipsub.TopicConfig{}
	}
	out := gossipsub.TopicConfig{BytesMax: t.BytesMax}
	if t.Sign != "" {
		p := policy(t.Sign)
		out.Sign = &p
	}
	return out
}

// addrsOf reads the addresses and records of a configuration.
func addrsOf(texts []string) ([]link.Addr, error) {
	var out []link.Addr
	for _, text := range texts {
		addrs, err := dialAddrs(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		out = append(out, addrs[0])
	}
	return out, nil
}
