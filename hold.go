package ropewalk

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/session"
)

// Hold is one use of a link on demand. Its methods may be called by any goroutine.
type Hold struct {
	n    *Node
	who  id.ID
	use  uint64
	once sync.Once
}

// ID is who is at the other end.
func (h *Hold) ID() id.ID { return h.who }

// Close gives the use back. With the last one the link goes, unless another session or
// a protection keeps it. A hold does not bring back a link that has broken, and of a
// later one it is no use. Closing twice is harmless.
func (h *Hold) Close() error {
	h.once.Do(func() { h.n.release(h.who, h.use) })
	return nil
}

// release gives a use of a link back, if the node runs.
func (n *Node) release(who id.ID, use uint64) {
	if t, err := n.alive(); err == nil {
		t.inbox.put(input{fn: func(now time.Time) { n.machine.Release(now, who, use) }})
	}
}

// Dial makes a link to an address or a record, or shares the one that is there or under
// way, and holds it until Close of the Hold. A dial that the context ends, and that
// nobody else waits for, is given up; should it succeed late, its link is closed.
func (n *Node) Dial(ctx context.Context, target string) (*Hold, error) {
	a, err := n.dialled(ctx, target, nil)
	if err != nil {
		return nil, err
	}
	return &Hold{n: n, who: a.ID, use: a.Use}, nil
}

// Connect is Dial with a hold that ends with Disconnect, or with the link. However often
// one peer is connected, it is one hold.
func (n *Node) Connect(ctx context.Context, target string) (id.ID, error) {
	a, err := n.dialled(ctx, target, func(now time.Time, a session.Answer) {
		if n.holds[a.ID] == a.Use {
			n.machine.Release(now, a.ID, a.Use)
		}
		n.holds[a.ID] = a.Use
	})
	return a.ID, err
}

// dialled returns the first link to come of a target's addresses. got is told of it in
// the loop.
func (n *Node) dialled(ctx context.Context, target string, got func(time.Time, session.Answer)) (session.Answer, error) {
	addrs, err := dialAddrs(target)
	if err != nil {
		return session.Answer{}, fmt.Errorf("%w: %v", ErrBadTarget, err)
	}
	var last error
	for _, to := range n.dialable(addrs) {
		a, err := n.dialOne(ctx, to, got)
		if err == nil {
			return a, nil
		}
		last = err
	}
	return session.Answer{}, fmt.Errorf("%w: %w", ErrRefused, last)
}

// dialOne asks for one link. What comes of it when nobody waits any more is given back.
func (n *Node) dialOne(ctx context.Context, to link.Addr, got func(time.Time, session.Answer)) (session.Answer, error) {
	var ticket id.Ticket    // of the loop, as are the next two
	var came session.Answer // given to whoever asked
	var given bool
	turn := n.turn.Load()
	a, err := ask(ctx, n, func(now time.Time, reply func(session.Answer, error)) {
		ticket = n.tickets.Next()
		n.waits[ticket] = func(result any) {
			came, given = result.(session.Answer), true
			if came.Err == nil && got != nil {
				got(time.Now(), came)
			}
			reply(came, came.Err)
		}
		if err := n.machine.Connect(now, ticket, to); err != nil {
			delete(n.waits, ticket)
			reply(session.Answer{}, err)
		}
	})
	if err != nil && ctx.Err() != nil {
		turn.inbox.put(input{fn: func(now time.Time) {
			switch _, waits := n.waits[ticket]; {
			case waits:
				delete(n.waits, ticket)
				n.machine.Abandon(now, ticket)
			case given && came.Err == nil && got == nil:
				n.machine.Release(now, came.ID, came.Use)
			}
		}})
	}
	return a, err
}
