package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

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
			reply(Published{ID: []byte(p.ID), Peers: p.Peers}, publishError(p.Err))
		}
		n.machine.Publish(now, t, topic, data)
	})
	if err == nil && p.Peers < minPeers {
		err = fmt.Errorf("%w: %d of %d", ErrTooFewPeers, p.Peers, minPeers)
	}
	return p, err
}

func publishError(err error) error {
	if errors.Is(err, gossipsub.ErrTooLarge) {
		return fmt.Errorf("%w: %v", ErrTooLarge, err)
	}
	return err
}

// Subscribe joins a topic, if nobody here has yet, and delivers its messages.
// The subscription ends with the context too.
func (n *Node) Subscribe(ctx context.Context, topic string) (*Subscription, error) {
	s, err := n.subscribe(ctx, topic)
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

// subscribe is Subscribe with a context that bounds only the call.
func (n *Node) subscribe(ctx context.Context, topic string) (*Subscription, error) {
	var fate atomic.Int32
	var made *sub[Message]
	out, err := ask(ctx, n, func(now time.Time, reply func(*Subscription, error)) {
		s := n.messages.listen(messageRoom, func(m Message) bool { return m.Topic == topic }, func() { n.unsubscribe(topic) })
		if s == nil {
			reply(nil, ErrBusy)
			return
		}
		err := ctx.Err()
		if err == nil && n.topics[topic] == 0 {
			err = n.machine.Follow(now, topic)
		}
		if err != nil {
			s.onEnd = nil
			s.close()
			reply(nil, err)
			return
		}
		n.topics[topic]++
		made = s
		if !fate.CompareAndSwap(subOpen, subMade) {
			s.onEnd = nil
			s.close()
			n.leave(now, topic)
		}
		reply(&Subscription{s}, nil)
	})
	if err != nil && !fate.CompareAndSwap(subOpen, subGivenUp) {
		made.close()
	}
	return out, err
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
	n.machine.Unfollow(now, topic)
}

// Topic is a topic we have joined.
type Topic struct {
	n    *Node
	name string
	sub  *Subscription
}

// Join joins a topic. Close leaves it; the context bounds only the joining.
func (n *Node) Join(ctx context.Context, topic string) (*Topic, error) {
	s, err := n.subscribe(ctx, topic)
	if err != nil {
		return nil, err
	}
	return &Topic{n, topic, s}, nil
}

// Publish sends a message to the topic and says to how many peers it went. Zero
// peers is no error here: look at the receipt.
func (t *Topic) Publish(ctx context.Context, data []byte) (Published, error) {
	return t.n.Publish(ctx, t.name, data, 0)
}

// Messages yields the topic's messages until the context ends or the topic is
// closed. Only one loop at a time gets each message.
func (t *Topic) Messages(ctx context.Context) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for {
			select {
			case m, ok := <-t.sub.Messages():
				if !ok || !yield(m) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// Close leaves the topic, unless somebody else here is in it.
func (t *Topic) Close() { t.sub.Close() }
