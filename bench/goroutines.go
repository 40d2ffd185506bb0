package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/libp2p"
	"github.com/ropewalk/ropewalk/node"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
)

// neighbours is how many links the goroutines are counted on.
const neighbours = 12

// runGoroutines counts what gossip adds to each end of a link: the same star of
// nodes with and without it.
func runGoroutines(s side, seed uint64) (values, error) {
	star := ropeStar
	if s == rival {
		star = theirStar
	}
	without, err := star(seed, false)
	if err != nil {
		return nil, err
	}
	with, err := star(seed+1, true)
	if err != nil {
		return nil, err
	}
	return values{"goroutines": float64(with-without) / (2 * neighbours)}, nil
}

// grown says by how many goroutines the process grew while links were made, once
// their number rests. Both ends of every link count.
func grown(idle int) int {
	last, calm := 0, 0
	for end := time.Now().Add(giveUp); calm < 20 && time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if n := runtime.NumGoroutine(); n != last {
			last, calm = n, 0
		}
		calm++
	}
	return last - idle
}

// ropeStar connects nodes of ours to one of them.
func ropeStar(seed uint64, gossip bool) (int, error) {
	var all []*ropewalk.Node
	for i := range neighbours + 1 {
		n, err := bareRope(seed, i, gossip || i > 0)
		if err != nil {
			return 0, err
		}
		all = append(all, n)
	}
	idle := grown(0)
	for _, n := range all[1:] {
		if _, err := n.Connect(context.Background(), all[0].Info().LibP2P[0]); err != nil {
			return 0, err
		}
	}
	return grown(idle), nil
}

// bareRope is a node whose gossip lane nobody else speaks, if it shall have none.
func bareRope(seed uint64, i int, gossip bool) (*ropewalk.Node, error) {
	key, err := id.KeyFromBytes(keyBytes(seed, i))
	if err != nil {
		return nil, err
	}
	table := node.Protocols("ropewalk", nil)
	if !gossip {
		table[0].Streams = []string{"/nobody/speaks/this"}
	}
	at, err := link.ParseAddr("/ip4/127.0.0.1/tcp/0")
	if err != nil {
		return nil, err
	}
	t, err := libp2p.New(libp2p.Config{Key: key, Protocols: table, Listen: []link.Addr{at}, Localnet: true})
	if err != nil {
		return nil, err
	}
	n, err := ropewalk.New(ropewalk.Config{
		Key: key, Localnet: true, Session: ropewalk.SessionConfig{Outbound: -1}, Transports: []ropewalk.Transport{t},
	})
	if err != nil {
		return nil, err
	}
	return n, n.Start(context.Background())
}

// theirStar connects hosts of theirs to one of them.
func theirStar(seed uint64, gossip bool) (int, error) {
	var all []*theirs
	for i := range neighbours + 1 {
		h, err := theirHost(seed, i, false)
		if err != nil {
			return 0, err
		}
		t := &theirs{host: h}
		if gossip {
			if t.ps, err = pubsub.NewGossipSub(context.Background(), h, theirOptions(false)...); err != nil {
				return 0, err
			}
		}
		all = append(all, t)
	}
	idle := grown(0)
	for _, t := range all[1:] {
		if err := t.dial(context.Background(), all[0].addr()); err != nil {
			return 0, fmt.Errorf("dial: %w", err)
		}
	}
	return grown(idle), nil
}
