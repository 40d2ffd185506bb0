package mem

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// What a caller can act on.
var (
	ErrClosed      = errors.New("mem: transport closed")
	ErrNameTaken   = errors.New("mem: name is taken")
	ErrUnreachable = errors.New("mem: nobody listens there")
	ErrNoLanes     = errors.New("mem: no protocol in common")
	ErrAddr        = errors.New("mem: want /mem/NAME/p2p/PEER")
)

// Transport dials and accepts links in memory. Its methods may be called by any
// goroutine.
type Transport struct {
	network   *Network
	key       *id.Key
	name      string
	addr      link.Addr
	protocols []link.Protocol

	mu        sync.Mutex
	accept    chan *Link
	done      chan struct{}
	listening bool
	closed    bool
	links     map[*Link]struct{}
}

// Kind is link.Mem.
func (t *Transport) Kind() link.Kind { return link.Mem }

// SetProtocols says what the transport's links carry, before its first link.
func (t *Transport) SetProtocols(protocols []link.Protocol) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.protocols = append([]link.Protocol(nil), protocols...)
}

// Listen makes the transport reachable under its name.
func (t *Transport) Listen() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return ErrClosed
	}
	if t.name == "" {
		return nil
	}
	if err := t.network.listen(t); err != nil {
		return &link.ListenError{Addr: t.addr, Err: err}
	}
	t.listening = true
	return nil
}

// Addrs is where the transport is reached; empty before Listen.
func (t *Transport) Addrs() []link.Addr {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.listening || t.closed {
		return nil
	}
	return []link.Addr{t.addr}
}

// Accept waits for the next inbound link. After Close it returns ErrClosed.
func (t *Transport) Accept() (link.Link, error) {
	accept, done := t.ends()
	select {
	case <-done:
		return nil, ErrClosed
	case l := <-accept:
		return l, nil
	}
}

// Dial makes a link to the transport that listens at the address, which must name
// its peer. The error is or wraps ErrUnreachable, ErrNoLanes, a link.Reason
// (WrongIdentity, Self) or the context's error while the remote's queue of
// unaccepted links is full. None names the address, which the caller knows.
func (t *Transport) Dial(ctx context.Context, ticket id.Ticket, to link.Addr) (link.Link, error) {
	if to.Kind() != link.Mem || to.PeerID() == "" {
		return nil, fmt.Errorf("%w: %q", ErrAddr, to)
	}
	remote := t.network.find(to)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case remote == nil:
		return nil, ErrUnreachable
	case remote == t:
		return nil, link.Self
	case remote.key.Public().PeerID() != to.PeerID():
		return nil, link.WrongIdentity
	}
	ours, theirs := pair(t, remote, ticket, to)
	if len(ours.info.Lanes) == 0 {
		return nil, ErrNoLanes
	}
	if !t.keep(ours) {
		return nil, ErrClosed
	}
	if !remote.keep(theirs) {
		ours.Close(link.NetworkError)
		return nil, ErrUnreachable
	}
	accept, gone := remote.ends()
	_, done := t.ends()
	select {
	case accept <- theirs:
		return ours, nil
	case <-gone:
		ours.Close(link.NetworkError)
		return nil, ErrUnreachable
	case <-done:
		return nil, ErrClosed
	case <-ctx.Done():
		ours.Close(link.Timeout)
		return nil, ctx.Err()
	}
}

// Close ends every link with reason Quitting and makes Accept fail. It may be
// called any number of times.
func (t *Transport) Close() error {
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return nil
	}
	t.closed = true
	close(t.done)
	links := make([]*Link, 0, len(t.links))
	for l := range t.links {
		links = append(links, l)
	}
	t.mu.Unlock()
	t.network.forget(t)
	for _, l := range links {
		l.Close(link.Quitting)
	}
	return nil
}

// Reopen makes a closed transport as it was before Listen.
func (t *Transport) Reopen() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		t.closed, t.listening = false, false
		t.accept, t.done = make(chan *Link, acceptMax), make(chan struct{})
	}
	return nil
}

// ends are the channels of the transport since it was made or opened again.
func (t *Transport) ends() (accept chan *Link, done chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.accept, t.done
}

// keep remembers a link so that Close can end it; false when closed already.
func (t *Transport) keep(l *Link) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.links[l] = struct{}{}
	return true
}

func (t *Transport) drop(l *Link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.links, l)
}
