package libp2p

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	ma "github.com/multiformats/go-multiaddr"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Config says what the transport is. Key is required; everything else has a use
// when zero.
type Config struct {
	// Key is the identity: secp256k1, as everywhere in a node.
	Key *id.Key
	// Protocols are the node's protocol table; a lane is an index into it.
	Protocols []link.Protocol
	// Listen are libp2p addresses without a peer: /ip4/0.0.0.0/tcp/0 and the like.
	// Empty makes a transport that only dials.
	Listen []link.Addr
	// Routes say which way addresses are dialled. Proxy dials those that go through a
	// proxy; they are never dialled otherwise. Its context has a deadline. When everything
	// goes through it there is no QUIC, what asks the world about us (as under Localnet)
	// is off, and nobody is told of an address that is not in Announce.
	Routes link.Routes
	Proxy  func(ctx context.Context, to link.Addr) (net.Conn, error)
	// Announce are addresses that others are told of beside those we listen on: those of
	// a hidden service that leads to us.
	Announce []link.Addr
	// Hidden tells that inbound connections from loopback come through a hidden service
	// of ours: they are given the time that takes.
	Hidden bool
	// Limits bound what remotes can take; zero fields get defaults.
	Limits Limits
	// Localnet is for a network of one machine or house: private addresses count as
	// loopback, and what asks the world about us (NATPortMap, Relay, HolePunch,
	// AutoNAT, observed addresses) is off whatever those fields say.
	Localnet bool
	// NATPortMap asks the router for port mappings (UPnP, NAT-PMP).
	NATPortMap bool
	// Relay reserves a place on connected relays while we are not reachable, and
	// dials addresses that lead through one.
	Relay bool
	// HolePunch turns relayed connections into direct ones. It needs Relay.
	HolePunch bool
	// AutoNAT asks others whether we are reachable (version 1 and 2), and answers
	// such questions in version 2.
	AutoNAT bool
	// Limited lets a connection that a relay limits in time and bytes be a link.
	Limited bool
	// Foreign tells from the protocol IDs a remote names that it belongs elsewhere:
	// no link is made with it. nil means nobody does. It is called by any goroutine.
	Foreign func(streams []string) bool
	// Gate tells whether a connection with that IP address may be: false refuses it as
	// soon as the address shows, and a dial before a byte is sent, after names are
	// resolved. nil lets all pass. Trusted tells who is exempt from Limits.Inbound;
	// nil means nobody. Any goroutine calls them, and they must return at once.
	Gate    func(netip.Addr) bool
	Trusted func(id.ID) bool
	// UserAgent is what we call ourselves; default "ropewalk".
	UserAgent string
	// Registry receives libp2p's metrics; nil means none are kept.
	Registry prometheus.Registerer
	// Logger receives what libp2p logs at warn and above; nil means none. libp2p
	// has one logger per process: with several transports the newest one's counts.
	Logger *slog.Logger

	resolver network.MultiaddrDNSResolver // of tests; nil means the system's
}

// Limits bound what remotes can take together and alone.
type Limits struct {
	Inbound  int // links others dialled; default 96
	Outbound int // links we dialled; default 32
	PerIP    int // connections of one IPv4 address or IPv6 /56; default 8

	// MemoryBytes, Files and Conns are the profile's figures for libp2p's resource
	// manager: memory it may reserve, sockets, and connections of every sort.
	// Defaults: 128 MiB, 512, and what the links need with room for setup.
	MemoryBytes int64
	Files       int
	Conns       int
}

func (c *Config) fill() {
	if c.UserAgent == "" {
		c.UserAgent = "ropewalk"
	}
	if c.Localnet || c.Routes.All() {
		c.NATPortMap, c.Relay, c.HolePunch, c.AutoNAT = false, false, false, false
	}
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	l := &c.Limits
	def(&l.Inbound, 96)
	def(&l.Outbound, 32)
	def(&l.PerIP, 8)
	def(&l.Files, 512)
	def(&l.Conns, l.Inbound+l.Outbound+2*pendingMax+strayConns)
	if l.MemoryBytes <= 0 {
		l.MemoryBytes = 128 << 20
	}
}

// Validate names the field that cannot be and what it wants.
func (c *Config) Validate() error {
	switch {
	case c.Key == nil:
		return fmt.Errorf("libp2p: Key: want the node's key")
	case len(c.Protocols) > link.LanesMax:
		return fmt.Errorf("libp2p: Protocols: %d, want at most %d", len(c.Protocols), link.LanesMax)
	case c.HolePunch && !c.Relay && !c.Localnet:
		return fmt.Errorf("libp2p: HolePunch: needs Relay")
	}
	seen := make(map[string]bool)
	for _, p := range c.Protocols {
		for _, s := range p.StreamIDs() {
			if seen[s] || s == "" {
				return fmt.Errorf("libp2p: Protocols: stream %q is empty or named twice", s)
			}
			seen[s] = true
		}
	}
	for _, a := range c.Listen {
		if n := a.Network(); a.Kind() != link.LibP2P || n != link.NetIP4 && n != link.NetIP6 && n != link.NetDNS {
			return fmt.Errorf("libp2p: Listen: %q is no address that libp2p can listen on", a)
		}
		if a.IsQUIC() && c.Routes.All() {
			return fmt.Errorf("libp2p: Listen: %q: no QUIC where everything goes through a proxy", a)
		}
	}
	return nil
}

// announced is what others are told of, of the addresses that libp2p knows.
func (c *Config) announced(known []ma.Multiaddr) (out []ma.Multiaddr) {
	if !c.Routes.All() {
		out = append(out, known...)
	}
	for _, a := range c.Announce {
		if m, err := ma.NewMultiaddr(a.Bare().String()); err == nil {
			out = append(out, m)
		}
	}
	return out
}

// dialMax bounds every dial: the context of one has less where its way is faster.
func (c *Config) dialMax() time.Duration {
	if c.Routes.Proxy {
		return hiddenDialTimeout
	}
	return dialTimeout
}

// setupMax bounds identify and the negotiation of one lane of every link.
func (c *Config) setupMax() time.Duration {
	if c.Routes.Proxy || c.Hidden {
		return hiddenSetupTimeout
	}
	return setupTimeout
}

// setupWithin bounds identify and the negotiation of lanes of an inbound link.
func (c *Config) setupWithin(from netip.Addr) time.Duration {
	if c.Hidden && from.IsLoopback() {
		return hiddenSetupTimeout
	}
	return setupTimeout
}

// acceptWithin bounds the security handshake of inbound connections, of which no more
// are pending for it.
func (c *Config) acceptWithin() time.Duration {
	if c.Hidden {
		return hiddenSetupTimeout
	}
	return acceptTimeout
}
