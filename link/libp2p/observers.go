package libp2p

import (
	"errors"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"

	"github.com/ropewalk/ropewalk/link"
)

// observers is the event bus as libp2p's manager of observed addresses sees it. The
// manager believes an address that four remotes name, whoever they are, so four hosts
// that dial us could make us announce any. Here it hears only those that we dialled,
// and one of each network group at a time.
type observers struct {
	event.Bus
	routes link.Routes
	subs   []*observerSub
}

// Subscribe implements event.Bus.
func (o *observers) Subscribe(types any, opts ...event.SubscriptionOpt) (event.Subscription, error) {
	inner, err := o.Bus.Subscribe(types, opts...)
	if err != nil {
		return nil, err
	}
	s := &observerSub{Subscription: inner, routes: o.routes, out: make(chan any), done: make(chan struct{}), groups: make(map[string]network.Conn)}
	o.subs = append(o.subs, s)
	go s.pass()
	return s, nil
}

// Close ends the subscriptions, which the manager leaves open.
func (o *observers) Close() (err error) {
	for _, s := range o.subs {
		err = errors.Join(err, s.Close())
	}
	return err
}

// observerSub passes on what may count.
type observerSub struct {
	event.Subscription
	routes link.Routes
	out    chan any
	done   chan struct{} // closed when pass has ended
	groups map[string]network.Conn
}

// Out implements event.Subscription. The manager does not expect it to be closed.
func (s *observerSub) Out() <-chan any { return s.out }

// Close implements event.Subscription. It ends pass, which drops what is left.
func (s *observerSub) Close() error {
	err := s.Subscription.Close()
	for {
		select {
		case <-s.out:
		case <-s.done:
			return err
		}
	}
}

// pass ends when Close closes the subscription.
func (s *observerSub) pass() {
	defer close(s.done)
	for e := range s.Subscription.Out() {
		if id, ok := e.(event.EvtPeerIdentificationCompleted); !ok || s.counts(id.Conn) {
			s.out <- e
		}
	}
}

// counts tells whether the word of the remote of a connection may count: we dialled
// it, and no other of its group has a say while connected.
func (s *observerSub) counts(c network.Conn) bool {
	if c == nil || c.Stat().Direction != network.DirOutbound || c.Stat().Limited {
		return false
	}
	if proxied(s.routes, c.RemoteMultiaddr()) {
		return false // it sees where the proxy's connections come from
	}
	group := link.Group(ipOf(c.RemoteMultiaddr()))
	if group == "" {
		return false
	}
	holder, held := s.groups[group]
	if held && holder != c && !holder.IsClosed() {
		return false
	}
	for g, o := range s.groups {
		if o.IsClosed() {
			delete(s.groups, g)
		}
	}
	s.groups[group] = c
	return true
}
