package rlpx

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Config says what the transport is. Key is required; everything else has a use
// when zero.
type Config struct {
	// Key is the identity.
	Key *id.Key
	// Protocols are the node's protocol table; a lane is an index into it.
	Protocols []link.Protocol
	// Network is named in our Hello. Protocols that have a Network are shared only
	// with remotes that name the same one as this.
	Network string
	// Listen are the sockets to listen on; port 0 is any free one. An IPv6 address
	// takes no IPv4 connections. Empty makes a transport that only dials.
	Listen []netip.AddrPort
	// ListenUnix are the paths of Unix sockets to listen on, which only our own user may
	// dial.
	ListenUnix []string
	// Routes say which way addresses are dialled. Proxy dials those that go through a
	// proxy; they are never dialled otherwise. Its context has a deadline.
	Routes link.Routes
	Proxy  func(ctx context.Context, to link.Addr) (net.Conn, error)
	// Hidden tells that inbound connections from loopback come through a hidden service
	// of ours: they are given the time that takes.
	Hidden bool
	// Localnet is for a network of one machine or house: private addresses count as
	// loopback, which no limit per address counts.
	Localnet bool
	// Agent is what we call ourselves; default "ropewalk".
	Agent string
	// Limits bound what remotes can take; zero fields get defaults.
	Limits Limits
	// Gate tells whether a connection with that address may be: false refuses it
	// before a byte is read, and a dial before a byte is sent. nil lets all pass. It
	// is called by any goroutine and must return at once.
	Gate func(netip.Addr) bool
	// Trace receives what happens to connections that are no links, strand "rlpx":
	// "handshake_failed", "throttled", "evicted", "accept_failed"; and "breach" of
	// links. It is called by any goroutine, at a bounded rate.
	Trace trace.Func
	// Registry receives the transport's metrics; nil means none are shown.
	Registry prometheus.Registerer
	// Entropy is where secrets are drawn from; default crypto/rand.
	Entropy io.Reader
}

// Limits bound what remotes can take together and alone.
type Limits struct {
	PendingIn  int // inbound sockets that are no links yet; default 50
	PendingOut int // dials under way; default 50
	PerIP      int // of PendingIn, from one source (an IPv4 address, an IPv6 /64); default 4

	// A source may connect ThrottleBurst times at once (default 8) and then once each
	// ThrottleEvery (default 5 s); a negative ThrottleEvery switches this off.
	ThrottleBurst int
	ThrottleEvery time.Duration
}

func (c *Config) fill() {
	if c.Agent == "" {
		c.Agent = "ropewalk"
	}
	if c.Entropy == nil {
		c.Entropy = rand.Reader
	}
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	l := &c.Limits
	def(&l.PendingIn, pendingMax)
	def(&l.PendingOut, pendingMax)
	def(&l.PerIP, pendingPerIPMax)
	def(&l.ThrottleBurst, throttleBurst)
	if l.ThrottleEvery == 0 {
		l.ThrottleEvery = throttleEvery
	}
}

// Validate names the field that cannot be and what it wants.
func (c *Config) Validate() error {
	if c.Key == nil {
		return fmt.Errorf("rlpx: Key: want the node's key")
	}
	if len(c.Protocols) > link.LanesMax {
		return fmt.Errorf("rlpx: Protocols: %d, want at most %d", len(c.Protocols), link.LanesMax)
	}
	for _, a := range c.Listen {
		if !a.Addr().IsValid() {
			return fmt.Errorf("rlpx: Listen: %v is no address and port", a)
		}
	}
	for _, path := range c.ListenUnix {
		if link.Unix(c.Key.Uncompressed(), c.Key.ID(), path).IsZero() {
			return fmt.Errorf("rlpx: ListenUnix: %.120q: want an absolute path of at most 103 bytes", path)
		}
	}
	return checkProtocols(c.Protocols)
}
