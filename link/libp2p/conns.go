package libp2p

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// entry is one libp2p connection: being set up, a link, or left to libp2p.
type entry struct {
	conn network.Conn
	ip   netip.Addr
	gone chan struct{} // closed when the connection is

	// Under Transport.mu.
	link    *Link
	ready   chan struct{}        // closed at the end of a setup; nil when none runs
	tries   int                  // setups so far
	waiting int                  // streams that wait for ready
	leaving bool                 // no link came of it and it is being closed
	extra   map[protocol.ID]bool // our stream IDs the remote opened without naming them

	said said
}

func (e *entry) isGone() bool {
	select {
	case <-e.gone:
		return true
	default:
		return false
	}
}

// notifiee receives the swarm's events; its methods must not block.
type notifiee Transport

// Connected is called before a dial returns.
func (n *notifiee) Connected(_ network.Network, c network.Conn) { (*Transport)(n).connected(c) }

// Disconnected is called once for every Connected.
func (n *notifiee) Disconnected(_ network.Network, c network.Conn) { (*Transport)(n).disconnected(c) }

// Listen is of no interest.
func (n *notifiee) Listen(network.Network, ma.Multiaddr) {}

// ListenClose is of no interest.
func (n *notifiee) ListenClose(network.Network, ma.Multiaddr) {}

func (t *Transport) connected(c network.Conn) {
	e := &entry{conn: c, ip: ipOf(c.RemoteMultiaddr()), gone: make(chan struct{}), extra: make(map[protocol.ID]bool)}
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		go func() { _ = c.CloseWithError(toCode(link.Quitting)) }() // the swarm waits for it
		return
	}
	t.conns[c] = e
	e.said = t.early[c]
	delete(t.early, c)
	usable := !c.Stat().Limited || t.cfg.Limited
	d := t.dials[c.RemotePeer()]
	mine := usable && d != nil && (c.Stat().Direction == network.DirOutbound || d.relayed) && d.offer(e)
	if mine {
		e.ready = make(chan struct{})
		e.tries++
	}
	t.mu.Unlock()
	if usable && !mine {
		t.again(e)
	}
}

func (t *Transport) disconnected(c network.Conn) {
	t.mu.Lock()
	e := t.conns[c]
	delete(t.conns, c)
	delete(t.early, c)
	var l *Link
	last := true
	if e != nil {
		close(e.gone)
		l = e.link
		t.settle(e)
		for _, o := range t.conns {
			last = last && !(o.link != nil && o.conn.RemotePeer() == c.RemotePeer())
		}
	}
	t.mu.Unlock()
	if l == nil {
		return
	}
	if last {
		t.stack.host.ConnManager().Unprotect(c.RemotePeer(), protectTag)
	}
	l.end(whyClosed(c), false)
}

// protectTag keeps the connection manager from trimming links.
const protectTag = "ropewalk link"

// settle ends a setup: whoever waited for ready looks again. Under mu.
func (t *Transport) settle(e *entry) {
	if e.ready != nil {
		close(e.ready)
		e.ready = nil
	}
	t.pending = slices.DeleteFunc(t.pending, func(o *entry) bool { return o == e })
}

// entries are the live connections to a peer.
func (t *Transport) entries(p peer.ID) (out []*entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.conns {
		if e.conn.RemotePeer() == p {
			out = append(out, e)
		}
	}
	return out
}

func (t *Transport) linkOn(e *entry) *Link {
	t.mu.Lock()
	defer t.mu.Unlock()
	return e.link
}

// again sets a connection up that nobody dials: as a new one, or because the
// remote now shows a protocol of ours. The link goes to Accept.
func (t *Transport) again(e *entry) {
	t.mu.Lock()
	usable := !e.conn.Stat().Limited || t.cfg.Limited
	if t.closed || e.isGone() || e.link != nil || e.ready != nil || e.leaving || !usable || e.tries > reopenAttempts {
		t.mu.Unlock()
		return
	}
	e.tries++
	e.ready = make(chan struct{})
	evicted := t.enqueue(e)
	t.tasks.Go(func() { t.setupInbound(e) })
	t.mu.Unlock()
	for _, o := range evicted {
		t.closeLater(o.conn, link.TooManyPeers)
	}
}

// enqueue counts e among the pending and returns who has to give way. Under mu.
func (t *Transport) enqueue(e *entry) (evicted []*entry) {
	same := func(o *entry) bool { return o.ip == e.ip }
	if n := countFunc(t.pending, same); n >= pendingPerIPMax && !within(e.ip, t.exempt) {
		evicted = append(evicted, t.pending[slices.IndexFunc(t.pending, same)])
	}
	if len(t.pending)-len(evicted) >= pendingMax {
		if i := slices.IndexFunc(t.pending, func(o *entry) bool { return !slices.Contains(evicted, o) }); i >= 0 {
			evicted = append(evicted, t.pending[i])
		}
	}
	t.pending = slices.DeleteFunc(t.pending, func(o *entry) bool { return slices.Contains(evicted, o) })
	t.pending = append(t.pending, e)
	return evicted
}

func countFunc[T any](s []T, f func(T) bool) (n int) {
	for _, v := range s {
		if f(v) {
			n++
		}
	}
	return n
}

