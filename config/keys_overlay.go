package config

import "github.com/ropewalk/ropewalk"

// overlayKeys are the tables of content.
var overlayKeys = []Key{
	{Path: "overlay.capacity", Kind: Size, Min: 1 << 20, Max: 1 << 50,
		Why:   "Content kept for others, what is nearest to the node's ID first. Default: 10GiB; 1GiB with\nthe profiles light and seed, 100GiB with server. What the user put comes on top.",
		apply: func(s *Settings, _ string, v any) { s.Node.Overlay.Capacity = v.(int64) }},
	{Path: "overlay.radius", Default: `"auto"`, check: checkRadius, Max: 66,
		Why:   "How far from the node's ID on the ring content is kept: auto (or max) follows capacity, 32\nbytes in hex are the most it may be. With all zeros nothing is kept for others.",
		apply: func(s *Settings, _ string, v any) { s.Node.Overlay.Radius = v.(string) }},
	{Path: "overlay.upload", Kind: Size, Min: 16 << 10, Max: 1 << 40,
		Why:   "The most that streams of content send in a second, all together. Default: no bound; they make\nway for whoever else uses the line in any case.",
		apply: func(s *Settings, _ string, v any) { s.Node.Overlay.Upload = v.(int64) }},
	{Path: "overlay.network.*.protocol", check: checkHex, Max: 18,
		Why:   "Its ID in TALK requests in hex, such as \"0x500b\". Default: that of the kind; generic has none.",
		apply: overlayNetwork(func(n *ropewalk.OverlayNetwork, v any) { n.Protocol = v.(string) })},
	{Path: "overlay.network.*.kind", Choices: []string{"history", "blob", "generic"},
		Why:   "blob: values named by their hash, files of people among them. history: Portal's blocks.\ngeneric: keys hashed, values opaque, for other clients. Default: history\nunder that name, else blob. Without any table there is one network, blob.",
		apply: overlayNetwork(func(n *ropewalk.OverlayNetwork, v any) { n.Kind = v.(string) })},
	{Path: "overlay.network.*.capacity", Kind: Size, Min: 1 << 20, Max: 1 << 50,
		Why:   "Of this network alone, instead of overlay.capacity.",
		apply: overlayNetwork(func(n *ropewalk.OverlayNetwork, v any) { n.Capacity = v.(int64) })},
	{Path: "overlay.network.*.headers", Max: 4096,
		Why:   "Where history has the headers from that it checks blocks against: an era1 file, a file of\nheaders in RLP, or the URL of an execution client's JSON-RPC. Without it nothing is kept.",
		apply: overlayNetwork(func(n *ropewalk.OverlayNetwork, v any) { n.Headers = v.(string) })},
}

// overlayNetwork sets a field of a network by its name.
func overlayNetwork(set func(*ropewalk.OverlayNetwork, any)) func(*Settings, string, any) {
	return func(s *Settings, name string, v any) {
		if s.Node.Overlay.Networks == nil {
			s.Node.Overlay.Networks = map[string]ropewalk.OverlayNetwork{}
		}
		n := s.Node.Overlay.Networks[name]
		set(&n, v)
		s.Node.Overlay.Networks[name] = n
	}
}
