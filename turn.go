package ropewalk

import (
	"context"
	"fmt"
	"sync"
)

// turn is what a node has between one start and its stop. The next turn is there as
// soon as the last loop has ended, so that what ends late finds where to say so.
type turn struct {
	inbox  *inbox
	gone   chan struct{} // closed when the loop has ended, or will never run
	quit   chan struct{} // closed when the loop is to end
	ctx    context.Context
	cancel context.CancelFunc
	tasks  tasks          // of links, and what runs beside the loop
	core   sync.WaitGroup // the loop, the writer of files, the workers
}

func newTurn() *turn {
	t := &turn{inbox: newInbox(), gone: make(chan struct{}), quit: make(chan struct{})}
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.tasks.init()
	return t
}

// never makes it a turn that will not be: whoever asks is told so.
func (t *turn) never() {
	t.cancel()
	t.inbox.close()
	close(t.gone)
}

// tasks counts goroutines. Unlike those of a sync.WaitGroup they may begin and end
// while somebody waits.
type tasks struct {
	mu   sync.Mutex
	none sync.Cond
	n    int
}

func (t *tasks) init() { t.none.L = &t.mu }

func (t *tasks) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.n++
}

func (t *tasks) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n--; t.n == 0 {
		t.none.Broadcast()
	}
}

// wait waits until there is none.
func (t *tasks) wait() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.n > 0 {
		t.none.Wait()
	}
}

// run starts a goroutine that a stop waits for while the loop still turns. An error of
// one ends the node.
func (n *Node) run(name string, f func() error) {
	t := n.turn.Load()
	t.tasks.add()
	go func() {
		defer t.tasks.done()
		n.try(name, f)
	}()
}

// runCore starts a goroutine that outlives all of run.
func (n *Node) runCore(name string, f func() error) {
	n.turn.Load().core.Go(func() { n.try(name, f) })
}

func (n *Node) try(name string, f func() error) {
	if err := f(); err != nil {
		n.log.Error("node fails", "what", name, "err", err)
		n.fail(fmt.Errorf("ropewalk: %s: %w", name, err))
	}
}

func (n *Node) fail(err error) {
	n.mu.Lock()
	if n.failed == nil {
		n.failed = err
	}
	n.mu.Unlock()
	n.RequestStop()
}

// ctx ends with the turn.
func (n *Node) ctx() context.Context { return n.turn.Load().ctx }
