package ropewalk

import (
	"context"
	"fmt"
	"iter"

	"github.com/ropewalk/ropewalk/id"
)

// Topic is a topic we have joined.
type Topic struct {
	n    *Node
	name string
	sub  *Subscription
}

// Join joins a topic. Close leaves it; the context bounds only the joining. At most
// one TopicConfig says how, else that of Config.Gossip.Topics does. A topic that is
// joined already cannot be given another: ErrJoined. A *ConfigError names what is
// wrong with it.
func (n *Node) Join(ctx context.Context, topic string, how ...TopicConfig) (*Topic, error) {
	var cfg *TopicConfig
	switch len(how) {
	case 0:
	case 1:
		v := &validator{}
		v.topic(topic, how[0], n.cfg.Gossip)
		if len(v.bad) > 0 {
			return nil, &ConfigError{v.bad}
		}
		cfg = &how[0]
	default:
		return nil, fmt.Errorf("%w: %d configurations of one topic", ErrBadInput, len(how))
	}
	s, err := n.subscribe(ctx, topic, cfg, true)
	if err != nil {
		return nil, err
	}
	return &Topic{n, topic, s}, nil
}

// PublishOptions say what a publish is to reach.
type PublishOptions struct {
	// MinPeers is the number of peers below which Publish fails with ErrTooFewPeers.
	// The message is out all the same, and in the cache for whoever comes.
	MinPeers int
}

// Publish sends a message to the topic and says to how many peers it went. Zero
// peers is no error unless an option asks for more: look at the receipt.
func (t *Topic) Publish(ctx context.Context, data []byte, opts ...PublishOptions) (Published, error) {
	least := 0
	for _, o := range opts {
		least = max(least, o.MinPeers)
	}
	return t.n.Publish(ctx, t.name, data, least)
}

// Mesh lists the topic's mesh peers.
func (t *Topic) Mesh(ctx context.Context) ([]id.ID, error) { return t.n.Mesh(ctx, t.name) }

// Name is the topic's name.
func (t *Topic) Name() string { return t.name }

// Lagged counts messages dropped because the reader was slow.
func (t *Topic) Lagged() uint64 { return t.sub.Lagged() }

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

// Leave is Close, by the name of the protocol.
func (t *Topic) Leave() { t.Close() }

// Close leaves the topic, unless somebody else here is in it.
func (t *Topic) Close() { t.sub.Close() }
