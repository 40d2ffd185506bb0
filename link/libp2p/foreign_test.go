package libp2p

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// A remote that Foreign recognises gets no link, from whichever side, though it
// speaks a lane of ours, and its connection is closed.
func TestForeign(t *testing.T) {
	const mark = "/elsewhere/1"
	tr, err := New(Config{
		Key: linktest.Key("home"), Protocols: table, Localnet: true,
		Listen:  []link.Addr{link.MustAddr("/ip4/127.0.0.1/tcp/0")},
		Foreign: func(streams []string) bool { return slices.Contains(streams, mark) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	if err := tr.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()

	there, err := New(Config{
		Key: linktest.Key("there"), Localnet: true, Listen: []link.Addr{link.MustAddr("/ip4/127.0.0.1/tcp/0")},
		Protocols: append(slices.Clone(table), link.Protocol{Name: "mark", Version: 1, Streams: []string{mark}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = there.Close() })
	if err := there.Listen(); err != nil {
		t.Fatal(err)
	}
	if l, err := tr.Dial(ctx, id.Ticket{}, there.Addrs()[0]); !errors.Is(err, ErrForeign) {
		t.Fatalf("dialled a foreign node: %v, %v", l, err)
	}

	s := newStranger(t, meshsub, mark)
	c := s.dial(t, tr)
	for !c.IsClosed() {
		st, err := c.NewStream(network.WithNoDial(ctx, "test"))
		if err != nil {
			break
		}
		_ = st.SetReadDeadline(time.Now().Add(patience))
		_, err = st.Read(make([]byte, 1)) // ends with the connection
		if os.IsTimeout(err) {
			t.Fatal("a foreign node's connection is left open")
		}
		_ = st.Reset()
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, e := range tr.conns {
		if e.link != nil {
			t.Fatal("a foreign node became a link")
		}
	}
}
