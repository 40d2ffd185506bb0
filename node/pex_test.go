package node

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/session"
)

// talker is somebody who speaks pex with a node by hand.
type talker struct {
	h   *host
	c   link.Conn
	key *id.Key
}

// talker brings up a link with somebody at an IP address who speaks pex.
func (h *host) talker(ip string, dir link.Direction) talker {
	h.w.t.Helper()
	c := h.seenBy(ip, dir, "8.8.8.8:1", link.LaneInfo{Lane: lanePex, Stream: "/ropewalk/test/pex/1"})
	h.w.settle()
	return talker{h, c, linktest.Key(ip)}
}

// say has the talker send a message of pex; it tells whether the link outlives it.
func (s talker) say(code uint64, data []byte) bool {
	n := len(s.h.closes)
	s.h.n.LinkMsg(s.h.w.now, s.c, link.Msg{Lane: lanePex, Code: code, Data: data})
	s.h.w.settle()
	return !slices.ContainsFunc(s.h.closes[n:], func(c peer.Close) bool { return c.Conn == s.c })
}

// heard are the messages of pex that the node has for the talker.
func (s talker) heard() (out []link.Msg) {
	for {
		m, ok := s.h.n.Next(s.h.w.now, s.c, 0)
		if !ok {
			return out
		}
		if m.Lane == lanePex {
			out = append(out, m)
		}
	}
}

// peersOf is an answer that nobody asked for.
func peersOf(rs ...[]byte) []byte {
	return rlp.AppendList(nil, rlp.AppendList(rlp.AppendUint(nil, 7), slices.Concat(rs...)))
}

