package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ropewalk/ropewalk"
)

// networksMax bounds the networks of one process: each is a whole node.
const networksMax = 64

// networkKeys are those of [network."NAME"], the networks that one `ropewalk seed`
// serves.
var networkKeys = []Key{
	{Path: "network.*.data", Min: 1, Max: 4096, Why: "Folder of this network's key and host book. Default: NAME in node.data.",
		apply: network(func(c *ropewalk.Config, v any) { c.DataDir = v.(string) })},
	{Path: "network.*.localnet", Kind: Bool, Why: "As node.localnet, which is its default.",
		apply: network(func(c *ropewalk.Config, v any) { c.Localnet = v.(bool) })},
	{Path: "network.*.agent", Max: 128, check: checkPrintable, Why: "As node.agent, which is its default.",
		apply: network(func(c *ropewalk.Config, v any) { c.Agent = v.(string) })},
	{Path: "network.*.libp2p", Kind: List, check: checkListen, Why: "As listen.libp2p.",
		apply: network(func(c *ropewalk.Config, v any) { c.Listen.LibP2P = v.([]string) })},
	{Path: "network.*.rlpx", Kind: List, Single: true, check: checkRLPx, Why: "As listen.rlpx.",
		apply: network(func(c *ropewalk.Config, v any) { c.Listen.RLPx = rlpxOf(v.([]string)) })},
	{Path: "network.*.external", Kind: List, check: checkListen, Why: "As listen.external.",
		apply: network(func(c *ropewalk.Config, v any) { c.Listen.External = v.([]string) })},
	{Path: "network.*.onion", Kind: List, check: checkOnion, Why: "As listen.onion.",
		apply: network(func(c *ropewalk.Config, v any) { c.Listen.Onion = v.([]string) })},
	{Path: "network.*.inbound", Kind: Int, Max: 4096, Why: "As session.inbound, which is its default.",
		apply: network(func(c *ropewalk.Config, v any) { c.Session.Inbound = orNone(v) })},
	{Path: "network.*.outbound", Kind: Int, Max: 128, Why: "As session.outbound, which is its default.",
		apply: network(func(c *ropewalk.Config, v any) { c.Session.Outbound = orNone(v) })},
	{Path: "network.*.seeds", Kind: List, check: checkHosts, Why: "As session.seeds.",
		apply: network(func(c *ropewalk.Config, v any) { c.Session.Seeds = v.([]string) })},
	{Path: "network.*.peers", Kind: List, check: checkHosts, Why: "As session.peers.",
		apply: network(func(c *ropewalk.Config, v any) { c.Session.Peers = v.([]string) })},
	{Path: "network.*.trusted", Kind: List, check: checkTrusted, Why: "As session.trusted.",
		apply: network(func(c *ropewalk.Config, v any) { c.Session.Trusted = v.([]string) })},
	{Path: "network.*.dns_lists", Kind: List, check: checkLists, Why: "As session.dns_lists.",
		apply: network(func(c *ropewalk.Config, v any) { c.Session.DNSLists = v.([]string) })},
}

// ownOfNetwork are the keys that each network has for itself, so that beside [network]
// tables they would be nobody's.
var ownOfNetwork = []string{
	"node.network", "listen.libp2p", "listen.rlpx", "listen.external", "listen.onion",
	"session.seeds", "session.peers", "session.trusted", "session.dns_lists",
}

// network makes an apply of what changes one network's configuration.
func network(set func(c *ropewalk.Config, v any)) func(*Settings, string, any) {
	return func(s *Settings, name string, v any) {
		if s.networks == nil {
			s.networks = map[string][]func(*ropewalk.Config){}
		}
		s.networks[name] = append(s.networks[name], func(c *ropewalk.Config) { set(c, v) })
	}
}

// makeNetworks works out the configuration of each network, by name, from that of the
// node. s.Node is complete.
func (s *Settings) makeNetworks() {
	for _, name := range slices.Sorted(maps.Keys(s.networks)) {
		c := s.Node
		c.Network, c.DataDir = name, filepath.Join(s.Node.DataDir, name)
		c.Listen.LibP2P, c.Listen.RLPx, c.Listen.External, c.Listen.Onion = nil, nil, nil, nil
		c.Session.Seeds, c.Session.Peers, c.Session.Trusted, c.Session.DNSLists = nil, nil, nil, nil
		for _, set := range s.networks[name] {
			set(&c)
		}
		s.Networks = append(s.Networks, c)
	}
}

// networkConflicts finds what cannot be of several networks together. served tells
// whether the program serves them: only a seed does.
func (s *Settings) networkConflicts(served bool) (out []Problem) {
	if len(s.Networks) == 0 {
		return nil
	}
	if !served {
		s.Warnings = append(s.Warnings, "[network] tables are for `ropewalk seed`: this node serves "+s.Node.Network+" only")
		s.Networks = nil
		return nil
	}
	for _, path := range ownOfNetwork {
		if _, ok := s.set[path]; ok {
			_, key, _ := cutLast(path)
			out = append(out, s.problem(path, "", fmt.Sprintf("want %s in each [network.\"NAME\"], not beside them", key)))
		}
	}
	if len(s.Networks) > networksMax {
		out = append(out, s.problem("network", fmt.Sprint(len(s.Networks)), fmt.Sprintf("want at most %d networks", networksMax)))
	}
	folders := map[string]string{}
	for i := range s.Networks {
		c := &s.Networks[i]
		field := func(key string) string { return joinPath([]string{"network", c.Network, key}) }
		if other, taken := folders[filepath.Clean(c.DataDir)]; taken {
			out = append(out, s.problem(field("data"), c.DataDir, fmt.Sprintf("want another folder than that of network %s", other)))
		}
		folders[filepath.Clean(c.DataDir)] = c.Network
		for _, f := range badFields(c) {
			_, key, _ := cutLast(f.Field)
			if strings.HasPrefix(f.Field, "node.") || strings.HasPrefix(f.Field, "listen.") || strings.HasPrefix(f.Field, "session.") {
				out = append(out, s.problem(field(key), f.Value, "want "+f.Allowed))
			}
		}
	}
	return out
}
