package libp2p

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/socks"
	"github.com/ropewalk/ropewalk/link/sockstest"
)

const onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd"

var everything = link.Routes{Proxy: true, Mixed: link.MixAll}

// through is a transport that dials through a proxy alone.
func through(t *testing.T, s *sockstest.Server, c Config) *Transport {
	t.Helper()
	at, err := socks.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	c.Key, c.Protocols, c.Routes, c.Proxy = linktest.Key("masked"), table, everything, socks.New(at).Dial
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	return tr
}

// tcpOf is where a transport listens, HOST:PORT.
func tcpOf(tr *Transport) string {
	part := strings.Split(tr.Addrs()[0].String(), "/")
	return part[2] + ":" + part[4]
}

// Onion services, names and IP addresses are met through the proxy, which resolves the
// names; what the remote says of where it sees us is not believed, and it hears of no
// address of ours but the ones to announce.
func TestDialThroughProxy(t *testing.T) {
	there := listening(t, "there")
	s := sockstest.Start(t, sockstest.Config{Names: map[string]string{onion + ".onion:4001": tcpOf(there), "seed.example:4001": tcpOf(there)}, From: "127.0.0.2"})
	mine := link.MustAddr("/onion3/" + onion + ":7")
	here := through(t, s, Config{Listen: []link.Addr{link.MustAddr("/ip4/127.0.0.1/tcp/0")}, Announce: []link.Addr{mine}})
	if err := here.Listen(); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"/onion3/" + onion + ":4001", "/dns4/seed.example/tcp/4001", there.Addrs()[0].Bare().String()} {
		to := link.MustAddr(at).WithPeer(there.peerID)
		l, err := here.Dial(t.Context(), id.Ticket{Owner: "test", N: 1}, to)
		if err != nil {
			t.Fatalf("%s: %v", to, err)
		}
		in, err := there.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if i := l.Info(); i.Addr != to || i.Observed.IsValid() {
			t.Errorf("%s: the link says %s, seen at %s", to, i.Addr, i.Observed)
		}
		known := there.stack.swarm.Peerstore().Addrs(here.stack.swarm.LocalPeer())
		if len(known) == 0 {
			t.Errorf("%s: no address of ours came along", to)
		}
		for _, m := range known {
			if m.String() != mine.String() && !strings.HasPrefix(m.String(), "/ip4/127.0.0.2/") { // the latter is what it sees itself
				t.Errorf("%s: the remote knows %s", to, m)
			}
		}
		_ = l.Close(link.Requested)
		_, _ = in.Read()
		_ = in.Close(link.Requested)
	}
	if n := len(s.Asked()); n != 3 {
		t.Errorf("asked %d times: %v", n, s.Asked())
	}
	if a := here.Addrs(); len(a) != 1 || a[0] != mine.WithPeer(here.peerID) {
		t.Errorf("we say we are at %v", a)
	}
}

// What is to go through a proxy is never dialled directly, and what it cannot carry not
// at all.
func TestNeverPastTheProxy(t *testing.T) {
	there, err := New(Config{Key: linktest.Key("there"), Protocols: table, Localnet: true, Listen: []link.Addr{
		link.MustAddr("/ip4/127.0.0.1/tcp/0"), link.MustAddr("/ip4/127.0.0.1/udp/0/quic-v1"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = there.Close() })
	if err := there.Listen(); err != nil {
		t.Fatal(err)
	}
	gone := sockstest.Start(t, sockstest.Config{})
	away := through(t, gone, Config{})
	gone.Close()
	for _, to := range there.Addrs() {
		want := socks.ErrProxy
		if to.IsQUIC() {
			want = ErrNoRoute
		}
		if _, err := away.Dial(t.Context(), id.Ticket{}, to); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", to, err, want)
		}
	}
	plain := listening(t, "plain")
	if _, err := plain.Dial(t.Context(), id.Ticket{}, link.MustAddr("/onion3/"+onion+":1").WithPeer(there.peerID)); !errors.Is(err, ErrNoRoute) {
		t.Errorf("an onion service without a proxy: %v", err)
	}
	c := Config{Key: linktest.Key("q"), Routes: everything, Listen: []link.Addr{link.MustAddr("/ip4/127.0.0.1/udp/0/quic-v1")}}
	if err := c.Validate(); err == nil {
		t.Error("QUIC may listen")
	}
}

// One deadline covers the proxy's part, and what stalls behind the proxy.
func TestTrap01DialOverProxy(t *testing.T) {
	there := listening(t, "there")
	for _, c := range []sockstest.Config{
		{Fault: sockstest.Drip, Phase: sockstest.AtReply}, {Fault: sockstest.Stall, Phase: sockstest.AtTarget},
	} {
		here := through(t, sockstest.Start(t, c), Config{})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		result := make(chan error, 1)
		go func() { _, err := here.Dial(ctx, id.Ticket{}, there.Addrs()[0]); result <- err }()
		select {
		case err := <-result:
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s at the %s: %v", c.Fault, c.Phase, err)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%s at the %s: the dial is still there", c.Fault, c.Phase)
		}
	}
}
