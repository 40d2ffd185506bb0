package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
)

// TestDeal: how many slots there are for what.
func TestDeal(t *testing.T) {
	for n := range OutboundMax + 1 {
		count := map[string]int{}
		for _, use := range deal(n, KnownPercent) {
			count[use]++
		}
		switch {
		case len(deal(n, KnownPercent)) != n:
			t.Errorf("%d slots: %d dealt", n, len(deal(n, KnownPercent)))
		case count[UseAnchor] > anchorSlots || n >= 8 && count[UseAnchor] != anchorSlots:
			t.Errorf("%d slots: %d anchors", n, count[UseAnchor])
		case n >= 2 && (count[UseExplore] < 1 || 100*count[UseKnown] > KnownPercent*n):
			t.Errorf("%d slots: %d explore, %d known", n, count[UseExplore], count[UseKnown])
		case n >= 8 && (count[UseNetwork] != 1 || 100*count[UseKnown] < 50*n):
			t.Errorf("%d slots: %d network, %d known", n, count[UseNetwork], count[UseKnown])
		}
	}
	if got := strings.Join(deal(8, 0), " "); got != "anchor anchor explore explore explore explore explore network" {
		t.Errorf("of eight, none known: %s", got)
	}
	if got := strings.Join(deal(8, KnownPercent), " "); got != "anchor anchor known known known known explore network" {
		t.Errorf("of eight: %s", got)
	}
}

// TestUsesOutliveAChange: slots keep what they are for when others come and go, as far
// as the deal of the new number lets them.
func TestUsesOutliveAChange(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{})
	for _, n := range []int{8, 3, 12, 1, 0, 5, 8, 128, 2} {
		before := map[*slot]string{}
		for _, s := range me.k.outs {
			before[s] = s.Use
		}
		me.k.SetOutbound(t0, n)
		want, got := map[string]int{}, map[string]int{}
		for _, use := range deal(n, KnownPercent) {
			want[use]++
		}
		kept := map[string]int{}
		for _, s := range me.k.outs {
			got[s.Use]++
			if before[s] == s.Use {
				kept[s.Use]++
			}
		}
		for use := range want {
			if got[use] != want[use] {
				t.Errorf("%d slots: %d for %s, want %d", n, got[use], use, want[use])
			}
		}
		for s, use := range before {
			if s.State != Idle && s.Use != use && kept[use] < want[use] {
				t.Errorf("%d slots: one lost its use %s for nothing", n, use)
			}
		}
	}
}

// spread puts n hosts, each in a network group of its own, into the book of me.
func (w *network) spread(me *member, from, n int, c hosts.Colour) (out []*member) {
	for i := range n {
		m := w.stranger(fmt.Sprintf("8.%d.1.1", from+i))
		_ = me.book.Hear(w.now, "", m.rec)
		if c != hosts.Grey {
			_ = me.book.Move(w.now, m.key.ID(), c)
		}
		out = append(out, m)
	}
	return out
}

// TestUsesShapePicks: one slot of eight goes to a host that nobody has proven, the rest
// to proven ones, as long as there are both.
func TestUsesShapePicks(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{RefineEvery: -1})
	w.spread(me, 1, 20, hosts.White)
	grey := map[string]bool{}
	for _, m := range w.spread(me, 50, 20, hosts.Grey) {
		grey[m.addr.String()] = true
	}
	me.start()
	w.run(3 * time.Second)
	for _, s := range me.k.outs {
		if s.State != Connected || grey[s.Addr.String()] != (s.Use == UseExplore) {
			t.Errorf("slot for %s: %s, at an unproven host: %v", s.Use, s.State, grey[s.Addr.String()])
		}
	}
}

// TestTrap03WhiteIsConsulted: the proven hosts with links are enough for the share of the
// proven, all of them are connected and nobody unproven is known; the slots that are free
// go to white all the same.
func TestTrap03WhiteIsConsulted(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{RefineEvery: -1})
	w.spread(me, 1, 3, hosts.Gold)
	w.spread(me, 50, 10, hosts.White)
	me.start()
	w.run(3 * time.Second)
	if c := me.book.Counts(); me.k.filled() != OutboundDefault || c.Gold != OutboundDefault || c.Grey != 0 {
		t.Errorf("%d of %d slots filled, book %+v", me.k.filled(), OutboundDefault, c)
	}
}

// TestNetworkSlot: a host in a kind of network that no link is in takes the place of one
// link, and only of one; those of hidden services keep nobody of their kind away.
func TestNetworkSlot(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{RefineEvery: time.Minute})
	w.spread(me, 1, 12, hosts.White)
	me.start()
	w.run(time.Minute)
	if me.k.filled() != OutboundDefault {
		t.Fatalf("%d slots filled", me.k.filled())
	}
	var six []*member
	for n := range 3 {
		six = append(six, w.stranger(fmt.Sprintf("2a0%d::1", n+1)))
		_ = me.book.Hear(w.now, "", six[n].rec)
	}
	count := func() (n int) {
		for _, s := range me.k.outs {
			if s.State == Connected && s.Addr.Network() == link.NetIP6 {
				n++
			}
		}
		return n
	}
	for w.run(time.Second); count() == 0; w.run(time.Second) {
		if w.now.Sub(t0) > time.Minute+lookEvery*5/4 {
			t.Fatal("nobody looked")
		}
	}
	at := w.now
	w.run(time.Hour)
	if count() != 1 || me.k.filled() != OutboundDefault || me.logged("slot_yielded") != 1 {
		t.Errorf("%d slots in IPv6, %d filled, %d links given up", count(), me.k.filled(), me.logged("slot_yielded"))
	}
	for _, s := range me.k.outs {
		if s.Addr.Network() == link.NetIP6 && (s.Use != UseNetwork || s.Since.After(at)) {
			t.Errorf("slot %+v", s.Slot)
		}
	}
}

// TestSeedsWord: hosts that we have from one seed alone fill the slots as long as there
// is nobody else, and half of them when there is.
func TestSeedsWord(t *testing.T) {
	w := newNetwork(t)
	seed := w.stranger("9.1.1.1")
	me := w.join("8.200.1.1", Config{Seeds: []link.Addr{seed.addr}, RefineEvery: time.Minute})
	for n := range 20 {
		seed.knows = append(seed.knows, w.stranger(fmt.Sprintf("8.%d.1.1", n+1)))
	}
	from := func() (n int) {
		for _, s := range me.k.outs {
			if s.State == Connected && s.source == seed.addr.Group() {
				n++
			}
		}
		return n
	}
	me.start()
	w.run(10 * time.Second)
	if from() != OutboundDefault {
		t.Fatalf("%d slots filled with what the seed knows", from())
	}
	for n := range 10 {
		m := w.stranger(fmt.Sprintf("8.%d.1.1", 100+n))
		_ = me.book.Hear(w.now, "8.1", m.rec)
	}
	w.run(time.Hour)
	if from() != OutboundDefault/2 || me.k.filled() != OutboundDefault {
		t.Errorf("%d slots on the seed's word, of %d filled", from(), me.k.filled())
	}
	for range 20 {
		w.cut(me.links[me.k.outs[3].ID], "connection reset")
		w.run(5 * time.Second)
		if from() > OutboundDefault/2 || me.k.filled() != OutboundDefault {
			t.Fatalf("%d slots on the seed's word, of %d filled, after a link was lost", from(), me.k.filled())
		}
	}
}
