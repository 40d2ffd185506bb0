package libp2p

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/p2p/host/autonat"
	"github.com/libp2p/go-libp2p/p2p/host/autorelay"
	basichost "github.com/libp2p/go-libp2p/p2p/host/basic"
	blankhost "github.com/libp2p/go-libp2p/p2p/host/blank"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	"github.com/libp2p/go-libp2p/p2p/host/observedaddrs"
	"github.com/libp2p/go-libp2p/p2p/host/peerstore/pstoremem"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/net/upgrader"
	"github.com/libp2p/go-libp2p/p2p/protocol/autonatv2"
	relay "github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	libp2pquic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	"github.com/libp2p/go-libp2p/p2p/transport/quicreuse"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/quic-go/quic-go"
)

// stack is a libp2p host put together by hand, with what has to be closed.
type stack struct {
	host   *basichost.BasicHost
	swarm  *swarm.Swarm
	book   *book
	opens  opens
	closes []func() error // in order

	resources network.ResourceManager
}

// wire is one swarm with its transports.
type wire struct {
	swarm    *swarm.Swarm
	book     *book
	upgrader transport.Upgrader
	bus      event.Bus
	closes   []func() error // after the swarm
}

// newStack makes a host that does not listen yet. It must be started, after all
// protocols are registered: what identify says is taken at the start, and later
// changes reach it some time later.
func newStack(c *Config) (_ *stack, err error) {
	key, err := crypto.UnmarshalSecp256k1PrivateKey(c.Key.Bytes())
	if err != nil {
		return nil, fmt.Errorf("libp2p: key: %w", err)
	}
	resources, err := newResources(c)
	if err != nil {
		return nil, fmt.Errorf("libp2p: resource manager: %w", err)
	}
	// The host closes the resource manager; until there is one, we do.
	defer func() {
		if err != nil {
			_ = resources.Close()
		}
	}()
	v4, v6 := localPrefixes(c.Localnet)
	self, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("libp2p: key: %w", err)
	}
	w, err := newWire(c, key, resources, &gate{self: self, exempt: append(v4, v6...), allows: c.Gate, patience: c.acceptWithin()})
	if err != nil {
		return nil, err
	}
	s := &stack{swarm: w.swarm, book: w.book, resources: resources}
	opts, err := s.hostOptions(c, w, resources)
	if err == nil {
		s.host, err = basichost.NewHost(w.swarm, opts)
	}
	if err != nil {
		_ = w.swarm.Close()
		return nil, errors.Join(fmt.Errorf("libp2p: host: %w", err), closeAll(append(s.closes, w.closes...)))
	}
	s.opens.guard(w.swarm, w.swarm.StreamHandler())
	s.closes = append(append(s.closes, s.host.Close), w.closes...)
	if err := s.services(c, w); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// hostOptions prepares what the host is made with.
func (s *stack) hostOptions(c *Config, w *wire, resources network.ResourceManager) (*basichost.HostOpts, error) {
	links := c.Limits.Inbound + c.Limits.Outbound
	// Links are protected; only strays are ever trimmed.
	manager, err := connmgr.NewConnManager(links+strayConns/2, links+strayConns, connmgr.WithGracePeriod(2*setupTimeout), connmgr.WithSilencePeriod(setupTimeout))
	if err != nil {
		return nil, err
	}
	opts := &basichost.HostOpts{
		EventBus:             w.bus,
		ConnManager:          manager,
		NegotiationTimeout:   c.setupMax(),
		EnablePing:           true,
		UserAgent:            c.UserAgent,
		ProtocolVersion:      "ropewalk/1",
		EnableHolePunching:   c.HolePunch,
		EnableMetrics:        c.Registry != nil,
		PrometheusRegisterer: c.Registry,
	}
	if c.NATPortMap {
		opts.NATManager = basichost.NewNATManager
	}
	if c.Routes.All() || len(c.Announce) > 0 {
		opts.AddrsFactory = c.announced
	}
	if !c.Localnet && !c.Routes.All() {
		heard := &observers{Bus: w.bus, routes: c.Routes}
		observed, err := observedaddrs.NewManager(heard, w.swarm)
		if err != nil {
			return nil, err
		}
		observed.Start(w.swarm)
		s.closes = append(s.closes, observed.Close, heard.Close)
		opts.ObservedAddrsManager = observed
	}
	if c.AutoNAT {
		if opts.AutoNATv2, err = newAutoNATv2(c, resources, s); err != nil {
			return nil, err
		}
	}
	return opts, nil
}

