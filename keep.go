package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/session"
)

// Kept is what became of the first dial of a peer that is to be kept.
type Kept struct {
	ID        id.ID  `json:"id"`
	Kept      bool   `json:"kept"`
	Connected bool   `json:"connected"`
	Why       string `json:"why,omitempty"` // not connected yet
}

// Keep adds a kept peer until the node ends: it is dialled now, and again for ever when
// it is lost, with growing pauses. It returns when the first dial is over; that it
// failed is no error. The address must name its peer; a name in it is resolved at each
// dial.
func (n *Node) Keep(ctx context.Context, target string) (Kept, error) {
	addrs, err := dialAddrs(target)
	if err != nil {
		return Kept{}, fmt.Errorf("%w: %v", ErrBadTarget, err)
	}
	a := n.dialable(addrs)[0]
	if a.ID().IsZero() {
		return Kept{}, fmt.Errorf("%w: a peer that is kept must be named by its address", ErrBadTarget)
	}
	out := Kept{ID: a.ID(), Kept: true}
	_, err = ask(ctx, n, func(now time.Time, reply func(struct{}, error)) {
		switch err := n.machine.Keep(now, a); {
		case errors.Is(err, session.ErrFull):
			reply(struct{}{}, fmt.Errorf("%w: %w", ErrBusy, err))
		case err != nil:
			reply(struct{}{}, fmt.Errorf("%w: %w", ErrRefused, err))
		default:
			reply(struct{}{}, nil)
		}
	})
	if err != nil {
		return Kept{}, err
	}
	hold, err := n.Dial(ctx, target)
	if err != nil {
		if ctx.Err() != nil || errors.Is(err, ErrClosed) {
			return out, err
		}
		out.Why = err.Error()
		return out, nil
	}
	out.Connected = true
	return out, hold.Close() // it is kept from here on
}

// Forget ends the keeping of a peer, and its link. ErrNoSuchPeer when it is neither
// kept nor connected.
func (n *Node) Forget(ctx context.Context, who id.ID) error {
	_, err := ask(ctx, n, func(now time.Time, reply func(struct{}, error)) {
		kept, connected := n.machine.Forget(now, who), n.machine.Disconnect(now, who)
		if !kept && !connected {
			reply(struct{}{}, ErrNoSuchPeer)
			return
		}
		reply(struct{}{}, nil)
	})
	return err
}
