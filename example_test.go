package ropewalk_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ropewalk/ropewalk"
)

// Two nodes on one machine: the second dials the first, both join a topic, and what
// one publishes the other reads.
func Example() {
	ctx := context.Background()
	cfg := ropewalk.Config{Localnet: true}
	first, err := ropewalk.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer first.Close()
	second, err := ropewalk.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer second.Close()
	for _, n := range []*ropewalk.Node{first, second} {
		if err := n.Start(ctx); err != nil {
			log.Fatal(err)
		}
	}
	if _, err := second.Connect(ctx, first.Info().LibP2P[0]); err != nil {
		log.Fatal(err)
	}

	// Who joins hears it when the other does, too.
	events := second.Events(ctx, "gossipsub")
	reader, err := first.Join(ctx, "news")
	if err != nil {
		log.Fatal(err)
	}
	writer, err := second.Join(ctx, "news")
	if err != nil {
		log.Fatal(err)
	}
	for e := range events.C() {
		if mesh, err := second.Mesh(ctx, "news"); err != nil || len(mesh) > 0 || e.Seq == 0 {
			break
		}
	}
	receipt, err := writer.Publish(ctx, []byte("hello"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("peers:", receipt.Peers)
	for m := range reader.Messages(ctx) {
		fmt.Printf("%s\n", m.Data)
		break
	}
	// Output:
	// peers: 1
	// hello
}