// setupInbound finishes a link and hands it to Accept.
func (t *Transport) setupInbound(e *entry) {
	ctx, cancel := context.WithTimeout(context.Background(), t.cfg.setupWithin(e.ip))
	defer cancel()
	l, err := t.setup(ctx, e, id.Ticket{}, link.Addr{})
	if err != nil {
		t.mu.Lock()
		t.settle(e)
		// Without a lane of ours it is libp2p's; whoever did not even answer is
		// nobody's.
		e.leaving = !errors.Is(err, ErrNoLanes)
		leaving := e.leaving
		t.mu.Unlock()
		if leaving {
			t.closeLater(e.conn, whyLeft(err))
		}
		return
	}
	select {
	case t.accept <- l:
	case <-l.done:
	case <-t.done:
	}
	t.mu.Lock()
	t.settle(e)
	t.mu.Unlock()
}

// setup makes a link of a connection: waits for identify and opens our lanes.
func (t *Transport) setup(ctx context.Context, e *entry, ticket id.Ticket, to link.Addr) (*Link, error) {
	if err := t.identified(ctx, e.conn); err != nil {
		return nil, err
	}
	t.mu.Lock()
	extra := make(map[protocol.ID]bool)
	for k := range e.extra {
		extra[k] = true
	}
	inbound := 0
	for _, o := range t.conns {
		if o.link != nil && o.link.info.Dir == link.In && !t.trusted(o.link.info.ID) {
			inbound++
		}
	}
	t.mu.Unlock()
	if e.conn.Stat().Direction == network.DirInbound && inbound >= t.cfg.Limits.Inbound && !t.trusted(id.PeerID(e.conn.RemotePeer()).ID()) {
		t.closeLater(e.conn, link.TooManyPeers)
		return nil, link.TooManyPeers
	}
	if t.foreign(e.conn.RemotePeer()) {
		return nil, ErrForeign
	}
	l := newLink(t, e, ticket, to)
	l.info.Envelope, l.info.Observed = t.identityOf(ctx, e)
	if proxied(t.cfg.Routes, e.conn.RemoteMultiaddr()) {
		l.info.Observed = netip.AddrPort{} // that is the proxy
	}
	if err := l.openLanes(ctx, t.remoteSpeaks(e.conn.RemotePeer(), extra)); err != nil {
		return nil, err
	}
	t.stack.host.ConnManager().Protect(e.conn.RemotePeer(), protectTag)
	t.mu.Lock()
	if t.closed || e.isGone() {
		t.mu.Unlock()
		return nil, whyClosed(e.conn)
	}
	e.link = l
	if e.ready != nil {
		close(e.ready)
		e.ready = nil
	}
	for _, ln := range l.lanes {
		if ln.keeping {
			t.tasks.Go(ln.keep)
		}
	}
	t.mu.Unlock()
	return l, nil
}

// trusted tells whether a remote is exempt from the limit on inbound links. Above it the
// resource manager has room for what is in setup, which the trusted share.
func (t *Transport) trusted(who id.ID) bool { return t.cfg.Trusted != nil && t.cfg.Trusted(who) }

// whyLeft is the reason to give a connection that did not become a link.
func whyLeft(err error) link.Reason {
	if errors.Is(err, ErrNoLanes) || errors.Is(err, ErrForeign) {
		return link.Useless
	}
	return link.Timeout
}

// closeLater closes a connection without making the caller wait for the wire.
func (t *Transport) closeLater(c network.Conn, why link.Reason) {
	if !t.run(func() { _ = c.CloseWithError(toCode(why)) }) {
		_ = c.CloseWithError(toCode(why))
	}
}

// onStream is called by libp2p, in a goroutine per stream, when the remote opened
// one of our protocols.
func (t *Transport) onStream(n link.Lane, s network.Stream) {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		_ = s.Reset()
		return
	}
	t.tasks.Add(1)
	t.mu.Unlock()
	defer t.tasks.Done()
	if l := t.linkFor(s); l != nil {
		l.lanes[n].serve(s)
		return
	}
	_ = s.ResetWithError(network.StreamProtocolNegotiationFailed)
}

// linkFor finds the link a stream belongs to: that of its connection, which may
// have to be finished first, or another one of the same peer.
func (t *Transport) linkFor(s network.Stream) *Link {
	timeout := time.NewTimer(t.cfg.setupMax())
	defer timeout.Stop()
	for round := range 2 {
		t.mu.Lock()
		e := t.conns[s.Conn()]
		if e == nil {
			t.mu.Unlock()
			break
		}
		if e.link != nil {
			t.mu.Unlock()
			return e.link
		}
		e.extra[s.Protocol()] = true // bounded: only our own IDs come here
		ready := e.ready
		if ready != nil && e.waiting >= waitingStreamsMax {
			t.mu.Unlock()
			return nil
		}
		if ready != nil {
			e.waiting++
		}
		t.mu.Unlock()
		if ready != nil {
			t.await(e, ready, timeout.C)
		}
		if l := t.linkOn(e); l != nil {
			return l
		}
		if round == 0 {
			t.again(e)
		}
	}
	for _, e := range t.entries(s.Conn().RemotePeer()) {
		if l := t.linkOn(e); l != nil {
			return l
		}
	}
	return nil
}

func (t *Transport) await(e *entry, ready chan struct{}, timeout <-chan time.Time) {
	select {
	case <-ready:
	case <-timeout:
	case <-t.done:
	}
	t.mu.Lock()
	e.waiting--
	t.mu.Unlock()
}
