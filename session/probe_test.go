package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
)

// TestRefineInParallel: a hundred hosts that nobody knows are probed at one a second;
// those that never answer hold no more than eight probes, and keep the others from
// nothing.
func TestRefineInParallel(t *testing.T) {
	w := newNetwork(t)
	peer := w.stranger("9.1.1.1")
	me := w.join("8.200.1.1", Config{Outbound: -1, Peers: []link.Addr{peer.addr}})
	me.start()
	w.run(time.Second)
	for i, m := range w.spread(me, 1, 100, hosts.Grey) {
		if i%4 == 0 {
			m.mode = "hole"
		}
	}
	most := 0
	for range 1300 {
		w.run(100 * time.Millisecond)
		most = max(most, me.k.dials.Len())
	}
	if most > refineMax || most < 3 {
		t.Errorf("%d probes at once", most)
	}
	noFasterThan(t, me, time.Second*3/4)
	if c := me.book.Counts(); c.White != 75 {
		t.Errorf("after 130 s %+v", c)
	}
}

func noFasterThan(t *testing.T, m *member, gap time.Duration) {
	t.Helper()
	for i := 2; i < len(m.dials); i++ {
		if d := m.dials[i].Sub(m.dials[i-1]); d < gap {
			t.Fatalf("n%d: two probes within %s", m.n, d)
		}
	}
}

// TestRefineAtLeisure: when everybody is tried, only those that failed and those that
// were not seen for long are looked at again, every fifteen seconds at most. What others
// are told of is looked at every two minutes.
func TestRefineAtLeisure(t *testing.T) {
	for _, c := range []struct{ outbound, from, to int }{{1, 60, 330}, {-1, 300, 600}} {
		w := newNetwork(t)
		peer := w.stranger("9.1.1.1")
		me := w.join("8.200.1.1", Config{Outbound: c.outbound, Peers: []link.Addr{peer.addr}})
		w.spread(me, 1, 11, hosts.White)
		me.start()
		for _, m := range w.spread(me, 50, 10, hosts.Grey) {
			m.mode = "connection refused"
		}
		w.run(time.Minute)
		me.dials = nil
		w.run(time.Hour)
		if c.outbound < 0 { // else the feeler comes between
			noFasterThan(t, me, time.Second*3/4)
		}
		if n := len(me.dials); n < c.from || n > c.to {
			t.Errorf("outbound %d: %d probes in a quiet hour, want %d to %d", c.outbound, n, c.from, c.to)
		}
	}
}

// TestNoProbesOffline: who has no peer probes nobody, for it may be our own network; the
// slots find out when that is back, or, where there are none, a probe every 15 s.
func TestNoProbesOffline(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{Outbound: 1})
	for _, m := range w.spread(me, 1, 20, hosts.Grey) {
		m.mode = "connection refused"
	}
	me.start()
	w.run(offlineAfter)
	before := me.logged("refine_failed")
	w.run(time.Hour)
	if n := me.logged("refine_failed") - before; n > 0 {
		t.Errorf("%d probes", n)
	}
	if c := me.book.Counts(); c.Grey != 20 {
		t.Errorf("book %+v", c)
	}

	w = newNetwork(t)
	me = w.join("8.200.1.1", Config{Outbound: -1})
	proven := w.spread(me, 1, 20, hosts.White)
	for _, m := range proven {
		m.mode = "network unreachable"
	}
	me.start()
	w.run(time.Hour)
	if c := me.book.Counts(); c.White != 20 || len(me.dials) > 400 {
		t.Errorf("%d probes, book %+v", len(me.dials), c)
	}
	for _, m := range proven {
		m.mode = ""
	}
	w.run(2 * time.Minute)
	if n := me.logged("refine_ok"); n < 20 {
		t.Errorf("%d hosts found again", n)
	}
}

// TestFeeler: the feeler's link is closed again and takes no place.
func TestFeeler(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{Outbound: 2, RefineEvery: 1000 * time.Hour})
	w.spread(me, 1, 2, hosts.White)
	me.start()
	w.run(time.Second)
	w.spread(me, 50, 20, hosts.Grey)
	me.dials = nil
	w.run(20 * time.Minute)
	if n := len(me.dials); n < 8 || n > 14 {
		t.Errorf("%d dials in 20 minutes", n)
	}
	noFasterThan(t, me, feelerEvery*3/4)
	if c := me.book.Counts(); c.White != len(me.dials) || me.peers() != 2 || len(me.links) != 2 {
		t.Errorf("%d peers, %d links, book %+v", me.peers(), len(me.links), c)
	}
}

// TestSlowHostsKeepNoSlot: half of the hosts never answer; the slots are filled within
// seconds all the same, no slot has more than two dials, and a host that answers late
// has a slot that is still empty.
func TestSlowHostsKeepNoSlot(t *testing.T) {
	w := newNetwork(t)
	peer := w.stranger("9.1.1.1") // so that failures count
	me := w.join("8.200.1.1", Config{Peers: []link.Addr{peer.addr}, RefineEvery: -1})
	for _, m := range w.spread(me, 1, 60, hosts.White) {
		if m.n%2 == 0 {
			m.mode = "hole"
		}
	}
	me.start()
	for me.k.filled() < OutboundDefault {
		w.run(10 * time.Millisecond)
		if n, missing := me.k.dials.Len(), OutboundDefault-me.k.filled(); n > 2*missing+1 && w.now.Sub(t0) < 2*time.Second {
			t.Fatalf("%d dials for %d missing links", n, missing)
		}
		if w.now.Sub(t0) > 20*time.Second { // ten looks of 2 s, half of which succeed
			t.Fatalf("%d slots filled after 20 s", me.k.filled())
		}
	}
	t.Logf("all slots filled after %s", w.now.Sub(t0))

	w = newNetwork(t)
	me = w.join("8.200.1.1", Config{Outbound: 2, RefineEvery: -1})
	slow := w.spread(me, 1, 1, hosts.White)[0]
	w.lag = 5 * time.Second
	me.start()
	w.run(patience + time.Second)
	if me.logged("slot_handed_over") != 1 {
		t.Errorf("log %q", me.log)
	}
	w.run(5 * time.Second)
	if me.k.Kind(slow.key.ID()) != Outbound || me.k.filled() != 1 {
		t.Errorf("the late link is %q: %s", me.k.Kind(slow.key.ID()), fmt.Sprint(me.k.Slots()))
	}
}
