package ropewalk_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link/mem"
	"github.com/ropewalk/ropewalk/node"
)

// halves are what one has of a message of two halves. A half goes as its number, its
// length and its bytes; what one has goes as a byte with a bit for each.
type halves [2]string

func (h halves) metadata() (bits byte) {
	for i, half := range h {
		if half != "" {
			bits |= 1 << i
		}
	}
	return bits
}

// lacking writes the halves that a peer lacks, and what it has with them.
func (h halves) lacking(_ id.ID, theirs []byte) (parts, after []byte) {
	if len(theirs) != 1 {
		return nil, nil // it has not said yet
	}
	for i, half := range h {
		if half != "" && theirs[0]&(1<<i) == 0 {
			parts = append(append(parts, byte(i), byte(len(half))), half...)
		}
	}
	return parts, []byte{theirs[0] | h.metadata()}
}

// take reads halves. What does not fit is nobody's.
func (h *halves) take(parts []byte) {
	for len(parts) >= 2 && parts[0] < 2 && len(parts) >= 2+int(parts[1]) {
		h[parts[0]] = string(parts[2 : 2+parts[1]])
		parts = parts[2+parts[1]:]
	}
}

// complete tells others what we have, and answers them until both have all.
func complete(ctx context.Context, topic *ropewalk.Topic, have halves) string {
	tell := func(to ...id.ID) {
		now := have // what is written is not changed by what comes
		ps := ropewalk.Parts{Group: []byte("proverb"), Metadata: []byte{now.metadata()}, For: now.lacking, To: to}
		if _, err := topic.PublishPartial(ctx, ps); err != nil {
			log.Fatal(err)
		}
	}
	tell()
	for m := range topic.Partials(ctx) {
		have.take(m.Parts)
		tell(m.Via)
		if have.metadata() == 3 {
			break
		}
	}
	return have[0] + have[1]
}

// Two nodes have one half each of a message, and get the other from each other.
func ExampleTopic_PublishPartial() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	wire := mem.NewNetwork()
	var nodes []*ropewalk.Node
	var topics []*ropewalk.Topic
	for _, name := range []string{"first", "second"} {
		key, err := id.NewKey(rand.Reader)
		if err != nil {
			log.Fatal(err)
		}
		n, err := ropewalk.New(ropewalk.Config{
			Key: key, Localnet: true, Gossip: ropewalk.GossipConfig{HeartbeatEvery: 100 * time.Millisecond},
			Transports: []ropewalk.Transport{wire.Transport(key, name, node.Protocols("ropewalk", nil))},
		})
		if err != nil {
			log.Fatal(err)
		}
		defer n.Close()
		if err := n.Start(ctx); err != nil {
			log.Fatal(err)
		}
		topic, err := n.Join(ctx, "proverbs", ropewalk.TopicConfig{Partial: &ropewalk.Partial{Request: true}})
		if err != nil {
			log.Fatal(err)
		}
		nodes, topics = append(nodes, n), append(topics, topic)
	}
	if _, err := nodes[1].Connect(ctx, nodes[0].Info().LibP2P[0]); err != nil {
		log.Fatal(err)
	}

	done := make(chan string)
	go func() { done <- complete(ctx, topics[0], halves{0: "many strands "}) }()
	fmt.Println("second:", complete(ctx, topics[1], halves{1: "make one rope"}))
	fmt.Println("first:", <-done)
	// Output:
	// second: many strands make one rope
	// first: many strands make one rope
}
