// Command echo is a protocol of one's own in forty lines: two nodes, one of which
// answers what the other sends. The protocol does not know what its links are made of,
// and to change that is one line:
//
//	go run ./examples/echo             over RLPx
//	go run ./examples/echo -over libp2p
//	go run ./examples/echo -over memory
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link/mem"
)

var (
	over  = flag.String("over", "rlpx", "links: rlpx, libp2p or memory")
	count = flag.Int("count", 3, "messages to echo")
	wire  = mem.NewNetwork()
)

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// echo answers every message with itself, until the link ends.
func echo(_ *ropewalk.Peer, rw ropewalk.MsgReadWriter) error {
	for {
		m, err := rw.ReadMsg()
		if err != nil {
			return err
		}
		if err := rw.WriteMsg(m); err != nil {
			return err
		}
	}
}

// ask sends words and prints what comes back.
func ask(p *ropewalk.Peer, rw ropewalk.MsgReadWriter) error {
	for i := range *count {
		sent := time.Now()
		if err := ropewalk.Send(rw, 0, fmt.Sprintf("word %d", i)); err != nil {
			return err
		}
		m, err := rw.ReadMsg()
		if err != nil {
			return err
		}
		var word string
		if err := m.Decode(&word); err != nil {
			return err
		}
		fmt.Printf("%q from %v after %v\n", word, p.RemoteAddr(), m.ReceivedAt.Sub(sent).Round(time.Microsecond))
	}
	return ropewalk.DiscQuitting
}

func run(ctx context.Context) error {
	server, err := start(ctx, "server", echo)
	if err != nil {
		return err
	}
	defer server.Close()
	done := make(chan error, 1)
	client, err := start(ctx, "client", func(p *ropewalk.Peer, rw ropewalk.MsgReadWriter) error {
		err := ask(p, rw)
		done <- err
		return err
	})
	if err != nil {
		return err
	}
	defer client.Close()
	info := server.Info()
	if _, err := client.Connect(ctx, append(info.LibP2P, info.Enode)[0]); err != nil {
		return err
	}
	if err := <-done; err != ropewalk.DiscQuitting {
		return err
	}
	return nil
}

// start makes a node with the protocol, over the links of the flag.
func start(ctx context.Context, name string, run func(*ropewalk.Peer, ropewalk.MsgReadWriter) error) (*ropewalk.Node, error) {
	key, err := id.NewKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	cfg := ropewalk.Config{Key: key, Localnet: true}
	switch *over {
	case "rlpx":
		cfg.Listen = ropewalk.ListenConfig{RLPx: []string{"127.0.0.1:0"}, LibP2P: []string{}}
	case "libp2p":
		cfg.Listen = ropewalk.ListenConfig{LibP2P: []string{"/ip4/127.0.0.1/tcp/0"}, RLPx: []string{}}
	case "memory":
		cfg.Transports = []ropewalk.Transport{wire.Transport(key, name, nil)}
	default:
		return nil, fmt.Errorf("no links of kind %q", *over)
	}
	n, err := ropewalk.New(cfg)
	if err != nil {
		return nil, err
	}
	if err := n.Handle(ropewalk.Protocol{Name: "echo", Version: 1, Length: 1, Run: run}); err != nil {
		return nil, err
	}
	return n, n.Start(ctx)
}
