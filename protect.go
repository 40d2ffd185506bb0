package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/session"
)

// Protect keeps the link with a peer, now or when there is one, from giving way to
// others until Unprotect with the same tag, or until the node is closed. It lets nobody
// in: the limits on links stand above it. A tag has 1 to 64 bytes and says whose wish it
// is; a peer has at most 8, and 256 peers have any. ErrBusy when there are no more.
func (n *Node) Protect(ctx context.Context, target, tag string) error {
	return n.trust(ctx, target, func(now time.Time, who id.ID) error { return protectError(n.machine.Protect(now, who, tag)) })
}

// Unprotect takes a tag of Protect back. A link that nobody has any other reason for goes
// with its last tag. ErrNoSuchPeer when the peer had no such tag.
func (n *Node) Unprotect(ctx context.Context, target, tag string) error {
	return n.trust(ctx, target, func(now time.Time, who id.ID) error {
		if !n.machine.Unprotect(now, who, tag) {
			return ErrNoSuchPeer
		}
		return nil
	})
}

// Value adds to what a connected peer is worth to the application, under a tag: 0 to 100
// each, one less with every minute. When an inbound link has to give way, the four of
// those worth most stay. ErrNoSuchPeer when the peer is not connected.
func (n *Node) Value(ctx context.Context, target, tag string, by int) error {
	return n.trust(ctx, target, func(now time.Time, who id.ID) error { return protectError(n.machine.Value(now, who, tag, by)) })
}

func protectError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, session.ErrTag):
		return fmt.Errorf("%w: %w", ErrBadInput, err)
	case errors.Is(err, session.ErrSelf):
		return fmt.Errorf("%w: %w", ErrBadTarget, err)
	case errors.Is(err, session.ErrNotConnected):
		return ErrNoSuchPeer
	}
	return fmt.Errorf("%w: %w", ErrBusy, err)
}
