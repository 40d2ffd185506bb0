package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/session"
)

// Trust puts a peer above all limits on links until the node ends: a node ID, a peer
// ID, a record, or an address that names its peer.
func (n *Node) Trust(ctx context.Context, target string) error {
	return n.trust(ctx, target, func(now time.Time, who id.ID) error {
		err := n.machine.Trust(now, who)
		switch {
		case errors.Is(err, session.ErrSelf):
			return fmt.Errorf("%w: %w", ErrBadTarget, err)
		case err != nil:
			return fmt.Errorf("%w: %w", ErrBusy, err)
		}
		n.trusted.set(who, true)
		return nil
	})
}

// Untrust takes that back. A link that is there stays. ErrNoSuchPeer when the peer was
// not trusted.
func (n *Node) Untrust(ctx context.Context, target string) error {
	return n.trust(ctx, target, func(now time.Time, who id.ID) error {
		if !n.machine.Untrust(now, who) {
			return ErrNoSuchPeer
		}
		n.trusted.set(who, false)
		return nil
	})
}

func (n *Node) trust(ctx context.Context, target string, do func(time.Time, id.ID) error) error {
	who, ok := whoIs(target)
	if !ok {
		return fmt.Errorf("%w: %.100q", ErrBadTarget, target)
	}
	_, err := ask(ctx, n, func(now time.Time, reply func(struct{}, error)) { reply(struct{}{}, do(now, who)) })
	return err
}

// whoIs reads whom a text names: a node ID, a peer ID, a record, or an address that
// names its peer.
func whoIs(text string) (id.ID, bool) {
	if who, err := id.Parse(text); err == nil {
		return who, !who.IsZero()
	}
	if r, err := enr.Parse(text); err == nil {
		return r.ID(), true
	}
	if p, err := id.ParsePeerID(text); err == nil {
		return p.ID(), true
	}
	a, err := link.ParseAddr(text)
	return a.ID(), err == nil && !a.ID().IsZero()
}

// trustSet is who is trusted, for the links, which ask from any goroutine. The machine's
// own list decides; this one follows it.
type trustSet struct {
	mu  sync.RWMutex
	who map[id.ID]bool
}

func (s *trustSet) set(who id.ID, on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.who == nil {
		s.who = map[id.ID]bool{}
	}
	if delete(s.who, who); on {
		s.who[who] = true
	}
}

func (s *trustSet) has(who id.ID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.who[who]
}

// gate is what every kind of link asks about an IP address before it has to do with it,
// dialled or dialling; nil when nothing is shut out.
func (n *Node) gate() func(netip.Addr) bool {
	if len(n.restrict) == 0 {
		return nil
	}
	return n.restrict.Allows
}
