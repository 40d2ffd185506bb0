package libp2p

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// dial is one Dial under way. There is at most one per peer, because libp2p would
// join two into one connection.
type dial struct {
	relayed bool
	entry   chan *entry   // holds the connection that Connected gave us
	done    chan struct{} // closed when the dial ended
}

// offer gives a new connection to the dial, unless it has one. Under Transport.mu.
func (d *dial) offer(e *entry) bool {
	select {
	case d.entry <- e:
		return true
	default:
		return false
	}
}

// Dial makes a link to the peer at the address, which must name it. The context's
// deadline (that of the address's way when it has none) covers dial, the dialogue with a
// proxy, security, identify and the negotiation of lanes. The error is or wraps the
// context's, ErrAddr, ErrNoRoute, ErrNoLanes,
// ErrForeign, ErrGated, ErrConnected, ErrClosed or a link.Reason (WrongIdentity, Self); anything else is
// the network's. None names the address, which the caller knows.
func (t *Transport) Dial(ctx context.Context, ticket id.Ticket, to link.Addr) (link.Link, error) {
	if to.Kind() != link.LibP2P || to.PeerID() == "" {
		return nil, fmt.Errorf("%w: %q", ErrAddr, to)
	}
	if to.PeerID() == t.peerID {
		return nil, link.Self
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.cfg.Routes.Timeouts(to).Dial)
		defer cancel()
	}
	if t.cfg.Routes.Of(to) == link.NoRoute {
		return nil, ErrNoRoute
	}
	l, err := t.dial(ctx, ticket, to)
	if err != nil {
		return nil, dialError(ctx, err)
	}
	return l, nil
}

func (t *Transport) dial(ctx context.Context, ticket id.Ticket, to link.Addr) (*Link, error) {
	p := peer.ID(to.PeerID())
	d := &dial{relayed: to.Relayed(), entry: make(chan *entry, 1), done: make(chan struct{})}
	if err := t.begin(ctx, p, d); err != nil {
		return nil, err
	}
	defer t.tasks.Done()
	e, err := t.connect(ctx, p, d, to)
	var l *Link
	if err == nil {
		l, err = t.setup(ctx, e, ticket, to)
	}
	t.mu.Lock()
	delete(t.dials, p)
	close(d.done)
	var leave []*entry
	select {
	case o := <-d.entry: // came too late, or was not the one
		leave = append(leave, o)
	default:
	}
	if e != nil {
		leave = append(leave, e)
	}
	for _, o := range leave {
		t.settle(o)
		o.leaving = err != nil
	}
	t.mu.Unlock()
	if err == nil {
		return l, nil
	}
	for _, o := range leave {
		t.closeLater(o.conn, whyLeft(err))
	}
	if errors.Is(err, ErrLost) {
		// A remote that keeps the other of two links may be gone before it can say so.
		err = fmt.Errorf("%w: %w", err, link.NetworkError)
	}
	return nil, err
}

// begin registers d once no other dial to the peer is under way, and no link to it
// is being made or closed.
func (t *Transport) begin(ctx context.Context, p peer.ID, d *dial) error {
	for {
		t.mu.Lock()
		if t.closed {
			t.mu.Unlock()
			return ErrClosed
		}
		wait, connected := t.inTheWay(p)
		if wait == nil && !connected {
			t.dials[p] = d
			t.tasks.Add(1)
			t.mu.Unlock()
			return nil
		}
		t.mu.Unlock()
		if wait == nil {
			return fmt.Errorf("%w: %w", ErrConnected, link.AlreadyConnected)
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// inTheWay is what a dial to the peer has to wait for, or whether there is a link
// to it already. Under mu.
func (t *Transport) inTheWay(p peer.ID) (wait <-chan struct{}, connected bool) {
	if other := t.dials[p]; other != nil {
		return other.done, false
	}
	for _, e := range t.conns {
		switch {
		case e.conn.RemotePeer() != p:
		case e.link != nil && e.link.ended() || e.leaving:
			wait = e.gone
		case e.link != nil:
			return nil, true
		case e.ready != nil:
			wait = e.ready // whether it becomes a link shows soon
		}
	}
	return wait, false
}

// connect dials and returns the connection's entry, claimed for this dial.
func (t *Transport) connect(ctx context.Context, p peer.ID, d *dial, to link.Addr) (*entry, error) {
	m, err := ma.NewMultiaddr(withoutPeer(to))
	if err != nil {
		return nil, err
	}
	defer t.stack.book.aim(p, m, d.relayed)()
	t.stack.swarm.Backoff().Clear(p) // when to try again is decided above
	dctx := network.WithDialPeerTimeout(ctx, t.cfg.dialMax())
	if t.cfg.Limited || d.relayed {
		dctx = network.WithAllowLimitedConn(dctx, "link")
	}
	c, err := t.stack.swarm.DialPeer(dctx, p)
	if err != nil {
		return nil, err
	}
	if c.Stat().Limited && !t.cfg.Limited {
		// Wait for hole punching to bring a direct one.
		select {
		case e := <-d.entry:
			return e, nil
		case <-t.done:
			return nil, ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return t.claim(c, d)
}

// claim makes the dial the owner of a connection's setup.
func (t *Transport) claim(c network.Conn, d *dial) (*entry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.conns[c]
	select {
	case given := <-d.entry:
		if given == e {
			return e, nil
		}
		d.entry <- given
	default:
	}
	switch {
	case e == nil:
		return nil, whyClosed(c)
	case e.link != nil || e.ready != nil:
		return nil, fmt.Errorf("%w: %w", ErrConnected, link.AlreadyConnected)
	}
	e.ready = make(chan struct{}) // it was no link until now; try it for this dial
	return e, nil
}

// withoutPeer is where to dial. A relayed address keeps its relay.
func withoutPeer(to link.Addr) string {
	s := to.String()
	return s[:len(s)-len("/p2p/"+to.PeerID().String())]
}

// dialError puts the errors a caller acts on where errors.Is finds them.
func dialError(ctx context.Context, err error) error {
	var wrong sec.ErrPeerIDMismatch
	switch {
	case errors.As(err, &wrong):
		return fmt.Errorf("%w: %w", link.WrongIdentity, err)
	case errors.Is(err, swarm.ErrGaterDisallowedConnection):
		return ErrGated
	case errors.Is(err, swarm.ErrDialToSelf):
		return fmt.Errorf("%w: %w", link.Self, err)
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		return fmt.Errorf("%w: %w", ctx.Err(), plainly(err))
	}
	return plainly(err)
}

// plainly takes away what libp2p and net put around the failure of a dial: the peer
// and, twice, the address.
func plainly(err error) error {
	var dials *swarm.DialError
	if errors.As(err, &dials) && len(dials.DialErrors) == 1 {
		err = dials.DialErrors[0].Cause
	}
	if op, ok := err.(*net.OpError); ok && op.Op == "dial" {
		err = op.Err
	}
	return err
}
