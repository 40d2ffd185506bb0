package libp2p

import (
	"context"
	"net"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/ropewalk/ropewalk/link"
)

// way is libp2p's TCP transport with one more way to dial: through a proxy. The library
// has a hook for a dialler of one's own (tcp.WithDialerForAddr), but its transport takes
// IP addresses alone, gives each connection the proxy's address, and would dial every
// other address by the hook too, from another port than the listener's. So what goes
// through the proxy is dialled here and handed to the same upgrader.
type way struct {
	*tcp.TcpTransport
	upgrader  transport.Upgrader
	resources network.ResourceManager
	routes    link.Routes
	proxy     func(ctx context.Context, to link.Addr) (net.Conn, error)
	gate      *gate
}

var (
	_ transport.DialUpdater  = (*way)(nil)
	_ transport.SkipResolver = (*way)(nil)
)

// of is the way to a multiaddr of TCP or an onion service, and its address.
func (w *way) of(m ma.Multiaddr) (link.Route, link.Addr) {
	a, err := link.ParseAddr(m.String())
	if err != nil || a.IsQUIC() || a.Relayed() {
		return link.NoRoute, a
	}
	return w.routes.Of(a), a
}

// Protocols implements transport.Transport.
func (w *way) Protocols() []int { return []int{ma.P_TCP, ma.P_ONION3} }

// CanDial implements transport.Transport. A name that is dialled directly is for the
// swarm to resolve first.
func (w *way) CanDial(m ma.Multiaddr) bool {
	r, _ := w.of(m)
	return r == link.Proxied || r == link.Direct && w.TcpTransport.CanDial(m)
}

// SkipResolve implements transport.SkipResolver: names that go through the proxy are for
// it to resolve.
func (w *way) SkipResolve(_ context.Context, m ma.Multiaddr) bool {
	r, _ := w.of(m)
	return r == link.Proxied
}

// Dial implements transport.Transport.
func (w *way) Dial(ctx context.Context, m ma.Multiaddr, p peer.ID) (transport.CapableConn, error) {
	return w.DialWithUpdates(ctx, m, p, nil)
}

// DialWithUpdates implements transport.DialUpdater.
func (w *way) DialWithUpdates(ctx context.Context, m ma.Multiaddr, p peer.ID, news chan<- transport.DialUpdate) (transport.CapableConn, error) {
	switch r, a := w.of(m); {
	case r == link.Direct:
		return w.TcpTransport.DialWithUpdates(ctx, m, p, news)
	case r == link.Proxied && w.proxy != nil:
		return w.dial(ctx, m, a, p)
	}
	return nil, ErrNoRoute
}

// dial goes through the proxy.
func (w *way) dial(ctx context.Context, m ma.Multiaddr, a link.Addr, p peer.ID) (transport.CapableConn, error) {
	// Where a name leads is the proxy's to know, so that the gate has no say in it.
	if w.gate.allows != nil && (!a.IP().IsValid() || !w.gate.allowed(m)) {
		return nil, ErrGated
	}
	scope, err := w.resources.OpenConnection(network.DirOutbound, true, m)
	if err != nil {
		return nil, err
	}
	c, err := w.connect(ctx, m, a, p, scope)
	if err != nil {
		scope.Done()
		return nil, err
	}
	return c, nil
}

func (w *way) connect(ctx context.Context, m ma.Multiaddr, a link.Addr, p peer.ID, scope network.ConnManagementScope) (transport.CapableConn, error) {
	if err := scope.SetPeer(p); err != nil {
		return nil, err
	}
	raw, err := w.proxy(ctx, a)
	if err != nil {
		return nil, err
	}
	local, err := manet.FromNetAddr(raw.LocalAddr())
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return w.upgrader.Upgrade(ctx, w, &carried{Conn: raw, local: local, remote: m}, network.DirOutbound, p, scope)
}

// carried is a connection that a proxy carries. Its remote is who is at the far end.
type carried struct {
	net.Conn
	local, remote ma.Multiaddr
}

// LocalMultiaddr implements manet.Conn.
func (c *carried) LocalMultiaddr() ma.Multiaddr { return c.local }

// RemoteMultiaddr implements manet.Conn.
func (c *carried) RemoteMultiaddr() ma.Multiaddr { return c.remote }

// proxied tells whether a connection to there went through the proxy: what the remote
// sees of us is the proxy's.
func proxied(r link.Routes, m ma.Multiaddr) bool {
	a, err := link.ParseAddr(m.String())
	return err == nil && r.Of(a) == link.Proxied
}
