package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// rope is a node of ours, as the library's users start it.
type rope struct {
	node *ropewalk.Node
}

func newRope(seed uint64, i int, l load) (*rope, error) {
	sign := "none"
	if l.signed {
		sign = "strict"
	}
	topic := ropewalk.TopicConfig{}
	if l.ed25519 {
		topic.Author = "ed25519"
	}
	key, err := id.KeyFromBytes(keyBytes(seed, i))
	if err != nil {
		return nil, err
	}
	gossip := ropewalk.GossipConfig{Sign: sign, Topics: map[string]ropewalk.TopicConfig{topicName: topic}}
	if l.meshOnly {
		gossip.FloodPublish = new(false)
	}
	n, err := ropewalk.New(ropewalk.Config{
		Key: key, Localnet: true,
		Listen:  ropewalk.ListenConfig{LibP2P: []string{"/ip4/127.0.0.1/tcp/0"}},
		Session: ropewalk.SessionConfig{Outbound: -1}, // the graph is given
		Gossip:  gossip,
	})
	if err != nil {
		return nil, err
	}
	r := &rope{node: n}
	return r, n.Start(context.Background())
}

// keyBytes is the secret key of a node, the same on both sides.
func keyBytes(seed uint64, i int) []byte {
	var b [12]byte
	binary.BigEndian.PutUint64(b[:], seed)
	binary.BigEndian.PutUint32(b[8:], uint32(i))
	sum := sha256.Sum256(b[:])
	return sum[:]
}

func (r *rope) addr() string { return r.node.Info().LibP2P[0] }

func (r *rope) dial(ctx context.Context, addr string) error {
	_, err := r.node.Connect(ctx, addr)
	return err
}

func (r *rope) join(ctx context.Context, got func([]byte)) error {
	sub, err := r.node.Subscribe(context.WithoutCancel(ctx), topicName)
	if err != nil {
		return err
	}
	go func() {
		for m := range sub.Messages() {
			got(m.Data)
		}
	}()
	return nil
}

func (r *rope) publish(ctx context.Context, data []byte) error {
	_, err := r.node.Publish(ctx, topicName, data, 0)
	return err
}

func (r *rope) topicPeers() int {
	topics, err := r.node.Topics(context.Background())
	if err != nil {
		panic(err)
	}
	if err != nil {
		return 0
	}
	for _, t := range topics {
		if t.Topic == topicName {
			return t.Peers
		}
	}
	return 0
}

// counted reads the metrics that the node keeps anyway.
func (r *rope) counted() (c counted) {
	families, err := r.node.Registry().Gather()
	if err != nil {
		panic(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch f.GetName() {
			case "ropewalk_gossipsub_message_duplicate_total":
				c.duplicates += m.GetCounter().GetValue()
			case "ropewalk_gossipsub_message_rejected_total":
				for _, l := range m.GetLabel() {
					if l.GetValue() == "validation queue full" || l.GetValue() == "validation throttled" {
						c.throttled += m.GetCounter().GetValue()
					}
				}
			}
		}
	}
	topics, err := r.node.Topics(context.Background())
	for _, t := range topics {
		if t.Topic == topicName {
			c.mesh = float64(t.Mesh)
		}
	}
	return c
}
