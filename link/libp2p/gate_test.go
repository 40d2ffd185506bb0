package libp2p

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// names resolves every name to one address and counts how often it is asked.
type names struct {
	ip    string
	asked atomic.Int32
}

func (n *names) ResolveDNSAddr(_ context.Context, _ peer.ID, a ma.Multiaddr, _, _ int) ([]ma.Multiaddr, error) {
	return []ma.Multiaddr{a}, nil
}

func (n *names) ResolveDNSComponent(_ context.Context, a ma.Multiaddr, _ int) ([]ma.Multiaddr, error) {
	n.asked.Add(1)
	_, rest := ma.SplitFirst(a)
	return []ma.Multiaddr{ma.StringCast("/ip4/" + n.ip).Encapsulate(rest)}, nil
}

func opened(t *testing.T, name string, change func(*Config)) *Transport {
	t.Helper()
	c := Config{
		Key: linktest.Key(name), Protocols: linktest.Protocols(), Localnet: true,
		Listen: []link.Addr{link.MustAddr("/ip4/127.0.0.1/tcp/0"), link.MustAddr("/ip4/127.0.0.1/udp/0/quic-v1")},
	}
	if change != nil {
		change(&c)
	}
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	if err := tr.Listen(); err != nil {
		t.Fatal(err)
	}
	return tr
}

// What the gate shuts out is neither dialled, by address or by a name that leads there,
// nor let in, over either transport.
func TestGate(t *testing.T) {
	shut := func(netip.Addr) bool { return false }
	home := opened(t, "home", nil)
	timid := opened(t, "timid", func(c *Config) { c.Gate, c.resolver = shut, &names{ip: "127.0.0.1"} })
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, a := range home.Addrs() {
		if l, err := timid.Dial(ctx, id.Ticket{}, a); !errors.Is(err, ErrGated) {
			t.Errorf("dial %s: %v, %v", a, l, err)
		}
	}
	byName := link.MustAddr("/dns4/home.example/tcp/4001").WithPeer(home.peerID)
	if _, err := timid.Dial(ctx, id.Ticket{}, byName); !errors.Is(err, ErrGated) {
		t.Errorf("dial by name: %v", err)
	}
	for _, a := range timid.Addrs() {
		if l, err := home.Dial(ctx, id.Ticket{}, a); err == nil {
			t.Errorf("let in at %s: %v", a, l.Info())
		}
	}
}

// A name is resolved at each dial: it may lead elsewhere by then.
func TestNamesAreResolvedAnew(t *testing.T) {
	dns := &names{ip: "127.0.0.1"}
	there := opened(t, "there", nil)
	home := opened(t, "home", func(c *Config) { c.resolver = dns })
	go func() {
		for {
			if _, err := there.Accept(); err != nil {
				return
			}
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	to := link.MustAddr("/dns4/there.example/tcp/" + tcpPort(there)).WithPeer(there.peerID)
	for n := range 3 {
		l, err := home.Dial(ctx, id.Ticket{}, to)
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close(link.Requested)
		if got := dns.asked.Load(); int(got) != n+1 {
			t.Errorf("after dial %d the name was resolved %d times", n+1, got)
		}
	}
	dns.ip = "127.0.0.2" // nobody is there
	if _, err := home.Dial(ctx, id.Ticket{}, to); err == nil {
		t.Error("the name still leads where it did")
	}
}

func tcpPort(t *Transport) string {
	for _, a := range t.Addrs() {
		if !a.IsQUIC() {
			return strconv.Itoa(int(a.Port()))
		}
	}
	return ""
}

// Whoever is trusted is let in though all inbound places are taken, and takes none.
func TestTrustedAboveTheLimit(t *testing.T) {
	friend := linktest.Key("friend").ID()
	home := opened(t, "home", func(c *Config) {
		c.Limits.Inbound = 1
		c.Trusted = func(who id.ID) bool { return who == friend }
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, c := range []struct {
		name string
		in   bool
	}{{"friend", true}, {"first", true}, {"second", false}} {
		tr := opened(t, c.name, nil)
		l, err := tr.Dial(ctx, id.Ticket{}, home.Addrs()[0])
		if c.in {
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if _, err := home.Accept(); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err == nil {
			_, err = l.Read()
			for err == nil {
				_, err = l.Read()
			}
		}
		if err == nil {
			t.Errorf("%s is let in", c.name)
		}
	}
}
