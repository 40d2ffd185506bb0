package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/gossipsub"
)

// messageRoom is how many messages a subscriber may be behind.
const messageRoom = 1024

// Publish sends a message to a topic. It fails with ErrTooFewPeers when fewer
// than minPeers peers were reached; the message is then out all the same, and in
// the message cache for whoever comes.
func (n *Node) Publish(ctx context.Context, topic string, data []byte, minPeers int) (Published, error) {
	p, err := ask(ctx, n, func(now time.Time, reply func(Published, error)) {
		t := n.tickets.Next()
		n.waits[t] = func(result any) {
			p := result.(gossipsub.Published)
			reply(Published{[]byte(p.ID), p.Peers, p.Mesh, p.Fanout, p.Direct, p.Flood, p.Dropped}, publishError(p.Err))
		}
		n.machine.Publish(now, t, topic, data)
	})
	if err == nil && p.Peers < minPeers {
		err = fmt.Errorf("%w: %d of %d", ErrTooFewPeers, p.Peers, minPeers)
	}
	return p, err
}

func publishError(err error) error {
	switch {
	case errors.Is(err, gossipsub.ErrTooLarge):
		return fmt.Errorf("%w: %v", ErrTooLarge, err)
	case errors.Is(err, gossipsub.ErrRejected):
		return ErrRejected
	case errors.Is(err, gossipsub.ErrDuplicate):
		return ErrDuplicate
	}
	return err
}

// Subscribe joins a topic, if nobody here has yet, and delivers its messages.
// The subscription ends with the context too.
func (n *Node) Subscribe(ctx context.Context, topic string) (*Subscription, error) {
	s, err := n.subscribe(ctx, topic, nil, false)
	if err == nil {
		s.s.tie(ctx)
	}
	return s, err
}

// What became of a subscription under way.
const (
	subOpen int32 = iota
	subMade
	subGivenUp // whoever asked is gone
)

// subscribe is Subscribe with a context that bounds only the call. cfg, if any, is
// the topic's configuration from now on; parts are heard too when asked for.
func (n *Node) subscribe(ctx context.Context, topic string, cfg *TopicConfig, parts bool) (*Subscription, error) {
	var fate atomic.Int32
	made := &Subscription{}
	out, err := ask(ctx, n, func(now time.Time, reply func(*Subscription, error)) {
		if err := ctx.Err(); err != nil {
			reply(nil, err)
			return
		}
		if n.stopping {
			reply(nil, ErrNotStarted)
			return
		}
		if err := n.listen(now, made, topic, cfg, parts); err != nil {
			reply(nil, err)
			return
		}
		if !fate.CompareAndSwap(subOpen, subMade) {
			made.undo()
			n.leave(now, topic)
		}
		reply(made, nil)
	})
	if err != nil && !fate.CompareAndSwap(subOpen, subGivenUp) {
		made.Close()
	}
	return out, err
}

// listen makes a subscription of a topic that it joins, or nothing.
func (n *Node) listen(now time.Time, s *Subscription, topic string, cfg *TopicConfig, parts bool) error {
	s.s = n.messages.listen(messageRoom, func(m Message) bool { return m.Topic == topic }, func() {
		s.parts.close()
		n.unsubscribe(topic)
	})
	if s.s == nil {
		return ErrBusy
	}
	if err := n.enter(now, topic, cfg); err != nil {
		s.undo()
		return err
	}
	n.topics[topic]++
	if parts && !n.hear(s, topic) {
		s.undo()
		n.leave(now, topic)
		return ErrBusy
	}
	return nil
}

// enter joins a topic that nobody here has joined yet.
func (n *Node) enter(now time.Time, topic string, cfg *TopicConfig) error {
	switch {
	case n.topics[topic] > 0 && cfg != nil:
		return fmt.Errorf("%w: %.80q", ErrJoined, topic)
	case n.topics[topic] > 0:
		return nil
	case cfg != nil && chat.IsTopic(topic):
		return fmt.Errorf("%w: %.80q is a chat room, which has its own rules", ErrBadInput, topic)
	case cfg != nil:
		n.joined[topic] = *cfg
	}
	err := n.machine.Follow(now, topic)
	if err != nil {
		delete(n.joined, topic)
	}
	return err
}

func (n *Node) unsubscribe(topic string) {
	n.post(input{fn: func(now time.Time) { n.leave(now, topic) }})
}

// leave takes back one subscription of a topic.
func (n *Node) leave(now time.Time, topic string) {
	if n.topics[topic]--; n.topics[topic] > 0 {
		return
	}
	delete(n.topics, topic)
	delete(n.joined, topic)
	n.machine.Unfollow(now, topic)
}