// told is the record of somebody by name; at is its IPv4 address.
func told(t *testing.T, name, at, network string, seq uint64) *enr.Record {
	t.Helper()
	r, err := enr.Builder{Seq: seq, IP: netip.MustParseAddr(at), Rope: &enr.Rope{Network: enr.NetworkTag(network), TCP: 4001}}.Sign(linktest.Key(name))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Whatever shape a message of addresses comes in: what is good in it is used, what is
// not leaves no trace in the book, what nobody honest sends costs the link, and nothing
// of it is a ban.
func TestAddressesInBadShapes(t *testing.T) {
	good := told(t, "good", "8.9.0.1", "test", 5)
	flip := func(r *enr.Record, at int) []byte {
		b := slices.Clone(r.Bytes())
		b[at] ^= 1
		return b
	}
	unsigned := slices.Clone(good.Bytes())
	clear(unsigned[4:68]) // two bytes of list, two of the signature's length
	odd := func(key string, value []byte) []byte {
		r, err := enr.Builder{Seq: 1, Extra: []enr.Pair{{Key: key, Value: rlp.AppendBytes(nil, value)}}}.Sign(linktest.Key("odd"))
		if err != nil {
			t.Fatal(err)
		}
		return r.Bytes()
	}
	many := make([][]byte, 10_000)
	for i := range many {
		many[i] = good.Bytes()
	}
	for _, c := range []struct {
		name string
		data []byte
		stay bool // the link
		in   bool // good is in the book
	}{
		{"good", peersOf(good.Bytes()), true, true},
		{"twice", peersOf(good.Bytes(), good.Bytes()), true, true},
		{"unsigned", peersOf(unsigned), false, false},
		{"forged address", peersOf(flip(good, 90)), false, false},
		{"forged among good ones", peersOf(good.Bytes(), flip(told(t, "b", "8.10.0.1", "test", 1), 20)), false, false},
		{"of another network", peersOf(told(t, "b", "8.10.0.1", "other", 1).Bytes(), good.Bytes()), true, true},
		{"private", peersOf(told(t, "b", "192.168.1.1", "test", 1).Bytes(), good.Bytes()), true, true},
		{"loopback", peersOf(told(t, "b", "127.0.0.1", "test", 1).Bytes()), true, false},
		{"multicast", peersOf(told(t, "b", "224.0.0.1", "test", 1).Bytes()), true, false},
		{"shared space", peersOf(told(t, "b", "100.64.0.1", "test", 1).Bytes()), true, false},
		{"without an address", peersOf(odd("x", []byte("y"))), true, false},
		{"named by DNS", peersOf(odd("dns", []byte("localhost"))), true, false},
		{"ten thousand", peersOf(many...), false, false},
		{"above 64 KiB", peersOf(make([]byte, 64<<10)), false, false},
		{"cut", peersOf(good.Bytes())[:80], false, false},
		{"and a byte", append(peersOf(good.Bytes()), 0), false, false},
		{"not canonical", append([]byte{0xf8, 0x02}, 0xc0, 0xc0), false, false},
		{"no message", []byte("GET / HTTP/1.1\r\n"), false, false},
	} {
		h := outsider(t, nil)
		s := h.talker("9.1.0.1", link.Out)
		n := h.n.book.Len()
		if got := s.say(2, c.data); got != c.stay {
			t.Errorf("%s: the link stays %v", c.name, got)
		}
		want := n
		if c.in {
			want++
		}
		if got := h.n.book.Len(); got != want {
			t.Errorf("%s: %d hosts in the book, want %d", c.name, got, want)
		}
		if e, ok := h.n.book.Get(linktest.Key("good").ID()); ok != c.in || ok && (e.Colour != hosts.Grey || e.Source != "9.1.0.0/16") {
			t.Errorf("%s: the good one is in the book %v, as %s by %s", c.name, ok, e.Colour, e.Source)
		}
		if got := h.n.book.Counts(); got.Bans+got.Black > 0 {
			t.Errorf("%s: %d bans", c.name, got.Bans)
		}
	}
}

// A record that is older than the one we know, one of our own and one of a seed change
// nothing.
func TestRecordsThatSayNothingNew(t *testing.T) {
	seed := linktest.Key("seed")
	h := outsider(t, func(c *Config) {
		c.Session.Seeds = []link.Addr{link.MustAddr("/ip4/9.9.0.1/tcp/4001").WithPeer(seed.Public().PeerID())}
	})
	s := h.talker("9.1.0.1", link.Out)
	s.say(2, peersOf(told(t, "b", "8.10.0.1", "test", 5).Bytes()))
	n := h.n.book.Len()
	s.say(2, peersOf(told(t, "b", "8.10.0.2", "test", 4).Bytes(), told(t, "seed", "9.9.0.1", "test", 1).Bytes(), told(t, "us", "8.11.0.1", "test", 9).Bytes()))
	if e, _ := h.n.book.Get(linktest.Key("b").ID()); e.Record == nil || e.Record.Seq() != 5 || h.n.book.Len() != n {
		t.Errorf("an older record, a seed's or our own was taken: %d hosts, want %d", h.n.book.Len(), n)
	}
	s.say(2, peersOf(told(t, "b", "8.10.0.3", "test", 6).Bytes()))
	if e, _ := h.n.book.Get(linktest.Key("b").ID()); e.Record.Seq() != 6 || e.Addrs[0].IP().String() != "8.10.0.3" {
		t.Error("a newer record was not taken")
	}
}

// Names come from our own configuration alone: those in a message are not even looked
// up, whatever carries them.
func TestTrap12NamesAreNotHeard(t *testing.T) {
	for _, text := range []string{"/dns4/example.org/tcp/4001", "/dns6/localhost/tcp/4001", "/dns/a.internal/udp/4001/quic-v1"} {
		b := hosts.New(hosts.Config{}, nil)
		if err := b.HearAddr(start, "9.1.0.0/16", link.MustAddr(text).WithPeer(linktest.Key("x").Public().PeerID())); err == nil || b.Len() != 0 {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Trap 13, a ban for a message that was cut: a link that ends within a message has ended,
// and that is all, however often it happens; nobody is banned for what a network did. A
// breach that the link found is another thing.
func TestTrap13EndWithinAMessageIsNoBan(t *testing.T) {
	for _, c := range []struct {
		why    error
		banned bool
	}{
		{io.ErrUnexpectedEOF, false}, {io.EOF, false}, {link.NetworkError, false}, {nil, false},
		{&link.Closed{Reason: link.Timeout}, false}, {&link.Closed{Reason: link.NetworkError}, false},
		{&link.Closed{Reason: link.Breach, Remote: true}, false},
		{&link.Closed{Reason: link.Breach}, true},
	} {
		h := outsider(t, nil)
		for range 3 {
			s := h.talker("9.1.0.1", link.In)
			h.n.LinkDown(h.w.now, s.c, c.why)
			h.w.settle()
		}
		if got := h.n.book.Counts().Bans > 0; got != c.banned {
			t.Errorf("%v: banned %v", c.why, got)
		}
	}
}

// Trap 14, a ban by IP address: who is banned for what it did takes nobody with it that
// comes from the same place, a router's or a proxy's of our own machine.
func TestTrap14NeighboursOfTheBannedComeIn(t *testing.T) {
	for _, ip := range []string{"9.1.0.1", "127.0.0.1"} {
		h := outsider(t, func(c *Config) { c.Session.Inbound = 96 })
		bad := h.neighbour("bad", ip)
		good := h.neighbour("good", ip)
		bad.say(0, rlp.AppendList(nil, told(t, "bad", ip, "test", 1).Bytes()))
		for range 5 {
			if bad.say(2, []byte("nonsense")) {
				t.Fatal("nonsense costs nothing")
			}
			h.n.LinkDown(h.w.now, bad.c, nil)
			bad = h.neighbour("bad", ip)
		}
		if _, up := h.n.peers.ByID(bad.key.ID()); up {
			t.Errorf("%s: the bad one is still let in", ip)
		}
		if p, up := h.n.peers.ByID(good.key.ID()); !up || p.Closing() {
			t.Errorf("%s: its neighbour lost its link", ip)
		}
		late := h.neighbour("late", ip)
		if p, up := h.n.peers.ByID(late.key.ID()); !up || p.Closing() {
			t.Errorf("%s: another neighbour is not let in", ip)
		}
		if !late.say(1, rlp.AppendList(nil, rlp.AppendUint(rlp.AppendUint(nil, 1), 250))) || len(late.heard()) == 0 {
			t.Errorf("%s: another neighbour is not answered", ip)
		}
	}
}

// neighbour brings up a link from somebody by name at an IP address.
func (h *host) neighbour(name, ip string) talker {
	remote := &host{key: linktest.Key(name), name: name}
	info := h.info(remote, link.In, id.Ticket{})
	info.Addr = link.MustAddr("/ip4/" + ip + "/tcp/4001").WithPeer(remote.key.Public().PeerID())
	info.Lanes = []link.LaneInfo{{Lane: lanePex, Stream: "/ropewalk/test/pex/1"}}
	h.w.conns++
	h.n.LinkUp(h.w.now, h.w.conns, info)
	h.w.settle()
	return talker{h, h.w.conns, remote.key}
}

// A node says where it is to those it is linked with only while strangers reach it
// there: for five minutes to find out, then when somebody has come.
func TestHelloWhereReached(t *testing.T) {
	h := outsider(t, nil)
	at := link.MustAddr("/ip4/8.8.8.8/tcp/4001").WithPeer(h.key.Public().PeerID())
	private := link.MustAddr("/ip4/192.168.1.2/tcp/4001").WithPeer(h.key.Public().PeerID())
	if err := h.n.SetAddrs(h.w.now, []link.Addr{private}); err != nil {
		t.Fatal(err)
	}
	if r := h.n.record; r == nil || r.IP().IsValid() {
		t.Fatal("a private address is in the record of a public node")
	}
	hello := func(ip string, dir link.Direction) int { return len(h.talker(ip, dir).heard()) }
	if hello("9.1.0.1", link.Out) != 0 {
		t.Error("says hello without an address")
	}
	if err := h.n.SetAddrs(h.w.now, []link.Addr{at, private}); err != nil {
		t.Fatal(err)
	}
	if hello("9.2.0.1", link.Out) != 1 {
		t.Error("an address that is to be tried is not told")
	}
	h.w.pass(6 * time.Minute)
	if hello("9.3.0.1", link.Out) != 0 {
		t.Error("an address that nobody came to is told")
	}
	if hello("9.4.0.1", link.In) != 1 || hello("9.5.0.1", link.Out) != 1 {
		t.Error("an address that somebody came to is not told")
	}
}

// Askers hear of a quarter of the book, however many identities they ask under.
func TestAnswersAreOfOneExcerpt(t *testing.T) {
	h := outsider(t, func(c *Config) { c.Session.Inbound = 60 })
	for i := range 80 {
		r := told(t, fmt.Sprint("host", i), fmt.Sprintf("8.%d.0.1", 10+i), "test", 1)
		if err := h.n.book.Hear(h.w.now, "", r); err != nil {
			t.Fatal(err)
		}
		if err := h.n.book.Move(h.w.now, r.ID(), hosts.White); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[id.Public]bool{}
	for i := range 30 {
		s := h.talker(fmt.Sprintf("9.%d.0.1", i+1), link.In)
		s.heard()
		s.say(1, rlp.AppendList(nil, rlp.AppendUint(rlp.AppendUint(nil, 1), 250)))
		for _, m := range s.heard() {
			items, _ := rlp.NewList(m.Data)
			_, _ = items.Uint64()
			list, err := items.List()
			for ; err == nil && list.More(); err = nil {
				raw, _ := list.Raw()
				r, err := enr.Decode(raw)
				if err != nil {
					t.Fatal(err)
				}
				seen[r.Public()] = true
			}
		}
		h.w.pass(time.Second)
	}
	if len(seen) != 20 {
		t.Errorf("thirty identities heard of %d hosts of 80, want 20", len(seen))
	}
}

// Trap 8, a list that is read after the slots have begun: a restart dials those it knew
// and leaves the seeds alone while they may still come up.
func TestTrap08SavedHostsBeforeSeeds(t *testing.T) {
	seed := link.MustAddr("/ip4/9.9.0.1/tcp/4001").WithPeer(linktest.Key("seed").Public().PeerID())
	book := hosts.New(hosts.Config{Network: "test"}, rand.New(rand.NewPCG(1, 1)))
	for i := range 6 {
		r := told(t, fmt.Sprint("host", i), fmt.Sprintf("8.%d.0.1", 10+i), "test", 1)
		_ = book.Hear(start, "", r)
		_ = book.Move(start, r.ID(), hosts.White)
	}
	saved := book.Encode(true)
	for _, known := range []bool{true, false} {
		w := newWorld(t)
		w.hold = true
		h := &host{w: w, name: "us", key: linktest.Key("us"), handler: &recorder{}, files: map[string][]byte{}, downs: map[link.Conn]int{}}
		if known {
			h.files[hostsFile] = saved
		}
		cfg := Config{Key: h.key, Network: "test", Session: session.Config{Outbound: 4, Inbound: 8, Seeds: []link.Addr{seed}}, Chat: chat.Config{Author: chat.NewAuthor(h.key)}}
		n, err := New(w.now, cfg, rand.New(rand.NewPCG(1, 2)), func(name string) ([]byte, bool) { data, ok := h.files[name]; return data, ok })
		if err != nil {
			t.Fatal(err)
		}
		h.n = n
		w.hosts = append(w.hosts, h)
		n.Start(w.now)
		w.pass(2 * time.Second)
		seeds, others := 0, 0
		for _, d := range h.dials {
			if d.To == seed {
				seeds++
			} else {
				others++
			}
		}
		if known && (seeds != 0 || others != 4) || !known && (seeds == 0 || others != 0) {
			t.Errorf("with saved hosts %v: %d seeds and %d others are dialled", known, seeds, others)
		}
	}
}
