package msgrw

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/plain"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
)

// Peer is the remote of one link, shared by all protocols on it. Its methods may be
// called by any goroutine.
type Peer struct {
	hub    *Hub // nil for one that NewPeer made
	info   link.Info
	caps   []Cap // that both ends speak and the user has; by lane
	since  time.Time
	ctx    context.Context
	cancel context.CancelFunc
	in     atomic.Int64 // cost of all inboxes

	// Of the loop.
	port *peer.Port // any of the link's that is not down
	rws  []*rw      // whose port is not down
	runs int        // Runs that have not returned
}

// NewPeer makes a peer without a link, for tests of protocols.
func NewPeer(who id.ID, name string, caps []Cap) *Peer {
	p := &Peer{info: link.Info{ID: who, Agent: name, Kind: link.Mem}, caps: caps, since: time.Now()}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// ID is the remote's identity.
func (p *Peer) ID() id.ID { return p.info.ID }

// Node is the remote's record; nil when the link brought none.
func (p *Peer) Node() *enr.Record { return p.info.Record }

// Link is all that the link says of the remote.
func (p *Peer) Link() link.Info { return p.info }

// Fullname is what the remote calls itself, made harmless.
func (p *Peer) Fullname() string { return plain.Line(p.info.Agent, 256) }

// Name is Fullname, cut short for logs.
func (p *Peer) Name() string { return plain.Line(p.info.Agent, nameShown) }

// nameShown is the length of a name in logs.
const nameShown = 20

// Caps are the capabilities of the remote: what it named in its Hello, and on other
// kinds of link those of our protocols that it has.
func (p *Peer) Caps() []Cap {
	if p.info.Caps == nil {
		return slices.Clone(p.caps)
	}
	out := make([]Cap, 0, len(p.info.Caps))
	for _, text := range p.info.Caps {
		name, version, _ := strings.Cut(text, "/")
		if v, err := strconv.ParseUint(version, 10, 0); err == nil {
			out = append(out, Cap{name, uint(v)})
		}
	}
	return out
}

// RunningCap tells whether both ends speak one of the versions of a protocol.
func (p *Peer) RunningCap(name string, versions []uint) bool {
	for _, c := range p.caps {
		if c.Name == name && slices.Contains(versions, c.Version) {
			return true
		}
	}
	return false
}

// RemoteAddr is the remote's address.
func (p *Peer) RemoteAddr() net.Addr { return netAddr(p.info.Addr) }

// LocalAddr is our end of the link, as far as it knows.
func (p *Peer) LocalAddr() net.Addr {
	if p.info.Local.IsValid() {
		return net.TCPAddrFromAddrPort(p.info.Local)
	}
	return netAddr(link.Addr{})
}

// Inbound tells whether the remote dialled.
func (p *Peer) Inbound() bool { return p.info.Dir == link.In }

// Since is when the link came up.
func (p *Peer) Since() time.Time { return p.since }

// Context ends with the link.
func (p *Peer) Context() context.Context { return p.ctx }

// Done is closed when the link has ended.
func (p *Peer) Done() <-chan struct{} { return p.ctx.Done() }

// Disconnect ends the link and tells the remote why. It may be called from anywhere,
// any number of times; the first reason counts. It waits for nothing.
func (p *Peer) Disconnect(why link.Reason) {
	if p.hub == nil {
		p.cancel()
		return
	}
	p.hub.cfg.Post(func(now time.Time) {
		if p.port != nil {
			p.port.Drop(now, why)
		}
	})
}

// Log is the node's log with the peer in front.
func (p *Peer) Log() *slog.Logger {
	log := slog.New(slog.DiscardHandler)
	if p.hub != nil {
		log = p.hub.cfg.Log
	}
	return log.With("peer", p.info.ID.Short())
}

// String names the peer.
func (p *Peer) String() string { return fmt.Sprintf("Peer %s %v", p.info.ID.Short(), p.RemoteAddr()) }

// textAddr is an address that is no socket's.
type textAddr struct{ network, text string }

func (a textAddr) Network() string { return a.network }
func (a textAddr) String() string  { return a.text }

// netAddr is an address as package net has it, where it is one of a socket.
func netAddr(a link.Addr) net.Addr {
	at := netip.AddrPortFrom(a.IP(), a.Port())
	switch {
	case !at.IsValid():
		return textAddr{string(a.Kind()), a.String()}
	case a.IsQUIC():
		return net.UDPAddrFromAddrPort(at)
	}
	return net.TCPAddrFromAddrPort(at)
}
