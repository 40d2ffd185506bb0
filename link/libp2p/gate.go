package libp2p

import (
	"io"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// gate shuts out addresses, and holds the inbound TCP connections whose security handshake is not done. When
// there are too many the oldest is closed, so that silent sockets cannot keep a
// real peer out. Those of QUIC hold nothing until they have shown their address.
type gate struct {
	self   peer.ID
	exempt []netip.Prefix        // addresses that have no limit of their own
	allows func(netip.Addr) bool // nil allows all

	patience time.Duration // of the security handshake of an inbound connection

	mu      sync.Mutex
	pending []raw // oldest first
}

type raw struct {
	conn network.ConnMultiaddrs
	ip   netip.Addr
	at   time.Time
}

// InterceptPeerDial lets every dial pass: whom to dial is decided above.
func (g *gate) InterceptPeerDial(peer.ID) bool { return true }

// InterceptAddrDial lets dials pass that do not lead to a place that is shut out. Names
// are resolved by now.
func (g *gate) InterceptAddrDial(_ peer.ID, a ma.Multiaddr) bool { return g.allowed(a) }

// allowed tells whether we may have to do with the place an address names, if it does.
func (g *gate) allowed(a ma.Multiaddr) bool {
	ip := ipOf(a)
	return g.allows == nil || !ip.IsValid() || g.allows(ip)
}

// InterceptAccept takes a new inbound connection in.
func (g *gate) InterceptAccept(c network.ConnMultiaddrs) bool {
	if !g.allowed(c.RemoteMultiaddr()) {
		return false
	}
	if _, err := c.RemoteMultiaddr().ValueForProtocol(ma.P_TCP); err != nil {
		return true
	}
	ip := ipOf(c.RemoteMultiaddr())
	for _, old := range g.add(raw{conn: c, ip: ip, at: time.Now()}) {
		if closer, ok := old.conn.(io.Closer); ok {
			_ = closer.Close()
		}
	}
	return true
}

// add puts r at the end and returns what has to give way.
func (g *gate) add(r raw) (out []raw) {
	g.mu.Lock()
	defer g.mu.Unlock()
	// What is older has been ended by the handshake's own timeout.
	g.pending = slices.DeleteFunc(g.pending, func(o raw) bool { return r.at.Sub(o.at) > g.patience })
	if !within(r.ip, g.exempt) {
		same := 0
		for _, o := range g.pending {
			if o.ip == r.ip {
				same++
			}
		}
		if same >= pendingPerIPMax {
			i := slices.IndexFunc(g.pending, func(o raw) bool { return o.ip == r.ip })
			out = append(out, g.pending[i])
			g.pending = slices.Delete(g.pending, i, i+1)
		}
	}
	if len(g.pending) >= pendingMax {
		out = append(out, g.pending[0])
		g.pending = slices.Delete(g.pending, 0, 1)
	}
	g.pending = append(g.pending, r)
	return out
}

// InterceptSecured notes that a handshake is done and refuses ourselves.
func (g *gate) InterceptSecured(_ network.Direction, p peer.ID, c network.ConnMultiaddrs) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pending = slices.DeleteFunc(g.pending, func(o raw) bool { return o.conn == c })
	return p != g.self
}

// InterceptUpgraded lets pass what the other steps let pass.
func (g *gate) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) { return true, 0 }

// ipOf is the address of a multiaddr; invalid when it has none.
func ipOf(a ma.Multiaddr) netip.Addr {
	ip, err := manet.ToIP(a)
	if err != nil {
		return netip.Addr{}
	}
	out, _ := netip.AddrFromSlice(ip)
	return out.Unmap()
}

func within(ip netip.Addr, prefixes []netip.Prefix) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(ip) })
}
