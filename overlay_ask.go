package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/portal"
)

// overlayAsk runs a verb of a network's overlay in the loop and waits for its answer.
func (n *Node) overlayAsk(ctx context.Context, network string, f func(now time.Time, t id.Ticket, x *portal.Overlay) portal.News) (portal.Answer, error) {
	return ask(ctx, n, func(now time.Time, reply func(portal.Answer, error)) {
		t := n.tickets.Next()
		n.waits[t] = func(result any) {
			a := result.(portal.Answer)
			reply(a, a.Err)
		}
		err := n.machine.Overlay(now, network, func(x *portal.Overlay) portal.News { return f(now, t, x) })
		if err != nil {
			delete(n.waits, t)
			reply(portal.Answer{}, noNetwork(err))
		}
	})
}

// overlayLook runs a look at an overlay in the loop, or a change that is done at once.
func overlayLook[T any](ctx context.Context, o *Overlay, f func(now time.Time, x *portal.Overlay) (T, error)) (T, error) {
	return ask(ctx, o.n, func(now time.Time, reply func(T, error)) {
		var out T
		var err error
		if e := o.n.machine.Overlay(now, o.net.Name, func(x *portal.Overlay) portal.News {
			out, err = f(now, x)
			return portal.News{}
		}); e != nil {
			err = noNetwork(e)
		}
		reply(out, err)
	})
}

// discoveryAsk and discoveryLook are the same for discv5.
func (n *Node) discoveryAsk(ctx context.Context, f func(now time.Time, t id.Ticket, x *discv5.Discovery) discv5.News) (discv5.Answer, error) {
	return ask(ctx, n, func(now time.Time, reply func(discv5.Answer, error)) {
		t := n.tickets.Next()
		n.waits[t] = func(result any) {
			a := result.(discv5.Answer)
			reply(a, a.Err)
		}
		err := n.machine.Discover(now, func(x *discv5.Discovery) discv5.News { return f(now, t, x) })
		if err != nil {
			delete(n.waits, t)
			reply(discv5.Answer{}, noNetwork(err))
		}
	})
}

func discoveryLook[T any](ctx context.Context, d *Discovery, f func(now time.Time, x *discv5.Discovery) (T, error)) (T, error) {
	return ask(ctx, d.n, func(now time.Time, reply func(T, error)) {
		var out T
		var err error
		if e := d.n.machine.Discover(now, func(x *discv5.Discovery) discv5.News {
			out, err = f(now, x)
			return discv5.News{}
		}); e != nil {
			err = noNetwork(e)
		}
		reply(out, err)
	})
}

func noNetwork(err error) error {
	switch {
	case errors.Is(err, node.ErrNoDiscovery):
		return ErrNoDiscovery
	case errors.Is(err, node.ErrNoOverlay):
		return fmt.Errorf("%w: %v", ErrNoNetwork, err)
	}
	return err
}

// Network is the node's part in a content network of Config.Overlay, by its name.
func (n *Node) Network(name string) (*Overlay, error) {
	if n.cfg.Listen.UDP == off {
		return nil, ErrNoDiscovery
	}
	if _, ok := n.cfg.Overlay.Networks[name]; !ok {
		return nil, fmt.Errorf("%w: %.40q", ErrNoNetwork, name)
	}
	net, err := n.contentNetwork(name)
	if err != nil {
		return nil, err
	}
	return &Overlay{n, net}, nil
}
