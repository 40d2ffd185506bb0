package hosts

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// public is the record of the n-th of some public hosts, each in a group of its own.
func public(t testing.TB, n int) *enr.Record {
	t.Helper()
	r, err := enr.Builder{Seq: 1, IP: netip.AddrFrom4([4]byte{byte(11 + n>>8), byte(n), 1, 1}), Rope: &enr.Rope{TCP: 4001}}.Sign(testKey(n))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// proven puts hosts into the book that we had a link with.
func proven(t testing.TB, b *Book, now time.Time, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		r := public(t, n)
		if err := b.Hear(now, "", r); err != nil {
			t.Fatal(err)
		}
		if err := b.Move(now, r.ID(), White); err != nil {
			t.Fatal(err)
		}
	}
}

// told asks for all there is under many identities and returns everybody heard of.
func told(t testing.TB, b *Book, now time.Time, network link.Network) map[id.ID]bool {
	t.Helper()
	out := map[id.ID]bool{}
	for range 200 {
		hosts := b.Tell(now, Asker{Network: network}, SampleMax)
		if len(hosts) > SampleMax {
			t.Fatalf("%d hosts in an answer", len(hosts))
		}
		for _, h := range hosts {
			out[h.ID] = true
		}
	}
	return out
}

// However many identities ask, from one kind of network they hear of a quarter of the
// book and no more, until a day is over.
func TestExcerptOfADay(t *testing.T) {
	b := New(Config{}, rand.New(rand.NewPCG(1, 1)))
	proven(t, b, t0, 1, 201)
	first := told(t, b, t0, "ip4")
	if len(first) != 50 {
		t.Fatalf("told of %d hosts of 200", len(first))
	}
	for _, d := range []time.Duration{time.Second, time.Hour, 20 * time.Hour} {
		for who := range told(t, b, t0.Add(d), "ip4") {
			if !first[who] {
				t.Fatalf("after %v told of another", d)
			}
		}
	}
	if other := told(t, b, t0, "onion"); len(other) != 50 || fmt.Sprint(other) == fmt.Sprint(first) {
		t.Error("another kind of network hears the same")
	}
	fresh := 0
	for who := range told(t, b, t0.Add(25*time.Hour), "ip4") {
		if !first[who] {
			fresh++
		}
	}
	if fresh < 10 {
		t.Errorf("%d others the day after", fresh)
	}
}

// A young book tells of eight hosts at least, and the excerpt grows with it at once.
func TestExcerptGrows(t *testing.T) {
	b := New(Config{}, rand.New(rand.NewPCG(1, 1)))
	known := 0
	for _, n := range []int{0, 1, 5, 8, 20, 40, 100, 160} {
		proven(t, b, t0, known+1, n+1)
		known = n
		if got, want := len(told(t, b, t0, "ip4")), min(n, max(excerptFloor, n/4)); got != want {
			t.Errorf("of %d hosts told of %d, want %d", n, got, want)
		}
	}
}

// Hosts that cannot be reached any more make room, every ten minutes, and banned ones
// are left out at once.
func TestExcerptForgetsTheGone(t *testing.T) {
	b := New(Config{}, rand.New(rand.NewPCG(1, 1)))
	proven(t, b, t0, 1, 101)
	first := told(t, b, t0, "ip4")
	n := 0
	for _, h := range b.Tell(t0, Asker{Network: "ip4"}, SampleMax) {
		if n++; n%2 == 0 {
			b.Tried(t0, h.ID, false)
		} else if n == 1 {
			_ = b.Ban(t0, OfID(h.ID), 48*time.Hour)
		}
	}
	if got := told(t, b, t0, "ip4"); len(got) != len(first)-1 {
		t.Errorf("told of %d hosts of %d, one of which is banned", len(got), len(first))
	}
	later := t0.Add(excerptTend)
	fresh, again := 0, told(t, b, later, "ip4")
	for who := range again {
		if !first[who] {
			fresh++
		}
		if h, _ := b.Get(who); h.Fails > 0 {
			t.Error("told of a host that cannot be reached")
		}
	}
	if fresh != 12 || len(again) != 24 {
		t.Errorf("%d hosts took the place of 13 that are gone, in all %d, a quarter of 99", fresh, len(again))
	}
}

// What an attacker puts into the book makes it tell no more.
func TestExcerptIsOfWhatMayBeTold(t *testing.T) {
	b := New(Config{}, rand.New(rand.NewPCG(1, 1)))
	proven(t, b, t0, 1, 41)
	for n := 41; n < 400; n++ {
		_ = b.Hear(t0, fmt.Sprintf("group %d", n/60), public(t, n))
	}
	if got := told(t, b, t0, "ip4"); len(got) != 10 {
		t.Errorf("told of %d of 40 proven hosts", len(got))
	}
	for i := range 50 {
		b.Tell(t0, Asker{Network: link.Network(fmt.Sprint(i))}, 10)
	}
	if n := b.excerpts.Len(); n > excerptsMax {
		t.Errorf("%d excerpts", n)
	}
}

// Who can be reached through Tor alone is told to those who ask for such hosts, however
// they came, and to nobody else; a host that can be reached both ways is told to all.
func TestHiddenHostsAreToldWhenAskedFor(t *testing.T) {
	for _, open := range []bool{false, true} {
		b := New(Config{Open: open}, rand.New(rand.NewPCG(1, 1)))
		add := func(n int, builder enr.Builder) id.ID {
			builder.Seq = 1
			r, err := builder.Sign(testKey(n))
			if err != nil {
				t.Fatal(err)
			}
			if err := b.Hear(t0, "", r); err != nil {
				t.Fatal(err)
			}
			if err := b.Move(t0, r.ID(), White); err != nil {
				t.Fatal(err)
			}
			return r.ID()
		}
		onion := enr.Onion{Key: [32]byte{1}, LibP2P: 4001}
		ip := netip.MustParseAddr("11.1.1.1")
		clear := add(1, enr.Builder{IP: ip, Rope: &enr.Rope{TCP: 4001}})
		both := add(2, enr.Builder{IP: ip.Next(), Rope: &enr.Rope{TCP: 4001, Onion: onion}})
		onion.Key[0]++
		hidden := add(3, enr.Builder{Rope: &enr.Rope{Onion: onion}})
		for _, c := range []struct {
			who  Asker
			want []id.ID
		}{
			{Asker{Network: link.NetIP4}, []id.ID{clear, both}},
			{Asker{Network: link.NetOnion}, []id.ID{clear, both}},
			{Asker{Network: link.NetIP4, Hidden: true}, []id.ID{clear, both, hidden}},
			{Asker{Network: "proxy", Hidden: true, ID: both}, []id.ID{clear, hidden}},
		} {
			got := map[id.ID]bool{}
			for _, h := range b.Tell(t0, c.who, SampleMax) {
				got[h.ID] = true
			}
			if len(got) != len(c.want) {
				t.Errorf("open %v, %+v: %d hosts, want %d", open, c.who, len(got), len(c.want))
			}
			for _, who := range c.want {
				if !got[who] {
					t.Errorf("open %v, %+v: one is missing", open, c.who)
				}
			}
		}
	}
}
