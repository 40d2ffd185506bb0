package ropewalk

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/id"
)

// Config says how a node should be. The zero Config is a node of the network
// "ropewalk", in memory, on any free port of all interfaces.
type Config struct {
	// Network separates networks: nodes of different names share nothing. 1 to 64
	// of [a-z0-9._-]. Default "ropewalk".
	Network string
	// DataDir holds the key, the host book and the chat logs. Empty: nothing is
	// kept when the node ends.
	DataDir string
	// Key is the node's key. Nil: DataDir/key, made when absent; a fresh one when
	// there is no DataDir.
	Key *id.Key
	// Localnet accepts loopback and private addresses and turns NAT help off.
	Localnet bool
	// Profile sets budgets: light, desktop (default), server, seed.
	Profile string

	Listen  ListenConfig
	Session SessionConfig
	Gossip  GossipConfig
	Chat    ChatConfig
	Overlay OverlayConfig

	// Diagnostics makes the node speak echo/1, sink/1 and flood/1 with everybody: they
	// measure links, and let any peer spend our bandwidth.
	Diagnostics bool
	// Transports replaces the links over libp2p and RLPx, for tests and embedding.
	Transports []Transport
	// Agent is what the node calls itself to others, at most 128 bytes.
	Agent string

	Logger   *slog.Logger         // nil: nothing is logged
	Registry *prometheus.Registry // nil: one of the node's own
	// MetricLabels stand on every metric of the node, so that nodes can share a
	// Registry.
	MetricLabels map[string]string
}

// ListenConfig says where to listen.
type ListenConfig struct {
	// LibP2P are multiaddrs without a peer. Nil: TCP and QUIC on any free port, of
	// all interfaces, or of loopback under Localnet. Empty but not nil: none.
	LibP2P []string
	// RLPx are the addresses of the RLPx link, "HOST:PORT" with an IP address as host, or
	// absolute paths of Unix sockets, at most 8. Nil: any free port of every IPv4 address, or of loopback under
	// Localnet. Empty but not nil: none; others can still be dialled.
	RLPx []string
	// UDP is where discv5 and the networks of content listen, "HOST:PORT" with an IP
	// address as host. Empty: any free port of every IPv4 address, or of loopback under
	// Localnet; none where everything goes through a proxy. "off": nowhere, and there is
	// neither discovery nor content.
	UDP string
	// Onion are the names under which onion services of a Tor on this machine lead to our
	// listeners: "NAME.onion:PORT" to that of RLPx, "/onion3/NAME:PORT" to that of libp2p.
	// Others are told of them.
	Onion []string
	// External are multiaddrs to advertise instead of those learned.
	External []string
	// NAT says how the router is asked to forward ports to us: "any" (the default),
	// "upnp", "pmp", "upnp:URL" or "pmp:IP" of a known gateway, "none"; or where the
	// world sees us when ports are forwarded already, "extip:IP". Under Localnet no
	// router is asked.
	NAT string
	// Handshakes bound what strangers can take of the RLPx listeners; zero fields have
	// the defaults.
	Handshakes HandshakeConfig
}

// HandshakeConfig bounds inbound RLPx connections that are no links yet. An address is
// an IPv4 address or an IPv6 /64; loopback counts with none.
type HandshakeConfig struct {
	Pending    int           // at once, 1 to 4096, default 50; the oldest gives way to the newest
	PerAddress int           // of them from one address, default 4
	Burst      int           // connections of one address at once, 1 to 4096, default 8 …
	Every      time.Duration // … and then one each, 1 ms to 1 h, default 5s
}

