package libp2p

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/host/eventbus"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// What a caller can act on.
var (
	ErrClosed    = errors.New("libp2p: transport closed")
	ErrAddr      = errors.New("libp2p: want a libp2p address that names its peer")
	ErrConnected = errors.New("libp2p: already connected to that peer")
	ErrNoLanes   = errors.New("libp2p: no protocol in common")
	ErrForeign   = errors.New("libp2p: node of another network")
	ErrGated     = errors.New("libp2p: address is shut out")
	ErrNoRoute   = errors.New("libp2p: no way leads to that address: it wants a proxy that we do not have, or one that carries UDP")
	ErrLost      = errors.New("libp2p: connection lost")
)

// Transport dials and accepts libp2p links. Its methods may be called by any
// goroutine.
type Transport struct {
	cfg    Config
	peerID id.PeerID
	stack  *stack
	lane   map[protocol.ID]link.Lane // fixed
	exempt []netip.Prefix            // loopback; fixed
	events event.Subscription
	behind chan chan struct{} // asks watch to catch up with the events
	accept chan *Link
	done   chan struct{}
	tasks  sync.WaitGroup // every goroutine of ours
	spare  buffers

	mu      sync.Mutex
	closed  bool
	conns   map[network.Conn]*entry
	early   map[network.Conn]said // of connections that we have not been told of yet
	pending []*entry              // inbound entries in setup, oldest first
	dials   map[peer.ID]*dial
	err     error // of Close
}

// New makes a transport. It can dial at once, and is reachable after Listen.
func New(c Config) (*Transport, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.fill()
	logger.Store(c.Logger)
	s, err := newStack(&c)
	if err != nil {
		return nil, err
	}
	v4, v6 := localPrefixes(c.Localnet)
	t := &Transport{
		cfg:    c,
		peerID: c.Key.Public().PeerID(),
		stack:  s,
		lane:   make(map[protocol.ID]link.Lane),
		exempt: append(v4, v6...),
		behind: make(chan chan struct{}),
		accept: make(chan *Link),
		done:   make(chan struct{}),
		conns:  make(map[network.Conn]*entry),
		early:  make(map[network.Conn]said),
		dials:  make(map[peer.ID]*dial),
	}
	t.events, err = s.host.EventBus().Subscribe([]any{new(event.EvtPeerProtocolsUpdated), new(event.EvtPeerIdentificationCompleted)}, eventbus.Name("ropewalk"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("libp2p: events: %w", err), s.Close())
	}
	for i, p := range c.Protocols {
		n := link.Lane(i)
		for _, sid := range p.StreamIDs() {
			t.lane[protocol.ID(sid)] = n
			s.host.SetStreamHandler(protocol.ID(sid), func(st network.Stream) { t.onStream(n, st) })
		}
	}
	t.run(t.watch)
	s.swarm.Notify((*notifiee)(t))
	s.host.Start()
	return t, nil
}

// Kind is link.LibP2P.
func (t *Transport) Kind() link.Kind { return link.LibP2P }

// Listen opens every listener of Config.Listen, or none: after an error the
// transport should be closed. The error is a *link.ListenError.
func (t *Transport) Listen() error {
	if len(t.cfg.Listen) == 0 {
		return nil
	}
	told, err := t.stack.host.EventBus().Subscribe(new(event.EvtLocalAddressesUpdated), eventbus.Name("ropewalk listen"))
	if err != nil {
		return fmt.Errorf("libp2p: %w", err)
	}
	defer told.Close()
	for _, a := range t.cfg.Listen {
		m, err := ma.NewMultiaddr(a.Bare().String())
		if err != nil {
			return &link.ListenError{Addr: a, Err: err}
		}
		if err := free(m); err != nil {
			return &link.ListenError{Addr: a, Err: err}
		}
		if err := t.stack.swarm.Listen(m); err != nil {
			return &link.ListenError{Addr: a, Err: err}
		}
	}
	recorded(told)
	return nil
}

