package libp2p

import (
	"context"
	"errors"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

func visit(t *testing.T, to link.Addr) (*Visit, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	v, err := Probe(ctx, linktest.Key("visitor"), "visitor/1", to)
	if err == nil {
		t.Cleanup(func() { _ = v.Close() })
	}
	return v, err
}

// A visitor learns who is there and how far away, and does not become a link.
func TestVisit(t *testing.T) {
	tr, err := New(Config{Key: linktest.Key("visited"), Protocols: table, Localnet: true, UserAgent: "visited/1",
		Listen: []link.Addr{link.MustAddr("/ip4/127.0.0.1/tcp/0"), link.MustAddr("/ip4/127.0.0.1/udp/0/quic-v1")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	if err := tr.Listen(); err != nil {
		t.Fatal(err)
	}
	if len(tr.Addrs()) != 2 {
		t.Fatalf("addresses: %v", tr.Addrs())
	}
	for _, to := range tr.Addrs() {
		v, err := visit(t, to)
		if err != nil {
			t.Fatalf("%s: %v", to, err)
		}
		if v.Agent != "visited/1" || !slices.Contains(v.Streams, string(chat)) || !slices.IsSorted(v.Streams) || v.Connect <= 0 || v.Identify <= 0 {
			t.Errorf("%s: learnt %+v", to, v)
		}
		for range 3 {
			if rtt, err := v.Ping(t.Context()); err != nil || rtt <= 0 {
				t.Errorf("%s: ping: %v, %v", to, rtt, err)
			}
		}
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, e := range tr.conns {
		if e.link != nil {
			t.Error("a visit became a link")
		}
	}
}

func TestVisitFails(t *testing.T) {
	tr := listening(t, "a")
	wrong := tr.Addrs()[0].Bare().WithPeer(linktest.Key("somebody else").Public().PeerID())
	if _, err := visit(t, wrong); !errors.Is(err, link.WrongIdentity) {
		t.Errorf("another key: %v", err)
	}
	nobody := link.MustAddr("/ip4/127.0.0.1/tcp/1").WithPeer(linktest.Key("nobody").Public().PeerID())
	if _, err := visit(t, nobody); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("nobody there: %v", err)
	}
	for _, odd := range []link.Addr{link.MustAddr("/ip4/127.0.0.1/tcp/1"), link.MustAddr("/mem/a")} {
		if _, err := visit(t, odd); !errors.Is(err, ErrAddr) {
			t.Errorf("%s: %v", odd, err)
		}
	}
	// A listener that takes the connection and says nothing.
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	to := link.MustAddr("/ip4/127.0.0.1/tcp/" + portOf(silent)).WithPeer(linktest.Key("silent").Public().PeerID())
	if _, err := Probe(ctx, linktest.Key("visitor"), "", to); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("silence: %v", err)
	}
}

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// A host without ping is there all the same, and one that leaves says why.
func TestVisitWithoutPing(t *testing.T) {
	tr := listening(t, "a")
	tr.stack.host.RemoveStreamHandler(ping.ID)
	v, err := visit(t, tr.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Ping(t.Context()); !errors.Is(err, ErrNoPing) {
		t.Errorf("ping: %v", err)
	}

	leaves := listening(t, "b")
	leaves.stack.host.SetStreamHandler(ping.ID, func(s network.Stream) { _ = s.Conn().CloseWithError(toCode(link.TooManyPeers)) })
	if v, err = visit(t, leaves.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	var closed *link.Closed
	if _, err := v.Ping(t.Context()); err == nil {
		t.Error("pinged a host that left")
	} else if errors.As(err, &closed) && (!closed.Remote || closed.Reason != link.TooManyPeers) {
		t.Errorf("the end: %v", err)
	}
}
