package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/id"
)

// Messages in parts (the partial messages extension of GossipSub v1.3): whoever has
// most of a large message fetches only what is missing. What a part is, and how parts
// and what one has of them are written, is the application's.
type (
	// Partial says how a topic's messages travel in parts.
	Partial = gossipsub.Partial
	// Parts is what we have of a message, and how to write it.
	Parts = gossipsub.Parts
	// PartialMessage is what a peer sent of a message in parts, unverified. Its bytes
	// must not be changed.
	PartialMessage = gossipsub.PartialMessage
)

// partialRoom is how many parts a reader may be behind; each is up to a mebibyte.
const partialRoom = 128

// PublishPartial tells peers what we have of a message and sends those who ask for
// parts what they lack. It is called again whenever we have more, and to answer what
// Partials brings. It tells to how many peers something was sent; others hear of it
// with the next heartbeat.
//
// Parts.For runs in the node's loop: it must be fast, and look at nothing that
// changes meanwhile.
func (t *Topic) PublishPartial(ctx context.Context, parts Parts) (int, error) {
	return ask(ctx, t.n, func(now time.Time, reply func(int, error)) {
		sent, err := t.n.machine.PublishPartial(now, t.name, parts)
		switch {
		case errors.Is(err, gossipsub.ErrTooLarge):
			err = fmt.Errorf("%w: %w", ErrTooLarge, err)
		case err != nil:
			err = fmt.Errorf("%w: %w", ErrBadInput, err)
		}
		reply(sent, err)
	})
}

// Partials yields what peers send of messages in parts, until the context ends or
// the topic is closed. It yields nothing in a topic without parts. Only one loop at
// a time gets each.
func (t *Topic) Partials(ctx context.Context) iter.Seq[PartialMessage] {
	return func(yield func(PartialMessage) bool) {
		if t.sub.parts == nil {
			return
		}
		for {
			select {
			case m, ok := <-t.sub.parts.c:
				if !ok || !yield(m) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

// PartialsLagged counts parts dropped because the reader of Partials was slow.
func (t *Topic) PartialsLagged() uint64 {
	if t.sub.parts == nil {
		return 0
	}
	return t.sub.parts.lagged.Load()
}

// JudgePartial says what the parts were worth that a peer sent, which only the
// application can see: useful ones count for its score as a first delivery, others as
// an invalid message.
func (t *Topic) JudgePartial(ctx context.Context, peer id.ID, useful bool) error {
	_, err := ask(ctx, t.n, func(now time.Time, reply func(struct{}, error)) {
		t.n.machine.JudgePartial(now, peer, t.name, useful)
		reply(struct{}{}, nil)
	})
	return err
}

// hear gives a subscription the parts of its topic, if it has any. It tells whether
// there was room.
func (n *Node) hear(s *Subscription, topic string) bool {
	if how, _ := n.topicSays(topic); how.Partial == nil {
		return true
	}
	s.parts = n.partials.listen(partialRoom, func(m PartialMessage) bool { return m.Topic == topic }, nil)
	return s.parts != nil
}
