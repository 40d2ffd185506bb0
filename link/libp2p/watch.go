package libp2p

import (
	"context"

	"github.com/libp2p/go-libp2p/core/event"
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

// identity keeps the signed record of a remote, which libp2p verifies and throws
// away, with the connection it came on.
func (t *Transport) identity(e event.EvtPeerIdentificationCompleted) {
	if e.SignedPeerRecord == nil {
		return
	}
	raw, err := e.SignedPeerRecord.Marshal()
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if en := t.conns[e.Conn]; en != nil {
		en.envelope = raw
	}
}

// envelopeOf is the signed record of a remote that was identified. The event that
// brings it was sent before identify ended, but may still wait for watch.
func (t *Transport) envelopeOf(ctx context.Context, e *entry) []byte {
	done := make(chan struct{})
	select {
	case t.behind <- done:
		<-done
	case <-t.done:
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return e.envelope
}