// services starts what needs the finished host.
func (s *stack) services(c *Config, w *wire) error {
	if c.Relay {
		if err := relay.AddTransport(s.host, w.upgrader); err != nil {
			return fmt.Errorf("libp2p: relay: %w", err)
		}
		opts := []autorelay.Option{autorelay.WithPeerSource(s.connectedPeers), autorelay.WithNumRelays(2), autorelay.WithBootDelay(time.Minute)}
		if c.Registry != nil {
			opts = append(opts, autorelay.WithMetricsTracer(autorelay.NewMetricsTracer(autorelay.WithRegisterer(c.Registry))))
		}
		auto, err := autorelay.NewAutoRelay(s.host, opts...)
		if err != nil {
			return fmt.Errorf("libp2p: relay: %w", err)
		}
		auto.Start()
		s.closes = append([]func() error{auto.Close}, s.closes...)
	}
	if c.AutoNAT {
		public := func() []ma.Multiaddr {
			var out []ma.Multiaddr
			for _, a := range s.host.AllAddrs() {
				if manet.IsPublicAddr(a) {
					out = append(out, a)
				}
			}
			return out
		}
		nat, err := autonat.New(s.host, autonat.UsingAddresses(public))
		if err != nil {
			return fmt.Errorf("libp2p: autonat: %w", err)
		}
		s.host.SetAutoNat(nat)
	}
	return nil
}

// connectedPeers offers those we are connected to as relays; whether one is a
// relay autorelay finds out.
func (s *stack) connectedPeers(_ context.Context, n int) <-chan peer.AddrInfo {
	peers := s.swarm.Peers()
	out := make(chan peer.AddrInfo, len(peers))
	defer close(out)
	for _, p := range peers[:min(n, len(peers))] {
		out <- peer.AddrInfo{ID: p, Addrs: s.swarm.Peerstore().Addrs(p)}
	}
	return out
}

// Close ends the host and everything under it.
func (s *stack) Close() error { return closeAll(s.closes) }

