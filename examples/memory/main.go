// Command memory is a few nodes in one process with links in memory only: what an
// embedding program, or a test of one, has when it wants no sockets. Built with
//
//	go build -tags nolibp2p,nopebble,netgo,osusergo ./examples/memory
//
// it holds neither libp2p nor a store on disk nor the C library, and a node takes some
// 14 MiB.
// It prints "ready" when every node is connected to the first, and ends with its input.
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link/mem"
)

func main() {
	count := flag.Int("nodes", 2, "nodes to start")
	flag.Parse()
	if err := run(*count, os.Stdin); err != nil {
		log.Fatal(err)
	}
}

func run(count int, until io.Reader) error {
	ctx, wire := context.Background(), mem.NewNetwork()
	var first *ropewalk.Node
	for i := range count {
		key, err := id.NewKey(rand.Reader)
		if err != nil {
			return err
		}
		t := wire.Transport(key, fmt.Sprint("node", i), nil)
		n, err := ropewalk.New(ropewalk.Config{Key: key, Localnet: true, Transports: []ropewalk.Transport{t}})
		if err != nil {
			return err
		}
		defer n.Close()
		if err := n.Start(ctx); err != nil {
			return err
		}
		if first == nil {
			first = n
		} else if _, err := n.Connect(ctx, first.Info().LibP2P[0]); err != nil {
			return err
		}
	}
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, until)
	return err
}
