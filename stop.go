package ropewalk

import (
	"context"
	"errors"
	"sync"
	"time"
)

// closeWithin bounds how long a stop waits for links to say goodbye.
const closeWithin = 3 * time.Second

// Stop ends everything that Start began: peers are told, everything acknowledged is on
// disk, subscriptions have ended, and so has every goroutine. It keeps the data folder,
// the key and what the node knows, and Start begins again. ctx bounds only how long
// peers may take to hear of it; Stop returns when all is done. It returns the first
// error that ended the node by itself. Stopping twice, or before Start, is harmless.
func (n *Node) Stop(ctx context.Context) error {
	<-n.life
	defer n.letGo()
	if n.is() != running {
		return nil
	}
	return n.halt(ctx, stopped)
}

// Close is Stop for ever: it also ends what New began and gives the data folder back.
// Closing twice, or before Start, is harmless; whoever closes second waits too.
func (n *Node) Close() error {
	<-n.life
	defer n.letGo()
	var errs []error
	switch n.is() {
	case closed:
		return nil
	case running:
		n.RequestStop() // whoever waits for that hears of it
		errs = append(errs, n.halt(context.Background(), closed))
	}
	return errors.Join(append(errs, n.end())...)
}

// halt stops a running node, in an order in which whatever ends still finds the loop
// that it tells.
func (n *Node) halt(ctx context.Context, to state) error {
	n.flushChat(ctx)
	t := n.turn.Load()
	n.mu.Lock()
	n.state = to
	list := n.transports
	n.mu.Unlock()
	n.sayGoodbye(ctx)
	t.cancel()
	if err := n.closeLinks(list); err != nil {
		n.log.Warn("link closes badly", "err", err)
	}
	if err := n.closeDatagrams(); err != nil {
		n.log.Warn("socket closes badly", "err", err)
	}
	for links := -1; links != 0; {
		n.call(n.openGates)
		t.tasks.wait()
		n.call(func() { links = len(n.links) })
	}
	t.tasks.wait()
	for !n.resting() {
		n.pool.rest()
		n.shelves.rest()
		n.writer.rest()
		n.call(func() {})
	}
	n.call(n.endStreams)
	n.call(func() { clear(n.waits); n.mapped = nil })
	close(t.quit)
	<-t.gone
	n.pool.close()
	n.shelves.close()
	n.writer.close()
	t.core.Wait()
	next := newTurn()
	if to == closed {
		next.never()
	}
	n.turn.Store(next)
	n.runs.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.transports = nil
	err := n.failed
	n.failed = nil
	return err
}

// call runs f in the loop and waits for it.
func (n *Node) call(f func()) {
	done := make(chan struct{})
	if n.post(input{fn: func(time.Time) { defer close(done); f() }}) {
		<-done
	}
}

// resting tells whether neither the workers nor the writer of files have anything to
// do, nor the loop anything that could give them some.
func (n *Node) resting() (yes bool) {
	n.call(n.flush)
	return n.pool.resting() && n.shelves.resting() && n.writer.resting()
}

// closeLinks closes transports, all at once, because each waits for its remotes.
func (n *Node) closeLinks(list []Transport) error {
	var all sync.WaitGroup
	errs := make([]error, len(list))
	for i, t := range list {
		all.Go(func() { errs[i] = t.Close() })
	}
	all.Wait()
	return errors.Join(errs...)
}

// end ends a node that does not run.
func (n *Node) end() error {
	n.mu.Lock()
	if n.state != closed { // else halt has seen to that
		n.state = closed
		n.turn.Load().never()
	}
	n.mu.Unlock()
	var errs []error
	if n.cfg.Transports != nil {
		errs = append(errs, n.closeLinks(n.cfg.Transports))
	}
	n.messages.end()
	n.events.end()
	n.lines.end()
	n.partials.end()
	n.metrics.end()
	return errors.Join(append(errs, n.closeStore(), n.closeNetworks(), n.closeFolder())...)
}

// endStreams ends every subscription; those of a stopped node are of its next start.
func (n *Node) endStreams() {
	n.messages.cut()
	n.events.cut()
	n.lines.cut()
	n.partials.cut()
}

// sayGoodbye stops the machine and waits, within bounds, until its links are
// down, so that the reason reaches the other side.
func (n *Node) sayGoodbye(ctx context.Context) {
	down := make(chan struct{})
	if !n.post(input{fn: func(now time.Time) {
		n.stopping = true
		n.machine.Stop(now)
		n.flush()
		if len(n.links) == 0 {
			close(down)
			return
		}
		n.unlinked = down
	}}) {
		return
	}
	timer := time.NewTimer(closeWithin)
	defer timer.Stop()
	select {
	case <-down:
	case <-timer.C:
		n.log.Debug("links did not end in time", "within", closeWithin)
	case <-ctx.Done():
	}
}

// RequestStop asks whoever runs the node to close it (RPC node_stop).
func (n *Node) RequestStop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.asked {
		n.asked = true
		close(n.stopAsked)
	}
}

// StopRequested is closed when somebody asked the node to stop, or it failed. After a
// stop and another start there is a new one.
func (n *Node) StopRequested() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stopAsked
}