func closeAll(closes []func() error) error {
	var errs []error
	for _, f := range closes {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// newWire makes a swarm with TCP and QUIC.
func newWire(c *Config, key crypto.PrivKey, resources network.ResourceManager, g *gate) (_ *wire, err error) {
	self, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("libp2p: key: %w", err)
	}
	inner, err := pstoremem.NewPeerstore()
	if err != nil {
		return nil, fmt.Errorf("libp2p: peerstore: %w", err)
	}
	ps := newBook(inner)
	if err := errors.Join(ps.AddPrivKey(self, key), ps.AddPubKey(self, key.GetPublic())); err != nil {
		return nil, errors.Join(fmt.Errorf("libp2p: peerstore: %w", err), inner.Close())
	}
	w := &wire{book: ps, closes: []func() error{inner.Close}}
	defer func() {
		if err != nil {
			if w.swarm != nil {
				_ = w.swarm.Close()
			}
			_ = closeAll(w.closes)
		}
	}()
	opts := []swarm.Option{
		swarm.WithResourceManager(resources), swarm.WithConnectionGater(g),
		swarm.WithDialTimeout(c.dialMax()), swarm.WithDialTimeoutLocal(c.dialMax()), swarm.WithDialRanker(swarm.NoDelayDialRanker),
		// A dial names one address and is wanted now, whatever became of others.
		swarm.WithUDPBlackHoleSuccessCounter(nil), swarm.WithIPv6BlackHoleSuccessCounter(nil),
	}
	if c.resolver != nil {
		opts = append(opts, swarm.WithMultiaddrResolver(c.resolver))
	}
	if c.Registry == nil {
		w.bus = eventbus.NewBus()
	} else {
		w.bus = eventbus.NewBus(eventbus.WithMetricsTracer(eventbus.NewMetricsTracer(eventbus.WithRegisterer(c.Registry))))
		opts = append(opts, swarm.WithMetricsTracer(swarm.NewMetricsTracer(swarm.WithRegisterer(c.Registry))))
	}
	if w.swarm, err = swarm.NewSwarm(self, ps, w.bus, opts...); err != nil {
		return nil, fmt.Errorf("libp2p: swarm: %w", err)
	}
	if err = w.addTCP(c, key, resources, g); err != nil {
		return nil, fmt.Errorf("libp2p: tcp: %w", err)
	}
	if c.Routes.All() {
		return w, nil // not even a socket of UDP
	}
	if err = w.addQUIC(c, key, resources, g); err != nil {
		return nil, fmt.Errorf("libp2p: quic: %w", err)
	}
	return w, nil
}

func (w *wire) addTCP(c *Config, key crypto.PrivKey, resources network.ResourceManager, g *gate) error {
	mux := *yamux.DefaultTransport
	mux.MaxStreamWindowSize = windowBytesMax
	mux.MaxIncomingStreams = incomingStreamsMax
	mux.MaxMessageSize = noiseBytesMax
	muxers := []upgrader.StreamMuxer{{ID: yamux.ID, Muxer: &mux}}
	n, err := noise.New(noise.ID, key, muxers)
	if err != nil {
		return err
	}
	t, err := libp2ptls.New(libp2ptls.ID, key, muxers)
	if err != nil {
		return err
	}
	w.upgrader, err = upgrader.New([]sec.SecureTransport{n, t}, muxers, nil, resources, g, upgrader.WithAcceptTimeout(g.patience))
	if err != nil {
		return err
	}
	var opts []tcp.Option
	if c.Localnet {
		// Dialling from the listening port only helps to cross a NAT, and it makes
		// quick reconnects on one machine meet their own TIME_WAIT.
		opts = append(opts, tcp.DisableReuseport())
	}
	trans, err := tcp.NewTCPTransport(w.upgrader, resources, nil, opts...)
	if err != nil {
		return err
	}
	return w.swarm.AddTransport(&way{TcpTransport: trans, upgrader: w.upgrader, resources: resources, routes: c.Routes, proxy: c.Proxy, gate: g})
}

func (w *wire) addQUIC(c *Config, key crypto.PrivKey, resources network.ResourceManager, g *gate) error {
	// The same derivation as the library's own constructor, so that a restart under
	// either resets old connections.
	secret, err := key.Raw()
	if err != nil {
		return err
	}
	reset, err := derive(secret, "libp2p quic stateless reset key")
	if err != nil {
		return err
	}
	token, err := derive(secret, "libp2p quic token generator key")
	if err != nil {
		return err
	}
	opts := []quicreuse.Option{
		quicreuse.ConnContext(func(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
			// An address that is none is the resource manager's to judge.
			addr, err := quicreuse.ToQuicMultiaddr(info.RemoteAddr, quic.Version1)
			if err != nil {
				addr = nil
			}
			if addr != nil && !g.allowed(addr) {
				return ctx, ErrGated // before the handshake, unlike the gater
			}
			scope, err := resources.OpenConnection(network.DirInbound, false, addr)
			if err != nil {
				return ctx, err
			}
			ctx = network.WithConnManagementScope(ctx, scope)
			context.AfterFunc(ctx, scope.Done)
			return ctx, nil
		}),
		quicreuse.VerifySourceAddress(func(a net.Addr) bool { return resources.VerifySourceAddress(a) || crowded(resources) }),
	}
	if c.Registry != nil {
		opts = append(opts, quicreuse.EnableMetrics(c.Registry))
	}
	conns, err := quicreuse.NewConnManager(quic.StatelessResetKey(reset), quic.TokenGeneratorKey(token), opts...)
	if err != nil {
		return err
	}
	w.closes = append(w.closes, conns.Close)
	trans, err := libp2pquic.NewTransport(key, conns, nil, g, resources)
	if err != nil {
		return err
	}
	return w.swarm.AddTransport(trans)
}

// crowded tells whether so many inbound connections are being set up that who dials by
// QUIC has to show first that its address is its own: until then it costs us nothing.
func crowded(resources network.ResourceManager) (is bool) {
	_ = resources.ViewTransient(func(s network.ResourceScope) error {
		is = s.Stat().NumConnsInbound >= pendingMax/2
		return nil
	})
	return is
}

func derive(secret []byte, info string) (out [32]byte, err error) {
	raw, err := hkdf.Key(sha256.New, secret, nil, info, len(out))
	copy(out[:], raw)
	return out, err
}

// newAutoNATv2 makes the service and the second host it dials back from, whose key
// nobody knows, so that an answer proves a fresh connection.
func newAutoNATv2(c *Config, resources network.ResourceManager, s *stack) (*autonatv2.AutoNAT, error) {
	key, _, err := crypto.GenerateEd25519Key(rand.Reader)
	if err != nil {
		return nil, err
	}
	plain := *c
	plain.Registry = nil
	w, err := newWire(&plain, key, resources, &gate{allows: c.Gate, patience: acceptTimeout})
	if err != nil {
		return nil, err
	}
	// The service closes its host; this is what is left under it.
	s.closes = append(s.closes, func() error { _ = w.swarm.Close(); return closeAll(w.closes) })
	var opts []autonatv2.AutoNATOption
	if c.Registry != nil {
		opts = append(opts, autonatv2.WithMetricsTracer(autonatv2.NewMetricsTracer(c.Registry)))
	}
	return autonatv2.New(blankhost.NewBlankHost(w.swarm, blankhost.WithEventBus(w.bus)), opts...)
}

// protocolIDs is the libp2p type for stream IDs.
func protocolIDs(ids []string) []protocol.ID { return protocol.ConvertFromStrings(ids) }