// SessionConfig says whom to be connected to.
type SessionConfig struct {
	Outbound int // slots; 0 means the profile's: 8; -1 means none
	Inbound  int // links accepted; 0 means the profile's: 96; -1 means none
	// MaxPeers bounds all peers together but trusted ones; 0 means that Outbound and
	// Inbound do. One in DialRatio (default 3) is then dialled, at least one, and the
	// rest are accepted, where Outbound and Inbound do not say otherwise. Kept peers
	// and those of Connect count as dialled.
	MaxPeers, DialRatio int
	// Trusted are above all of these limits and lose their place to nobody: node IDs,
	// peer IDs, records, or addresses that name their peer. Bans refuse them too.
	Trusted []string
	// KnownPercent is how many percent of the outbound slots prefer proven hosts, at most
	// 80; 0 means 70, -1 none.
	KnownPercent int
	// Banned are whom the node has nothing to do with: node IDs, peer IDs, addresses or IP
	// addresses. BanPolicy "strict", the default but of the seed profile, also bans who
	// breaks the rules again and again; "relaxed" does not.
	Banned    []string
	BanPolicy string
	// NetRestrict, when not empty, are the only networks the node has to do with,
	// "10.0.0.0/8": whom it dials, takes in, remembers and tells of. Private ones need
	// Localnet as well.
	NetRestrict []string
	Peers       []string // kept for ever: multiaddrs with /p2p/, or records
	Seeds       []string // asked for hosts
	Bootnodes   []string // records that discv5 starts from
	DNSLists    []string // node lists published in DNS, at most 16: enrtree://KEY@DOMAIN
	// Proxy is a SOCKS5 proxy, socks5://IP:PORT such as Tor's, and Mixed what goes through
	// it and never directly: "onion" (always does), "i2p" (for the proxy of an I2P router),
	// "tcp", or "all" (the default), which leaves out what a proxy does not carry: QUIC,
	// questions to DNS and to the router, and every address of ours that is not named in
	// Listen.External or Listen.Onion.
	Proxy          string
	Mixed          []string
	DNSServer      string        // IP address, with or without a port, of the name server that is asked for them; empty: the system's
	RefineEvery    time.Duration // greylist probing, default 15s
	HeartbeatEvery time.Duration // liveness check of links, default 30s
	// HeartbeatWithin is how long a peer may take to answer it; default 15s, and no more
	// than HeartbeatEvery.
	HeartbeatWithin time.Duration
	DialTimeout     time.Duration // default 15s
	SaveEvery       time.Duration // host book, default 5m
}

// ChatConfig sets chat.
type ChatConfig struct {
	Rooms []string // joined at start
	Lines int      // kept per room, default 10000
	// NoArchive keeps lines of ours out of the network of files, and does not look there for
	// lines that no member has any more. Without such a network there is no archive.
	NoArchive bool
}

// OverlayConfig says which content the node finds and keeps. It needs Listen.UDP.
type OverlayConfig struct {
	// Capacity bounds in bytes what is kept for others; 0 means the profile's. What the
	// user put comes on top.
	Capacity int64
	// Radius is how far from our ID on the ring content is kept: "auto" (the default)
	// follows Capacity, "0x" and 64 hex digits is the most it may be. With a radius of zero
	// nothing is kept for others.
	Radius string
	// Upload is the most bytes a second that streams of content send together; 0 is no bound.
	Upload int64
	// Networks by name, 1 to 32 of [a-zA-Z0-9_-]. Nil: "blob", where files of people are.
	Networks map[string]OverlayNetwork
}

// OverlayNetwork is one network of content.
type OverlayNetwork struct {
	// Protocol is its ID in TALK requests, 1 to 8 bytes in hex. Empty: that of the kind.
	Protocol string
	// Kind is "blob" (values named by their hash), "history" (Portal's Execution History),
	// or "generic" (keys hashed, values opaque). Empty: "history" under that name, else
	// "blob".
	Kind string
	// Capacity is of this network alone; 0 means OverlayConfig's.
	Capacity int64
	// Headers is where "history" has the headers from that it checks against: the path of
	// an era1 file or of one with headers in RLP, or the URL of an execution client's
	// JSON-RPC. Empty: nothing can be checked, so nothing is kept.
	Headers string
}
