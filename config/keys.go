package config

import (
	"slices"
	"strings"
	"time"
)

// keys is every key, table by table, in the order the file is printed. Ranges are
// those of ropewalk.Config.Validate.
var keys = slices.Concat(firstKeys, gossipKeys, scoreKeys, weightKeys, topicKeys, overlayKeys, laterKeys, networkKeys)

// firstKeys are the tables before gossip.
var firstKeys = []Key{
	{Path: "node.network", Flag: "network", Default: `"ropewalk"`, Min: 1, Max: 64, check: checkNetwork,
		Why:   "Nodes of different networks share nothing.",
		apply: func(s *Settings, _ string, v any) { s.Node.Network = v.(string) }},
	{Path: "node.data", Flag: "data", Min: 1, Max: 4096, Old: []string{"session.p2p_datastore"},
		Why:   "Folder of the key, the host book and the chat logs. Default: $ROPEWALK_DATA, else the\nsystem's folder for data of programs (see `ropewalk paths`).",
		apply: func(s *Settings, _ string, v any) { s.Node.DataDir = v.(string) }},
	{Path: "node.localnet", Flag: "localnet", Kind: Bool, Default: "false", Old: []string{"session.localnet"},
		Why:   "Accept loopback and private addresses, and ask no router for ports. Off, because on the\nopen internet such addresses are only ever wrong or an attack.",
		apply: func(s *Settings, _ string, v any) { s.Node.Localnet = v.(bool) }},
	{Path: "node.profile", Flag: "profile", Default: `"desktop"`, Choices: []string{"light", "desktop", "server", "seed"},
		Why:   "Budgets of memory, links and files. desktop suits a machine that does other things too.",
		apply: func(s *Settings, _ string, v any) { s.Node.Profile = v.(string) }},
	{Path: "node.agent", Flag: "agent", Max: 128, check: checkPrintable, Old: []string{"session.node_id"},
		Why:   "What the node calls itself to others. Default: ropewalk/VERSION, which helps to find bugs\nacross versions; set it to hide the version.",
		apply: func(s *Settings, _ string, v any) { s.Node.Agent = v.(string) }},
	{Path: "node.diagnostics", Flag: "diagnostics", Kind: Bool, Default: "false",
		Why:   "Speak echo/1, sink/1 and flood/1, which measure links. Off: they let any peer spend our\nbandwidth.",
		apply: func(s *Settings, _ string, v any) { s.Node.Diagnostics = v.(bool) }},

	{Path: "listen.libp2p", Flag: "libp2p", Kind: List, Default: `["/ip4/0.0.0.0/tcp/0", "/ip4/0.0.0.0/udp/0/quic-v1"]`, check: checkListen,
		Why:   "Multiaddrs of the libp2p link. TCP and QUIC on any free port, of loopback only under\nlocalnet; name a port when a router forwards it. [] listens on none.",
		apply: func(s *Settings, _ string, v any) { s.Node.Listen.LibP2P = v.([]string) }},
	{Path: "listen.external", Flag: "external", Kind: List, Default: "[]", check: checkListen, Old: []string{"session.external_addrs"},
		Why:   "Multiaddrs to tell others instead of those learned. Empty, because a node learns its own.",
		apply: func(s *Settings, _ string, v any) { s.Node.Listen.External = v.([]string) }},
	{Path: "listen.rpc", Flag: "rpc", Default: `"127.0.0.1:0"`, Max: 255, check: checkHostPort,
		Why:   "Host and port of the API, the dashboard and /metrics. Loopback, because whoever has the\ntoken owns the node; port 0, so that two nodes on one machine never collide.",
		apply: func(s *Settings, _ string, v any) { s.RPC = v.(string) }},
	{Path: "listen.rpc_expose", Flag: "rpc-expose", Kind: Bool, Default: "false",
		Why:   "Let listen.rpc be other than loopback. The token then crosses the network in the clear:\nput TLS in front.",
		apply: func(s *Settings, _ string, v any) { s.Expose = v.(bool) }},
	{Path: "listen.dnet", Flag: "dnet", Default: `""`, Max: 255, check: checkDnet,
		Why:   "Host and port of the line-delimited socket with DarkFi's names, for its viewers, or unix:PATH.\nOff: it has no token.",
		apply: func(s *Settings, _ string, v any) { s.Dnet = v.(string) }},
	{Path: "listen.dnet_control", Kind: Bool, Default: "false",
		Why:   "Let listen.dnet dial, end links, ban and lift bans too. It must be a Unix socket then, which is\nits owner's alone: a TCP port is reached by every user of the machine.",
		apply: func(s *Settings, _ string, v any) { s.DnetControl = v.(bool) }},
	{Path: "listen.udp", Flag: "udp", Default: `"0.0.0.0:0"`, Max: 255, check: checkHostPortOrNone,
		Why:   "IP and port of discv5 and of content. Any free port, of loopback only under localnet; name\n9000 or another when a router forwards it. \"off\": no discovery, and no content.",
		apply: func(s *Settings, _ string, v any) { s.Node.Listen.UDP = v.(string) }},
	{Path: "listen.rlpx", Flag: "rlpx", Kind: List, Default: `["0.0.0.0:0"]`, Single: true, check: checkRLPx,
		Why:   "IP:PORT of the RLPx link, which devp2p nodes speak. Any free port, of loopback only under\nlocalnet; name 30303 when a router forwards it, and [::]:30303 for IPv6, or the path of a Unix socket. [] or \"off\" listens on\nnone.",
		apply: func(s *Settings, _ string, v any) { s.Node.Listen.RLPx = rlpxOf(v.([]string)) }},
	{Path: "listen.onion", Flag: "onion", Kind: List, Default: "[]", check: checkOnion,
		Why:   "Names of onion services that a Tor on this machine leads to our listeners, told to others:\nNAME.onion:PORT to that of RLPx, /onion3/NAME:PORT to that of libp2p.",
		apply: func(s *Settings, _ string, v any) { s.Node.Listen.Onion = v.([]string) }},
	{Path: "listen.nat", Flag: "nat", Default: `"any"`, Min: 3, Max: 255, check: checkNAT,
		Why:   "How the router is asked to forward ports: any (NAT-PMP, else UPnP), pmp, upnp, pmp:IP or\nupnp:URL of a known gateway, none. extip:IP asks nobody and tells others that address. any,\nbecause most homes are behind a router; never asked under localnet.",
		apply: func(s *Settings, _ string, v any) { s.Node.Listen.NAT = v.(string) }},
	{Path: "listen.pending", Kind: Int, Default: "50", Min: 1, Max: 4096,
		Why:   "Inbound RLPx connections that may shake hands at once; the oldest gives way to the newest. One\ntakes 5 s at most.",
		apply: func(s *Settings, _ string, v any) { s.Node.Listen.Handshakes.Pending = int(v.(int64)) }},
	{Path: "listen.pending_per_address", Kind: Int, Default: "4", Min: 1, Max: 4096,
		Why:   "Of them from one IPv4 address or IPv6 /64; loopback is not counted.",
		apply: func(s *Settings, _ string, v any) { s.Node.Listen.Handshakes.PerAddress = int(v.(int64)) }},
	{Path: "listen.throttle_burst", Kind: Int, Default: "8", Min: 1, Max: 4096,
		Why:   "RLPx connections that one address may make at once.",
		apply: func(s *Settings, _ string, v any) { s.Node.Listen.Handshakes.Burst = int(v.(int64)) }},
	{Path: "listen.throttle_every", Kind: Duration, Default: `"5s"`, Min: int64(time.Millisecond), Max: int64(time.Hour),
		Why:   "And then one each: nobody honest dials us more often.",
		apply: func(s *Settings, _ string, v any) { s.Node.Listen.Handshakes.Every = v.(time.Duration) }},

	{Path: "session.outbound", Flag: "outbound", Kind: Int, Default: "8", Max: 128, Old: []string{"session.outbound_connections"},
		Why:   "Outbound slots to keep filled. Eight keep a node joined when half its peers leave; a seed\nhas none, a server 12.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.Outbound = orNone(v) }},
	{Path: "session.inbound", Flag: "inbound", Kind: Int, Default: "96", Max: 4096, Old: []string{"session.inbound_connections"},
		Why:   "Links accepted from others, in total. light 24, desktop 96, server and seed 512: about\nwhat their memory carries.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.Inbound = orNone(v) }},
	{Path: "session.max_peers", Flag: "max-peers", Kind: Int, Default: "0", Max: 4224,
		Why:   "All peers together, trusted ones aside; 0: only outbound and inbound bound them. Where those\ntwo are not set it is divided between them, and kept peers count as dialled.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.MaxPeers = int(v.(int64)) }},
	{Path: "session.dial_ratio", Flag: "dial-ratio", Kind: Int, Default: "3", Min: 1, Max: 4224,
		Why:   "Of max_peers one in so many is dialled, at least one. Whom we choose ourselves is harder to\nsurround us with; whom we accept keeps the network open.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.DialRatio = int(v.(int64)) }},
	{Path: "session.known_percent", Kind: Int, Default: "70", Max: 80, Old: []string{"session.known_peer_percent", "session.white_connect_percent"},
		Why:   "Of the outbound slots, how many percent prefer hosts that are proven. Never all: who always\ngoes back to whom it knows is easily surrounded, and finds nobody new.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.KnownPercent = orNone(v) }},
	{Path: "session.banned", Kind: List, Default: "[]", Max: listEntriesMax, check: checkTargets, Old: []string{"session.blacklist"},
		Why:   "Whom the node has nothing to do with, ever: node IDs, peer IDs, addresses, or IP addresses,\nof IPv6 with their /64. Not those of session.peers.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.Banned = v.([]string) }},
	{Path: "session.ban_policy", Default: `"strict"`, Choices: []string{"strict", "relaxed"},
		Why:   "strict: who breaks the rules on a link of its own again and again is banned, an hour at\nfirst. relaxed: it loses the link and no more, which is what a seed does by default.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.BanPolicy = v.(string) }},
	{Path: "session.trusted", Flag: "trusted", Kind: List, Default: "[]", check: checkTrusted,
		Why:   "Peers above all limits on links, never let go for others: node IDs, peer IDs, records, or\naddresses that name their peer. A ban refuses them too.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.Trusted = v.([]string) }},
	{Path: "session.net_restrict", Flag: "net-restrict", Kind: List, Default: "[]", check: checkNetworks,
		Why:   "The only networks to have to do with, such as 10.0.0.0/8; others the node does not dial, take in,\nremember or tell of. Private ones need node.localnet too. Empty: no restriction.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.NetRestrict = v.([]string) }},
	{Path: "session.peers", Flag: "peers", Kind: List, Default: "[]", check: checkHosts,
		Why:   "Kept connected for ever: multiaddrs with /p2p/, enode:// addresses, or records (enr:…).",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.Peers = v.([]string) }},
	{Path: "session.seeds", Flag: "seeds", Kind: List, Default: "[]", check: checkHosts,
		Why:   "Asked for hosts when the saved ones fail, then left alone.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.Seeds = v.([]string) }},
	{Path: "session.bootnodes", Flag: "bootnodes", Kind: List, Default: "[]", check: checkRecords,
		Why:   "Records that discv5 starts from. Whoever it finds there that takes links is a host.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.Bootnodes = v.([]string) }},
	{Path: "session.dns_lists", Flag: "dns-list", Kind: List, Default: "[]", check: checkLists,
		Why:   "Node lists published in DNS (EIP-1459), enrtree://KEY@DOMAIN. Their hosts go into the book\nas unproven, at most 64 of one list at a time; nobody is asked unless a list is named.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.DNSLists = v.([]string) }},
	{Path: "session.dns_server", Flag: "dns-server", Default: `""`, Max: 255, check: checkNameServer,
		Why:   "IP address, with or without a port, of the name server that is asked for node lists.\nDefault: the system's.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.DNSServer = v.(string) }},
	{Path: "session.proxy", Flag: "proxy", Default: `""`, Max: 1024, check: checkProxy, Old: []string{"session.tor_socks5_proxy"},
		Why:   "SOCKS5 proxy to dial through, such as Tor's: socks5://127.0.0.1:9050. With a user and a\npassword of yours, socks5://USER:PASSWORD@IP:PORT; else each peer is asked for under one of\nits own, which Tor takes for a circuit of its own. Or unix:///PATH. docs/reach.md says what it hides.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.Proxy = v.(string) }},
	{Path: "session.mixed", Flag: "mixed", Kind: List, Default: "[]", check: checkMixed,
		Why:   "What goes through session.proxy, and never directly: onion (onion services alone), tcp (RLPx,\nand libp2p over TCP, names included), i2p (for the proxy of an I2P router), all (and no UDP, no\nDNS, no router is asked). Empty is all: who names a proxy does not want to be seen.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.Mixed = v.([]string) }},
	{Path: "session.refine_every", Kind: Duration, Default: `"15s"`, Min: int64(time.Second), Max: int64(time.Hour), Old: []string{"session.greylist_refinery_interval"},
		Why:   "Pause between two probes of unproven hosts: 240 an hour, which no host notices.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.RefineEvery = v.(time.Duration) }},
	{Path: "session.heartbeat_every", Kind: Duration, Default: `"30s"`, Min: int64(time.Second), Max: int64(10 * time.Minute), Old: []string{"session.channel_heartbeat_interval"},
		Why:   "Liveness check of each link; shorter than what routers forget a mapping after.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.HeartbeatEvery = v.(time.Duration) }},
	{Path: "session.heartbeat_within", Kind: Duration, Default: `"15s"`, Min: int64(time.Second), Max: int64(10 * time.Minute),
		Why:   "How long a peer may take to answer it before its link is given up; no more than\nheartbeat_every counts. Both together bound how long a dead peer holds its place.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.HeartbeatWithin = v.(time.Duration) }},
	{Path: "session.dial_timeout", Kind: Duration, Default: `"15s"`, Min: int64(time.Second), Max: int64(2 * time.Minute), Old: []string{"session.outbound_connect_timeout"},
		Why:   "The whole of a dial, handshake included: a slow phone link still makes it.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.DialTimeout = v.(time.Duration) }},
	{Path: "session.save_every", Kind: Duration, Default: `"5m"`, Min: int64(time.Second), Max: int64(time.Hour),
		Why:   "How often the host book is written; it is a cache and may lose that much.",
		apply: func(s *Settings, _ string, v any) { s.Node.Session.SaveEvery = v.(time.Duration) }},
}

// laterKeys are the tables after gossip and overlay.
var laterKeys = []Key{
	{Path: "chat.rooms", Flag: "rooms", Kind: List, Default: "[]", check: checkRooms,
		Why:   "Rooms joined at start.",
		apply: func(s *Settings, _ string, v any) { s.Node.Chat.Rooms = v.([]string) }},
	{Path: "chat.lines", Kind: Int, Default: "10000", Min: 1, Max: 1_000_000,
		Why:   "Lines kept per room; the oldest go first. Ten thousand are years of a quiet room.",
		apply: func(s *Settings, _ string, v any) { s.Node.Chat.Lines = int(v.(int64)) }},
	{Path: "chat.archive", Kind: Bool, Default: "true",
		Why:   "Put what you say into the network of files, sealed with the room's name, and fetch from there\nwhat no member has any more. Only with such a network ([overlay], listen.udp).",
		apply: func(s *Settings, _ string, v any) { s.Node.Chat.NoArchive = !v.(bool) }},

	{Path: "log.level", Flag: "log-level", Default: `"info"`, Choices: []string{"debug", "info", "warn", "error"},
		Why:   "info is what an operator would act on; debug one line per decision.",
		apply: func(s *Settings, _ string, v any) { s.Log.Level = v.(string) }},
	{Path: "log.format", Flag: "log-format", Default: `"auto"`, Choices: []string{"auto", "text", "json"},
		Why:   "auto: text, in colour on a terminal (never with NO_COLOR).",
		apply: func(s *Settings, _ string, v any) { s.Log.Format = v.(string) }},
	{Path: "log.file", Flag: "log-file", Default: `""`, Max: 4096,
		Why:   "File to log to instead of standard error; at 100 MiB it is moved to .1, … .4.",
		apply: func(s *Settings, _ string, v any) { s.Log.File = v.(string) }},

	{Path: "metrics.enabled", Flag: "metrics", Kind: Bool, Default: "true",
		Why:   "Answer GET /metrics on listen.rpc. It costs nothing while nobody asks.",
		apply: func(s *Settings, _ string, v any) { s.Metrics.Enabled = v.(bool) }},
}

func init() {
	for i := range keys {
		keys[i].parts = strings.Split(keys[i].Path, ".")
		keys[i].adopt()
	}
}

// orNone turns the file's 0, "none", into Config's -1; Config's 0 is the profile's.
func orNone(v any) int {
	if n := v.(int64); n != 0 {
		return int(n)
	}
	return -1
}

// Flags calls f for every key that has a flag, in order.
func Flags(f func(k *Key)) {
	for i := range keys {
		if keys[i].Flag != "" {
			f(&keys[i])
		}
	}
}
