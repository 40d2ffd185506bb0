package ropewalk

import (
	"context"
	"sync"
	"sync/atomic"
)

// hub hands what happens to whoever listens. A listener that does not read loses
// the newest items, counted; it stalls nobody.
type hub[T any] struct {
	mu        sync.Mutex
	subs      []*sub[T]
	ended     bool
	listeners atomic.Int32 // len(subs), for who wants no lock
}

// sub is one listener.
type sub[T any] struct {
	hub    *hub[T]
	wants  func(T) bool // nil: everything
	c      chan T
	lagged atomic.Uint64
	closed bool // under hub.mu
	onEnd  func()
	untie  func() bool // of the context; nil for none. Under hub.mu
}

// listenersMax bounds the listeners of one hub.
const listenersMax = 16384

// listen adds a listener with room for size items. It returns nil when there are
// too many already. A hub that has ended gives a closed listener.
func (h *hub[T]) listen(size int, wants func(T) bool, onEnd func()) *sub[T] {
	s := &sub[T]{hub: h, wants: wants, c: make(chan T, size), onEnd: onEnd}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.ended:
		s.closed = true
		close(s.c)
		return s
	case len(h.subs) >= listenersMax:
		return nil
	}
	h.subs = append(h.subs, s)
	h.listeners.Store(int32(len(h.subs)))
	return s
}

// tie ends the listener with the context. The tie goes with the listener, so that
// a long context does not gather those that have ended.
func (s *sub[T]) tie(ctx context.Context) {
	if ctx == nil || ctx.Done() == nil {
		return
	}
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if !s.closed {
		s.untie = context.AfterFunc(ctx, s.close)
	}
}

// tell hands v to every listener that wants it.
func (h *hub[T]) tell(v T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.subs {
		if s.wants != nil && !s.wants(v) {
			continue
		}
		select {
		case s.c <- v:
		default:
			s.lagged.Add(1)
		}
	}
}

func (s *sub[T]) close() {
	if s == nil {
		return
	}
	s.hub.mu.Lock()
	first := !s.closed
	if first {
		s.closed = true
		for i, other := range s.hub.subs {
			if other == s {
				s.hub.subs = append(s.hub.subs[:i], s.hub.subs[i+1:]...)
				s.hub.listeners.Store(int32(len(s.hub.subs)))
				break
			}
		}
		close(s.c)
	}
	untie := s.untie
	s.untie = nil
	s.hub.mu.Unlock()
	if untie != nil {
		untie()
	}
	if first && s.onEnd != nil {
		s.onEnd()
	}
}

// end ends every listener, and those that still come.
func (h *hub[T]) end() {
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	h.cut()
}

// cut ends the listeners there are.
func (h *hub[T]) cut() {
	h.mu.Lock()
	subs := append([]*sub[T](nil), h.subs...)
	h.mu.Unlock()
	for _, s := range subs {
		s.close()
	}
}

// Subscription delivers the messages of one topic until it is closed.
type Subscription struct {
	s     *sub[Message]
	parts *sub[PartialMessage] // nil in a topic without parts
}

// Messages delivers in the order of acceptance. It is closed with the
// subscription.
func (s *Subscription) Messages() <-chan Message { return s.s.c }

// Lagged counts messages dropped because the reader was slow.
func (s *Subscription) Lagged() uint64 { return s.s.lagged.Load() }

// Close ends the subscription; the last one of a topic leaves the topic.
func (s *Subscription) Close() { s.s.close() }

// undo ends a subscription that nobody got.
func (s *Subscription) undo() {
	s.s.onEnd = nil
	s.s.close()
	s.parts.close()
}

// EventSubscription delivers the node's events until it is closed.
type EventSubscription struct{ s *sub[Event] }

// C delivers events in order.
func (s *EventSubscription) C() <-chan Event { return s.s.c }

// Lagged counts events dropped because the reader was slow.
func (s *EventSubscription) Lagged() uint64 { return s.s.lagged.Load() }

// Close ends the subscription.
func (s *EventSubscription) Close() { s.s.close() }

// ChatSubscription delivers new lines and changes of state until it is closed.
type ChatSubscription struct{ s *sub[ChatLine] }

// C delivers lines in order of receipt.
func (s *ChatSubscription) C() <-chan ChatLine { return s.s.c }

// Lagged counts lines dropped because the reader was slow.
func (s *ChatSubscription) Lagged() uint64 { return s.s.lagged.Load() }

// Close ends the subscription.
func (s *ChatSubscription) Close() { s.s.close() }
