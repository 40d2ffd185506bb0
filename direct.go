package ropewalk

import (
	"context"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// SetDirect makes a peer a direct one of gossip until the node ends, or an ordinary
// one again: it always gets our messages and is always heard. It is dialled while it
// is missing, when the host book knows where it is. Both sides must agree.
func (n *Node) SetDirect(ctx context.Context, peer id.ID, on bool) error {
	_, err := ask(ctx, n, func(now time.Time, reply func(struct{}, error)) {
		switch {
		case peer == n.key.ID():
			reply(struct{}{}, ErrBadTarget)
		case on && len(n.machine.Direct()) >= directMax:
			reply(struct{}{}, ErrBusy)
		default:
			n.machine.SetDirect(now, peer, on)
			reply(struct{}{}, nil)
		}
	})
	return err
}

// directMax bounds the direct peers, our choice: each gets every message.
const directMax = 1024

// Direct lists the direct peers, connected or not.
func (n *Node) Direct(ctx context.Context) ([]id.ID, error) {
	return ask(ctx, n, func(_ time.Time, reply func([]id.ID, error)) { reply(n.machine.Direct(), nil) })
}
