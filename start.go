package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/scope"
)

// ErrTransportOnce is returned by a Start after a Stop when a transport of Config cannot
// be opened again: it has no method Reopen() error.
var ErrTransportOnce = errors.New("ropewalk: this link can be opened once only")

// hold waits for the right to start or stop the node.
func (n *Node) hold(ctx context.Context) error {
	select {
	case <-n.life:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (n *Node) letGo() { n.life <- struct{}{} }

// Start opens the listeners and begins to look for peers. Starting twice is harmless;
// after Stop a node starts again, as who it was and with what it knew. ctx bounds the
// start only. On error, which may be an *ErrListen, everything is undone: a node that
// never ran is closed, one that did is stopped.
func (n *Node) Start(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := n.hold(ctx); err != nil {
		return err
	}
	defer n.letGo()
	was := n.is()
	switch was {
	case running:
		return nil
	case closed:
		return ErrClosed
	}
	list, err := n.open(was == stopped)
	if err != nil {
		errs := []error{err, n.closeLinks(list), n.closeDatagrams()}
		if was == fresh {
			errs = append(errs, n.end())
		}
		return errors.Join(errs...)
	}
	n.begin(list, was)
	return nil
}

// is is the node's state.
func (n *Node) is() state {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state
}

// open makes the transports, now that all protocols are known, and opens their
// listeners. It returns those that are to be closed on an error.
func (n *Node) open(again bool) (list []Transport, err error) {
	protocols := n.machine.Protocols()
	if n.scopes == nil {
		n.scopes = scope.New(n.scopeLimits(len(protocols)))
	}
	if n.cfg.Transports == nil {
		if list, err = n.defaultTransports(protocols); err != nil {
			return nil, err
		}
	} else {
		list = slices.Clone(n.cfg.Transports)
	}
	for _, t := range list {
		if s, ok := t.(interface{ SetProtocols([]link.Protocol) }); ok {
			s.SetProtocols(protocols)
		}
		if again && n.cfg.Transports != nil {
			r, ok := t.(interface{ Reopen() error })
			if !ok {
				return list, fmt.Errorf("%w: %s", ErrTransportOnce, t.Kind())
			}
			if err := r.Reopen(); err != nil {
				return list, fmt.Errorf("ropewalk: open %s again: %w", t.Kind(), err)
			}
		}
	}
	for _, t := range list {
		if err := t.Listen(); err != nil {
			return list, listenError(t, err)
		}
	}
	return list, n.openDatagrams()
}

// begin starts the machine and every goroutine.
func (n *Node) begin(list []Transport, was state) {
	n.mu.Lock()
	n.transports, n.started, n.state = list, time.Now(), running
	if was == stopped && n.asked {
		n.asked, n.stopAsked = false, make(chan struct{})
	}
	now := n.started
	n.mu.Unlock()
	clear(n.dials)
	n.stopping, n.laneNames = false, laneNames(n.machine.Protocols())
	n.setAddrs(now)
	n.machine.Start(now)
	if was == fresh {
		for _, room := range n.cfg.Chat.Rooms {
			n.machine.Join(now, id.Ticket{}, room, 0)
		}
	}
	n.goroutines(list)
}

// goroutines starts all goroutines the node has until it stops.
func (n *Node) goroutines(list []Transport) {
	n.pool.open()
	n.shelves.open()
	n.writer.open()
	n.runs.Open()
	n.runCore("files", n.writer.run)
	for range max(1, runtime.GOMAXPROCS(0)) {
		n.runCore("jobs", n.pool.run)
	}
	if n.store != nil {
		for range keepers {
			n.runCore("store", n.shelves.run)
		}
	}
	n.runCore("loop", n.loop)
	if d := n.datagrams.Load(); d != nil {
		n.run("datagrams", func() error { return n.readPackets(d) })
	}
	n.run("housekeeping", n.housekeeping)
	if len(n.cfg.Session.DNSLists) > 0 && !n.routes.All() {
		n.run("node lists", n.visitLists)
	}
	if ports := n.natPorts(); len(ports) > 0 {
		n.run("nat", func() error { n.mapPorts(ports); return nil })
	}
	for _, t := range list {
		n.run("accept "+string(t.Kind()), func() error { return n.accept(t) })
	}
}

// links are the transports while the node runs.
func (n *Node) transportList() []Transport {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.transports
}
