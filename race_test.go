package ropewalk

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/mem"
)

// Two nodes that dial each other at the same moment end with one link, the same at
// both, and both who asked are told that there is one: over each kind of link, and over
// two kinds at once.
func TestSimultaneousDials(t *testing.T) {
	wire := mem.NewNetwork()
	at := func(pick func(Info) string) func(*Node) string { return func(n *Node) string { return pick(n.Info()) } }
	tcp := at(func(i Info) string { return i.LibP2P[0] })
	quic := at(func(i Info) string { return i.LibP2P[1] })
	enode := at(func(i Info) string { return i.Enode })
	sockets := func(string) Config {
		c := bothConfig()
		c.Listen.LibP2P = []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"}
		return c
	}
	for _, c := range []struct {
		name   string
		races  int
		config func(name string) Config
		toB    func(*Node) string
		toA    func(*Node) string
	}{
		{"mem", 200, func(name string) Config { return memConfig(wire, name) }, tcp, tcp},
		{"tcp", 200, sockets, tcp, tcp},
		{"quic", 50, sockets, quic, quic},
		{"rlpx", 200, sockets, enode, enode},
		{"rlpx and tcp", 50, sockets, enode, tcp},
		{"tcp and quic", 50, sockets, tcp, quic},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			made := func(name string) *Node {
				cfg := c.config(name)
				cfg.Session.RefineEvery = time.Hour // nobody else dials
				return started(t, cfg)
			}
			a, b := made("a"), made("b")
			if testing.Short() {
				c.races /= 10
			}
			for n := range c.races {
				raced(t, n, a, b, c.toA(a), c.toB(b))
			}
		})
	}
}

// raced has two nodes dial each other once, looks at what became of it, and parts them.
func raced(t *testing.T, n int, a, b *Node, toA, toB string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var both sync.WaitGroup
	dial := func(from *Node, to string, want id.ID) {
		if who, err := from.Connect(ctx, to); err != nil || who != want {
			t.Errorf("race %d: connect: %s, %v", n, who.Short(), err)
		}
	}
	both.Go(func() { dial(a, toB, b.Info().ID) })
	both.Go(func() { dial(b, toA, a.Info().ID) })
	both.Wait()
	calm := 0
	var last [2]linkSeen
	until(t, fmt.Sprintf("race %d ends with one link", n), func() bool {
		sa, sb := seen(t, a), seen(t, b)
		if len(sa) != 1 || len(sb) != 1 || !sa[0].peer || !sb[0].peer || sa[0].in == sb[0].in || sa[0].kind != sb[0].kind {
			calm = 0
			return false
		}
		if now := [2]linkSeen{sa[0], sb[0]}; now != last {
			calm, last = 0, now
		}
		calm++
		return calm == 3
	})
	if err := a.Disconnect(ctx, b.Info().ID); err != nil {
		t.Fatalf("race %d: %v", n, err)
	}
	until(t, fmt.Sprintf("race %d is over", n), func() bool { return len(seen(t, a)) == 0 && len(seen(t, b)) == 0 })
}

// linkSeen is a link as its node's loop sees it.
type linkSeen struct {
	conn link.Conn
	in   bool
	peer bool // it is the peer's link
	kind string
}

func seen(t *testing.T, n *Node) []linkSeen {
	t.Helper()
	out, err := ask(t.Context(), n, func(_ time.Time, reply func([]linkSeen, error)) {
		var out []linkSeen
		for _, w := range n.links {
			i := w.link.Info()
			s := linkSeen{conn: w.conn, in: i.Dir == "in", kind: string(i.Kind)}
			if strings.Contains(i.Addr.String(), "quic") {
				s.kind = "quic"
			}
			s.peer = n.machine.PeerCount() == 1 && !w.closing
			out = append(out, s)
		}
		reply(out, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
