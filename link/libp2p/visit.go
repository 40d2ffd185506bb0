package libp2p

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// ErrNoPing is returned by Visit.Ping when the remote does not speak libp2p's ping.
var ErrNoPing = errors.New("libp2p: the remote does not speak " + string(ping.ID))

// Visit is a connection to any libp2p host that only asks how it is.
type Visit struct {
	Agent   string   // what the remote calls itself, at most 128 bytes, unsanitised
	Streams []string // the protocols it names, sorted, at most 256, unsanitised
	Connect time.Duration
	// Identify is the time until it had said who it is; zero when it did not.
	Identify time.Duration

	stack  *stack
	conn   network.Conn
	pings  bool           // ping is among the remote's protocols
	stream network.Stream // of ping; nil before the first
}

// Probe connects to the address, which must name its peer, and waits for what the
// remote says of itself. The context bounds both. Errors are those of Transport.Dial.
// Whoever gets a Visit closes it.
func Probe(ctx context.Context, key *id.Key, agent string, to link.Addr) (*Visit, error) {
	return ProbeThrough(ctx, key, agent, to, nil)
}

// ProbeThrough is Probe through a proxy, which dial opens connections by; a nil one is
// none.
func ProbeThrough(ctx context.Context, key *id.Key, agent string, to link.Addr, dial func(context.Context, link.Addr) (net.Conn, error)) (*Visit, error) {
	if to.Kind() != link.LibP2P || to.PeerID() == "" {
		return nil, fmt.Errorf("%w: %q", ErrAddr, to)
	}
	c := Config{Key: key, UserAgent: agent, Localnet: !to.Relayed(), Relay: to.Relayed(), Proxy: dial}
	if dial != nil {
		c.Routes = link.Routes{Proxy: true, Mixed: link.MixAll | link.MixI2P}
	}
	if c.Routes.Of(to) == link.NoRoute {
		return nil, ErrNoRoute
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.fill()
	s, err := newStack(&c)
	if err != nil {
		return nil, err
	}
	v := &Visit{stack: s}
	s.host.Start()
	if err := v.connect(ctx, to); err != nil {
		_ = v.Close()
		return nil, dialError(ctx, err)
	}
	return v, nil
}

func (v *Visit) connect(ctx context.Context, to link.Addr) error {
	m, err := ma.NewMultiaddr(withoutPeer(to))
	if err != nil {
		return err
	}
	p := peer.ID(to.PeerID())
	defer v.stack.book.aim(p, m, to.Relayed())()
	begun := time.Now()
	if v.conn, err = v.stack.swarm.DialPeer(network.WithAllowLimitedConn(ctx, "ping"), p); err != nil {
		return err
	}
	v.Connect = time.Since(begun)
	select {
	case <-v.stack.host.IDService().IdentifyWait(v.conn):
	case <-ctx.Done():
		return ctx.Err()
	}
	names, err := v.stack.book.GetProtocols(p)
	if err != nil || len(names) == 0 {
		if v.conn.IsClosed() {
			return whyClosed(v.conn)
		}
		return nil // a host without identify
	}
	v.Identify = time.Since(begun) - v.Connect
	v.Streams = protocol.ConvertToStrings(names)
	slices.Sort(v.Streams)
	v.pings = slices.Contains(v.Streams, string(ping.ID))
	v.Streams = v.Streams[:min(len(v.Streams), streamsShownMax)]
	v.Agent = v.stack.agentOf(p)
	return nil
}

// Ping measures a round trip (libp2p specification "ping": 32 random bytes come back).
// A Visit pings on one stream, one at a time; after an error it is done.
func (v *Visit) Ping(ctx context.Context) (time.Duration, error) {
	if len(v.Streams) > 0 && !v.pings {
		return 0, ErrNoPing
	}
	if v.stream == nil {
		s, err := v.stack.host.NewStream(network.WithAllowLimitedConn(network.WithNoDial(ctx, "ping"), "ping"), v.conn.RemotePeer(), ping.ID)
		if err != nil {
			return 0, v.pingError(ctx, err)
		}
		v.stream = s
	}
	defer context.AfterFunc(ctx, func() { _ = v.stream.Reset() })()
	var out, in [ping.PingSize]byte
	if _, err := rand.Read(out[:]); err != nil {
		return 0, err
	}
	begun := time.Now()
	_, err := v.stream.Write(out[:])
	if err == nil {
		_, err = io.ReadFull(v.stream, in[:])
	}
	took := time.Since(begun)
	if err == nil && in != out {
		err = errors.New("libp2p: the remote answered a ping with other bytes")
	}
	if err != nil {
		return 0, v.pingError(ctx, err)
	}
	return took, nil
}

// pingError says why a ping failed: the time, the end of the connection, or the stream.
func (v *Visit) pingError(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case v.conn.IsClosed():
		return whyClosed(v.conn)
	}
	return err
}

// Close ends the connection and everything under it.
func (v *Visit) Close() error { return v.stack.Close() }
