// Command chat is a talk in one topic: what is typed goes to everybody in it, what
// others type is printed. There is no server and no history.
//
//	go run ./examples/chat
//	go run ./examples/chat -peer /ip4/127.0.0.1/tcp/4001/p2p/16Uiu2…
//
// The first prints the addresses the second is given. It ends with the input.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"log"
	"os"

	"github.com/ropewalk/ropewalk"
)

func main() {
	listen := flag.String("listen", "/ip4/127.0.0.1/tcp/0", "address to listen on")
	peer := flag.String("peer", "", "address of somebody in the talk")
	topic := flag.String("topic", "lobby", "what is talked about")
	flag.Parse()
	if err := talk(*listen, *peer, *topic); err != nil {
		log.Fatal(err)
	}
}

func talk(listen, peer, topic string) error {
	ctx := context.Background()
	cfg := ropewalk.Config{Localnet: true, Listen: ropewalk.ListenConfig{LibP2P: []string{listen}}}
	if peer != "" {
		cfg.Session.Peers = []string{peer} // dialled for as long as it takes
	}
	n, err := ropewalk.New(cfg)
	if err != nil {
		return err
	}
	defer n.Close()
	if err := n.Start(ctx); err != nil {
		return err
	}
	for _, addr := range n.Info().LibP2P {
		fmt.Fprintln(os.Stderr, "reached at", addr)
	}
	t, err := n.Join(ctx, topic)
	if err != nil {
		return err
	}
	go func() { // ends when Close ends the topic
		for m := range t.Messages(ctx) {
			if m.From != n.Info().PeerID {
				fmt.Printf("%s: %q\n", m.From[len(m.From)-6:], m.Data)
			}
		}
	}()
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		receipt, err := t.Publish(ctx, lines.Bytes())
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "to %d peers\n", receipt.Peers)
	}
	return nil
}
