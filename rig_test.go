package ropewalk

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/mem"
	"github.com/ropewalk/ropewalk/node"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of the tests; only failures meet it.
const patience = time.Minute

// memConfig is a node on a wire in memory, without slots of its own.
func memConfig(wire *mem.Network, name string) Config {
	key := linktest.Key(name)
	return Config{
		Key: key, Localnet: true, Session: SessionConfig{Outbound: -1},
		Transports: []Transport{wire.Transport(key, name, node.Protocols("ropewalk", nil))},
	}
}

// libConfig is a node with libp2p on loopback, without slots of its own.
func libConfig() Config {
	return Config{Localnet: true, Session: SessionConfig{Outbound: -1}, Listen: ListenConfig{LibP2P: []string{"/ip4/127.0.0.1/tcp/0"}}}
}

// made is New that must succeed. The test closes the node.
func made(t testing.TB, cfg Config) *Node {
	t.Helper()
	n, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return n
}

// started is a running node.
func started(t testing.TB, cfg Config) *Node {
	t.Helper()
	n := made(t, cfg)
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n
}

// join connects two running nodes.
func join(t testing.TB, from, to *Node) {
	t.Helper()
	info := to.Info()
	addrs := append(info.LibP2P, info.Enode)
	if addrs[0] == "" {
		t.Fatal("the node listens nowhere")
	}
	if who, err := from.Connect(soon(t), addrs[0]); err != nil || who != to.Info().ID {
		t.Fatalf("connect: %v %v", who, err)
	}
}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// until waits for a condition that real goroutines bring about, or virtual time.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !ok(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// peers is how many peers a node has.
func peers(t testing.TB, n *Node) int {
	t.Helper()
	list, err := n.Sessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// follow subscribes and fails the test when it cannot.
func follow(t testing.TB, n *Node, topic string) *Subscription {
	t.Helper()
	s, err := n.Subscribe(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// meshed waits until a node has a mesh of that size.
func meshed(t testing.TB, n *Node, topic string, size int) {
	t.Helper()
	until(t, fmt.Sprintf("%d mesh peers in %s", size, topic), func() bool {
		mesh, err := n.Mesh(t.Context(), topic)
		return err == nil && len(mesh) >= size
	})
}
