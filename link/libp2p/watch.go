package libp2p

import (
	"context"
	"net/netip"

	"github.com/libp2p/go-libp2p/core/event"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// watch follows what libp2p learns of remotes. It ends when Close closes the
// subscription.
func (t *Transport) watch() {
	for {
		select {
		case e, ok := <-t.events.Out():
			if !ok {
				return
			}
			t.learned(e)
		case done := <-t.behind:
			t.catchUp()
			close(done)
		}
	}
}

// catchUp takes the events that wait.
func (t *Transport) catchUp() {
	for {
		select {
		case e, ok := <-t.events.Out():
			if !ok {
				return
			}
			t.learned(e)
		default:
			return
		}
	}
}

func (t *Transport) learned(e any) {
	switch e := e.(type) {
	case event.EvtPeerProtocolsUpdated:
		if len(e.Added) > 0 {
			t.renamed(e)
		}
	case event.EvtPeerIdentificationCompleted:
		t.identity(e)
	}
}

// renamed opens lanes that a remote names later.
func (t *Transport) renamed(up event.EvtPeerProtocolsUpdated) {
	for _, en := range t.entries(up.Peer) {
		if l := t.linkOn(en); l != nil {
			l.wantAll()
		} else {
			t.again(en)
		}
	}
}

// said is what a remote says of itself and of us.
type said struct {
	envelope []byte         // its signed record, as identify brought it last
	observed netip.AddrPort // where it sees us, likewise
}

func (s *said) take(e event.EvtPeerIdentificationCompleted) {
	if e.SignedPeerRecord != nil {
		if raw, err := e.SignedPeerRecord.Marshal(); err == nil {
			s.envelope = raw
		}
	}
	if at := endpoint(e.ObservedAddr); at.IsValid() {
		s.observed = at
	}
}

// identity keeps what a remote says with the connection it came on: its signed
// record, which libp2p verifies and throws away, and where it sees us. A quick remote
// says it before we are told of the connection; its end is always told later.
func (t *Transport) identity(e event.EvtPeerIdentificationCompleted) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if en := t.conns[e.Conn]; en != nil {
		en.said.take(e)
	} else if !t.closed && !e.Conn.IsClosed() {
		var s said
		s.take(e)
		t.early[e.Conn] = s
	}
}

// identityOf is the signed record of a remote that was identified, and where it sees
// us. The event that brings them was sent before identify ended, but may still wait
// for watch.
func (t *Transport) identityOf(ctx context.Context, e *entry) ([]byte, netip.AddrPort) {
	done := make(chan struct{})
	select {
	case t.behind <- done:
		<-done
	case <-t.done:
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return e.said.envelope, e.said.observed
}

// endpoint is the IP address and port of a multiaddr; invalid when there are none, or
// when they are a relay's.
func endpoint(m ma.Multiaddr) netip.AddrPort {
	if len(m) == 0 {
		return netip.AddrPort{}
	}
	if _, err := m.ValueForProtocol(ma.P_CIRCUIT); err == nil {
		return netip.AddrPort{}
	}
	_, text, err := manet.DialArgs(m)
	if err != nil {
		return netip.AddrPort{}
	}
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}
