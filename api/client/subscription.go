package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// ErrEnded is returned by Next after the node ended a subscription by itself.
var ErrEnded = errors.New("client: the node ended the subscription")

// Subscription delivers what a subscribing method sends.
type Subscription struct {
	method string
	socket *socket
	id     string
	items  chan json.RawMessage // closed when the socket ends
	left   chan struct{}        // closed by Close: nobody reads items any more
	once   sync.Once
	lost   atomic.Uint64
}

// Subscribe calls a subscribing method, "gossip_subscribe" or "node_events".
func (c *Client) Subscribe(ctx context.Context, method string, params any) (*Subscription, error) {
	s, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	sub := &Subscription{method: method, socket: s, items: make(chan json.RawMessage, waitingMax), left: make(chan struct{})}
	a, err := s.call(ctx, method, params, sub)
	if err != nil {
		return nil, err
	}
	if a.Error != nil {
		return nil, a.Error
	}
	if sub.id == "" {
		return nil, fmt.Errorf("client: %s: the answer names no subscription", method)
	}
	return sub, nil
}

// Next waits for the next item, as raw JSON. After the connection's end it returns
// the reason.
func (s *Subscription) Next(ctx context.Context) (json.RawMessage, error) {
	select {
	case raw, ok := <-s.items:
		if !ok {
			return nil, s.ended()
		}
		return raw, nil
	default:
	}
	select {
	case raw, ok := <-s.items:
		if !ok {
			return nil, s.ended()
		}
		return raw, nil
	case <-s.left:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Subscription) ended() error {
	if err := context.Cause(s.socket.ctx); err != nil {
		return err
	}
	return ErrEnded
}

// Lost counts the items that the node dropped because we read too slowly.
func (s *Subscription) Lost() uint64 { return s.lost.Load() }

// Close ends the subscription; the node is told.
func (s *Subscription) Close(ctx context.Context) error {
	s.once.Do(func() { close(s.left) })
	if s.socket.ended() {
		return nil
	}
	_, err := s.socket.call(ctx, namespace(s.method)+"_unsubscribe", map[string]any{"subscription": s.id}, nil)
	s.socket.mu.Lock()
	delete(s.socket.subs, s.id)
	s.socket.mu.Unlock()
	return err
}