// recorded waits until libp2p has signed a record of where we listen: whoever dials
// before would be told of none. Where no address is fit to be told it does not wait long.
func recorded(told event.Subscription) {
	patience := time.NewTimer(recordWithin)
	defer patience.Stop()
	for {
		select {
		case e, ok := <-told.Out():
			if up, is := e.(event.EvtLocalAddressesUpdated); !ok || is && up.SignedPeerRecord != nil && len(up.Current) > 0 {
				return
			}
		case <-patience.C:
			return
		}
	}
}

// free tells whether a TCP port is nobody's yet. libp2p listens with SO_REUSEPORT,
// under which a second node on the port would take half of the first one's
// connections without an error for either.
func free(m ma.Multiaddr) error {
	network, host, err := manet.DialArgs(m)
	if err != nil || !strings.HasPrefix(network, "tcp") {
		return nil // libp2p says what is wrong with it
	}
	l, err := net.Listen(network, host)
	if err != nil {
		return err
	}
	return l.Close()
}

// Addrs is where we are reached as far as libp2p knows by now: listeners, mapped
// ports, what several peers observed, relays. Each names us.
func (t *Transport) Addrs() []link.Addr {
	var out []link.Addr
	seen := make(map[link.Addr]bool)
	for _, m := range t.stack.host.Addrs() {
		a, err := link.ParseAddr(m.String())
		if err != nil {
			continue
		}
		if a = a.WithPeer(t.peerID); !seen[a] {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out
}

// Accept waits for the next finished link that Dial did not return. After Close it
// returns ErrClosed.
func (t *Transport) Accept() (link.Link, error) {
	select {
	case <-t.done:
		return nil, ErrClosed
	default:
	}
	select {
	case <-t.done:
		return nil, ErrClosed
	case l := <-t.accept:
		return l, nil
	}
}

// Close ends every link with reason Quitting, then the host, and waits. It may be
// called any number of times.
func (t *Transport) Close() error {
	t.mu.Lock()
	first := !t.closed
	t.closed = true
	if first {
		close(t.done)
	}
	var all []*entry
	for _, e := range t.conns {
		all = append(all, e)
	}
	t.mu.Unlock()
	if !first {
		t.tasks.Wait()
		t.mu.Lock()
		defer t.mu.Unlock()
		return t.err
	}
	var farewell sync.WaitGroup
	for _, e := range all {
		farewell.Go(func() {
			if l := t.linkOn(e); l != nil && l.end(&link.Closed{Reason: link.Quitting}, true) {
				l.farewell(link.Quitting)
			}
			_ = e.conn.CloseWithError(toCode(link.Quitting))
		})
	}
	farewell.Wait()
	err := errors.Join(t.events.Close(), t.stack.Close())
	t.mu.Lock()
	t.err = err
	t.mu.Unlock()
	t.tasks.Wait()
	logger.CompareAndSwap(t.cfg.Logger, nil)
	return err
}

// run starts a goroutine that Close waits for; false when closed already. f must
// end soon after the transport's connections are closed.
func (t *Transport) run(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.tasks.Go(f)
	return true
}

// remoteSpeaks is what the remote says it supports: for each lane our stream IDs
// among it, in our order.
func (t *Transport) remoteSpeaks(p peer.ID, extra map[protocol.ID]bool) map[link.Lane][]string {
	ids, err := t.stack.swarm.Peerstore().GetProtocols(p)
	if err != nil {
		ids = nil
	}
	has := make(map[protocol.ID]bool, len(ids))
	for _, i := range ids {
		has[i] = true
	}
	out := make(map[link.Lane][]string)
	for i, pr := range t.cfg.Protocols {
		for _, s := range pr.StreamIDs() {
			if has[protocol.ID(s)] || extra[protocol.ID(s)] {
				out[link.Lane(i)] = append(out[link.Lane(i)], s)
			}
		}
	}
	return out
}

// foreign tells whether the remote says it belongs elsewhere.
func (t *Transport) foreign(p peer.ID) bool {
	if t.cfg.Foreign == nil {
		return false
	}
	ids, err := t.stack.swarm.Peerstore().GetProtocols(p)
	return err == nil && t.cfg.Foreign(protocol.ConvertToStrings(ids))
}

// identified waits until libp2p has asked the remote who it is.
func (t *Transport) identified(ctx context.Context, c network.Conn) error {
	select {
	case <-t.stack.host.IDService().IdentifyWait(c):
		return nil
	case <-t.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}
