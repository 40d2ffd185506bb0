package node

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/envelope"
	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/session"
)

// A node that keeps to some networks takes no other hosts in its book, dials none,
// refuses their links, and tells nobody of them, in address exchange and in gossip's.
func TestRestriction(t *testing.T) {
	w := newWorld(t)
	w.hold = true
	a := w.add("a", func(cfg *Config) {
		cfg.Restrict, _ = link.ParseRestriction([]string{"8.8.0.0/16", "2a00::/16"})
		cfg.Localnet, cfg.Session.Outbound, cfg.Gossip.Exchange, cfg.Unscored = false, 4, true, true
	})
	if err := a.n.Follow(w.now, "t"); err != nil {
		t.Fatal(err)
	}
	record := func(name string, b enr.Builder) *enr.Record {
		b.Seq, b.Rope = 1, &enr.Rope{Network: enr.NetworkTag("test"), TCP: 4001}
		r, err := b.Sign(linktest.Key(name))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ip := netip.MustParseAddr
	for name, c := range map[string]struct {
		b              enr.Builder
		in, told, dial bool
	}{
		"inside":  {enr.Builder{IP: ip("8.8.1.1"), IP6: ip("2a00::1")}, true, true, true},
		"outside": {enr.Builder{IP: ip("8.9.1.1")}, false, false, false},
		"partly":  {enr.Builder{IP: ip("8.8.2.1"), IP6: ip("2a01::1")}, true, false, true},
	} {
		who := linktest.Key(name).ID()
		if err := a.n.book.Hear(w.now, "", record(name, c.b)); (err == nil) != c.in {
			t.Errorf("%s: %v", name, err)
		}
		_ = a.n.book.Move(w.now, who, hosts.White)
		told := false
		for _, h := range a.n.book.Sample(w.now, 10, nil) {
			told = told || h.ID == who
		}
		if told != c.told {
			t.Errorf("%s: told of it %v", name, told)
		}
	}
	w.pass(20 * time.Second)
	for _, d := range a.dials {
		if d.To.IP() != ip("8.8.1.1") && d.To.IP() != ip("8.8.2.1") && d.To.IP() != ip("2a00::1") {
			t.Errorf("dialled %s", d.To)
		}
	}
	if len(a.dials) == 0 {
		t.Error("dialled nobody")
	}
	if err := a.n.Connect(w.now, ticket(1), link.MustAddr("/ip4/8.9.1.1/tcp/1").WithPeer(linktest.Key("outside").Public().PeerID())); err != session.ErrOutside {
		t.Errorf("Connect: %v", err)
	}

	// Links: the asker prunes, and is told of whoever says to live inside alone.
	join := func(c link.Conn, name, from string, says ...string) {
		k := linktest.Key(name)
		var where []link.Addr
		for _, s := range says {
			where = append(where, link.MustAddr(s))
		}
		a.n.LinkUp(w.now, c, link.Info{
			ID: k.ID(), PeerID: k.Public().PeerID(), Public: k.Public(), Kind: link.LibP2P, Dir: link.In,
			Addr:     link.MustAddr(from).WithPeer(k.Public().PeerID()),
			Envelope: envelope.Seal(k, envelope.Record{Seq: 1, Addrs: where}),
			Lanes:    []link.LaneInfo{{Lane: laneGossip, Stream: "/meshsub/1.1.0"}},
		})
		a.n.LinkMsg(w.now, c, link.Msg{Lane: laneGossip, Data: rpc.AppendSub(nil, true, "t")})
	}
	join(100, "asker", "/ip4/8.8.3.1/tcp/1", "/ip4/8.8.3.1/tcp/1")
	join(101, "good", "/ip4/8.8.4.1/tcp/1", "/ip4/8.8.4.1/tcp/1", "/ip6/2a00::4/tcp/1")
	join(102, "bad", "/ip4/8.8.5.1/tcp/1", "/ip4/8.8.5.1/tcp/1", "/ip4/8.9.5.1/tcp/1")
	join(103, "name", "/ip4/8.8.6.1/tcp/1", "/dns4/rope.example/tcp/1")
	join(104, "far", "/ip4/8.9.7.1/tcp/1", "/ip4/8.9.7.1/tcp/1")
	if got := a.n.PeerCount(); got != 4 {
		t.Errorf("%d peers", got)
	}
	w.settle()
	if got := a.closesFor(link.Useless); len(got) != 1 || got[0] != 104 {
		t.Errorf("closes %+v", a.closes)
	}
	for c, want := range map[link.Conn]bool{100: true, 101: true, 102: false, 103: false} {
		p, _ := a.n.peers.ByConn(c)
		if got := a.n.remoteOf(p, "").Envelope != nil; got != want {
			t.Errorf("link %d is told of: %v", c, got)
		}
	}
}

// What another run saved of other networks does not come back.
func TestRestrictionOnLoad(t *testing.T) {
	w := newWorld(t)
	a := w.add("a", func(cfg *Config) { cfg.Localnet = false })
	b := linktest.Key("b")
	if err := a.n.book.HearAddr(w.now, "", link.MustAddr("/ip4/8.9.1.1/tcp/1234").WithPeer(b.Public().PeerID())); err != nil {
		t.Fatal(err)
	}
	a.n.Stop(w.now)
	w.settle()
	cfg := a.n.cfg
	cfg.Restrict, _ = link.ParseRestriction([]string{"8.8.0.0/16"})
	n, err := New(w.now, cfg, rand.New(rand.NewPCG(1, 2)), func(name string) ([]byte, bool) { data, ok := a.files[name]; return data, ok })
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := n.book.Get(b.ID()); ok || n.book.Len() != 0 {
		t.Error("it is in the book")
	}
}
