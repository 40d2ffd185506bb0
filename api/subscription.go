package api

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk"
)

// subscription is one stream flowing into one socket.
type subscription struct {
	id        string
	namespace string // node, gossip or chat
	end       func()
}

// claim takes a place among the subscriptions; the subscription's end gives it back.
func (c *socket) claim() error {
	c.mu.Lock()
	mine := len(c.subs)
	c.mu.Unlock()
	if mine >= subsPerConnMax {
		return errorOf(codeTooManySubs, "on this WebSocket")
	}
	if c.s.subs.Add(1) > subsMax {
		c.s.subs.Add(-1)
		return errorOf(codeTooManySubs, "")
	}
	return nil
}

// begin opens a stream and registers it as a subscription, whose name it returns:
// unique within the socket. Its pump starts after the answer.
func begin[T any](c *socket, namespace string, open func(ctx context.Context) (stream[T], error)) (any, error) {
	if err := c.claim(); err != nil {
		return nil, err
	}
	// The context is the subscription's life, so the call's deadline is kept apart.
	ctx, stop := context.WithCancel(c.ctx)
	late := time.AfterFunc(callWithin, stop)
	from, err := open(ctx)
	late.Stop()
	if err != nil {
		stop()
		c.s.subs.Add(-1)
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	sub := &subscription{id: strconv.FormatUint(c.last, 10), namespace: namespace}
	sub.end = sync.OnceFunc(func() {
		stop()
		from.Close()
		c.s.subs.Add(-1)
	})
	c.subs[sub.id] = sub
	c.begun = append(c.begun, func() { c.wg.Go(func() { pump(ctx, c, sub, from) }) })
	return sub.id, nil
}

// pump carries a stream's items into the socket until either ends, and says so
// when some were lost or the stream ended.
func pump[T any](ctx context.Context, c *socket, sub *subscription, from stream[T]) {
	defer c.drop(sub)
	lost := from.Lagged()
	for {
		select {
		case <-ctx.Done():
			return
		case item, open := <-from.C():
			if n := from.Lagged(); n > lost {
				c.note(ctx, "lagged", map[string]any{"subscription": sub.id, "lost": n - lost})
				lost = n
			}
			if !open {
				c.note(ctx, "ended", map[string]any{"subscription": sub.id})
				return
			}
			c.note(ctx, sub.namespace+"_subscription", map[string]any{"subscription": sub.id, "result": item})
		}
	}
}

// note sends one notification, waiting for room while the subscription lives.
func (c *socket) note(ctx context.Context, method string, params any) {
	body, err := encodeNotification(method, params)
	if err != nil {
		c.s.log.Error("notification does not encode", "method", method, "err", err)
		return
	}
	select {
	case c.out <- body:
	case <-ctx.Done():
	}
}

// drop forgets a subscription.
func (c *socket) drop(sub *subscription) {
	c.mu.Lock()
	delete(c.subs, sub.id)
	c.mu.Unlock()
	sub.end()
}

// endAll ends what is left when the socket is gone.
func (c *socket) endAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, sub := range c.subs {
		sub.end()
	}
	clear(c.subs)
}

func (c *socket) nodeEvents(_ context.Context, a *args) (any, error) {
	strands := a.names("strands", strandsMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return begin(c, "node", func(ctx context.Context) (stream[ropewalk.Event], error) {
		return c.s.streams.events(ctx, strands)
	})
}

func (c *socket) gossipSubscribe(_ context.Context, a *args) (any, error) {
	topic := a.text("topic", topicBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return begin(c, "gossip", func(ctx context.Context) (stream[ropewalk.Message], error) {
		return c.s.streams.messages(ctx, topic)
	})
}

func (c *socket) chatSubscribe(_ context.Context, a *args) (any, error) {
	room := a.optText("room", topicBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return begin(c, "chat", func(ctx context.Context) (stream[ropewalk.ChatLine], error) {
		return c.s.streams.lines(ctx, room)
	})
}

// unsubscribe ends a subscription of this socket. Items already on their way may
// still arrive after the answer.
func (c *socket) unsubscribe(_ context.Context, a *args) (any, error) {
	name := a.text("subscription", requestIDMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	sub := c.subs[name]
	c.mu.Unlock()
	if sub == nil {
		return nil, errorOf(codeNoSubscription, "")
	}
	c.drop(sub)
	return done, nil
}
