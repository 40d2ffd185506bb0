package ropewalk

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/pex"
	"github.com/ropewalk/ropewalk/pulse"
	"github.com/ropewalk/ropewalk/session"
)

// machineConfig says in the machine's words what the user's Config says.
func (n *Node) machineConfig() (node.Config, error) {
	c := n.cfg
	peers, err := n.addrsOf(c.Session.Peers)
	if err != nil {
		return node.Config{}, err
	}
	seeds, err := n.addrsOf(c.Session.Seeds)
	if err != nil {
		return node.Config{}, err
	}
	trusted := make([]id.ID, 0, len(c.Session.Trusted))
	for _, text := range c.Session.Trusted {
		if who, ok := whoIs(text); ok && who != n.key.ID() {
			trusted = append(trusted, who)
		}
	}
	banned := make([]hosts.Target, 0, len(c.Session.Banned))
	for _, text := range c.Session.Banned {
		if t, err := hosts.ParseTarget(text); err == nil && t != hosts.OfID(n.key.ID()) {
			banned = append(banned, t)
		}
	}
	gossip, direct, err := n.gossipConfig()
	if err != nil {
		return node.Config{}, err
	}
	mc := node.Config{
		Key: n.key, Network: c.Network, Localnet: c.Localnet, Slow: n.slow, External: append(externalIPs(c.Listen.External), n.natMode().Static()...), Restrict: n.restrict,
		Hosts: hosts.Config{Open: c.Profile == "seed", Banned: banned, Relaxed: c.Session.BanPolicy == "relaxed"},
		Session: session.Config{
			Outbound: noneIfZero(c.Session.Outbound), Inbound: noneIfZero(c.Session.Inbound), KnownPercent: c.Session.KnownPercent, Total: c.Session.MaxPeers, Trusted: trusted,
			Peers: withoutTwins(append(peers, direct...)), Seeds: seeds, RefineEvery: c.Session.RefineEvery,
			DialFor: func(to link.Addr) time.Duration { return n.dialWithin(to) + dialSlack },
		},
		Peer:   peer.Config{TotalBytes: int(n.queuedMax())},
		Pex:    pex.Config{Hidden: n.routes.Proxy},
		Gossip: gossip,
		Chat:   chat.Config{Author: chat.NewAuthor(n.key), RoomLines: c.Chat.Lines},
		Pulse:  pulse.Config{Every: c.Session.HeartbeatEvery, Within: min(c.Session.HeartbeatEvery, c.Session.HeartbeatWithin)},
		Trace:  n.onEvent,
	}
	return mc, n.discoveryConfig(&mc)
}

// noneIfZero: in a filled Config 0 means none, which the machine writes as -1.
func noneIfZero(v int) int {
	if v == 0 {
		return -1
	}
	return v
}

// externalIPs are where the operator says that we are, whatever the link.
func externalIPs(texts []string) (out []netip.Addr) {
	for _, text := range texts {
		if a, err := link.ParseAddr(text); err == nil && a.IP().IsValid() {
			out = append(out, a.IP())
		}
	}
	return out
}

// addrsOf reads the addresses and records of a configuration. Of a record the first
// address counts that a link of ours can dial.
func (n *Node) addrsOf(texts []string) ([]link.Addr, error) {
	var out []link.Addr
	for _, text := range texts {
		addrs, err := dialAddrs(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		out = append(out, n.dialable(addrs)[0])
	}
	return out, nil
}

func (n *Node) dialable(addrs []link.Addr) []link.Addr {
	return dialable(n.kinds(), n.routes, addrs)
}

// dialable are those of the addresses that links of these kinds can dial, the way they
// have; all when there is none, so that the dial says why.
func dialable(kinds []link.Kind, ways link.Routes, addrs []link.Addr) []link.Addr {
	var out []link.Addr
	for _, a := range reached(ways, addrs) {
		if slices.Contains(kinds, a.Kind()) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return addrs
	}
	return out
}

// withoutTwins drops addresses whose peer was named before.
func withoutTwins(addrs []link.Addr) []link.Addr {
	var out []link.Addr
	for _, a := range addrs {
		if !slices.ContainsFunc(out, func(b link.Addr) bool { return b.ID() == a.ID() }) {
			out = append(out, a)
		}
	}
	return out
}
