// Command orders is a topic with a rule: a message is an order, and what is none is
// neither delivered nor passed on, and costs whoever sent it score. Two nodes of this
// process keep the rule; a third does not, and is found out.
//
//	go run ./examples/orders
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"time"

	"github.com/ropewalk/ropewalk"
)

const topic = "orders"

// order is what a message of the topic says.
type order struct {
	Item  string `json:"item"`
	Count int    `json:"count"`
}

// valid is the topic's rule. It runs in a worker beside the node, for our own
// messages too.
func valid(_ context.Context, m ropewalk.Message) ropewalk.Verdict {
	var o order
	switch err := json.Unmarshal(m.Data, &o); {
	case err != nil || o.Item == "" || o.Count < 1:
		return ropewalk.Reject // no honest node sends this
	case o.Count > 100:
		return ropewalk.Ignore // fine elsewhere, too much for us
	}
	return ropewalk.Accept
}

func main() {
	if err := trade(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func trade(ctx context.Context) error {
	rule := ropewalk.TopicConfig{BytesMax: 1024, Validators: []ropewalk.Validator{valid}}
	shop, shelf, err := join(ctx, rule)
	if err != nil {
		return err
	}
	defer shop.Close()
	buyer, desk, err := join(ctx, rule)
	if err != nil {
		return err
	}
	defer buyer.Close()
	vandal, wall, err := join(ctx, ropewalk.TopicConfig{}) // the same topic without the rule
	if err != nil {
		return err
	}
	defer vandal.Close()
	for _, n := range []*ropewalk.Node{buyer, vandal} {
		if _, err := n.Connect(ctx, shop.Info().LibP2P[0]); err != nil {
			return err
		}
	}
	if err := reached(ctx, wall, "<script>", 1); err != nil {
		return err
	}
	if err := reached(ctx, desk, `{"item":"rope","count":3}`, 1); err != nil {
		return err
	}
	if _, err := desk.Publish(ctx, []byte(`{"item":""}`)); err != nil {
		fmt.Println("the buyer's own node:", err)
	}
	for m := range shelf.Messages(ctx) {
		fmt.Printf("the shop has an order: %s\n", m.Data)
		break
	}
	scores, err := shop.Scores(ctx)
	if err != nil {
		return err
	}
	for _, s := range scores {
		fmt.Printf("peer %s: score %.0f, %s\n", name(s, vandal), s.Score, s.Standing)
	}
	return nil
}

// join starts a node and joins the topic.
func join(ctx context.Context, how ropewalk.TopicConfig) (*ropewalk.Node, *ropewalk.Topic, error) {
	n, err := ropewalk.New(ropewalk.Config{Localnet: true})
	if err != nil {
		return nil, nil, err
	}
	if err := n.Start(ctx); err != nil {
		n.Close()
		return nil, nil, err
	}
	t, err := n.Join(ctx, topic, how)
	if err != nil {
		n.Close()
		return nil, nil, err
	}
	return n, t, nil
}

// reached publishes until enough peers are there to take it: who just connected has
// not told his topics yet.
func reached(ctx context.Context, t *ropewalk.Topic, text string, peers int) error {
	for {
		mesh, err := t.Mesh(ctx)
		if err != nil {
			return err
		}
		if len(mesh) >= peers {
			receipt, err := t.Publish(ctx, []byte(text), ropewalk.PublishOptions{MinPeers: peers})
			if err == nil {
				fmt.Printf("%q went to %d peers, %d of them in the mesh\n", text, receipt.Peers, receipt.Mesh)
			}
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func name(s ropewalk.PeerScore, vandal *ropewalk.Node) string {
	if s.ID == vandal.Info().ID {
		return "that scrawls"
	}
	return "that buys"
}
