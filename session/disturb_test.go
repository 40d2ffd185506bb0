package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
)

// cutOff is a node with four slots and twenty proven hosts that has had no network for
// an hour, and a seed, the last member but one.
func cutOff(t *testing.T, mode string) (*network, *member) {
	w := newNetwork(t)
	seed := w.stranger("8.100.1.1")
	me := w.join("8.200.1.1", Config{Outbound: 4, Seeds: []link.Addr{seed.addr}})
	for n := range 20 {
		m := w.stranger(fmt.Sprintf("8.%d.1.1", n+1))
		_ = me.book.Hear(t0, "", m.rec)
		_ = me.book.Move(t0, m.key.ID(), hosts.White)
	}
	for _, m := range w.members {
		m.mode = mode
	}
	me.start()
	w.run(time.Hour)
	for _, m := range w.members {
		m.mode = ""
	}
	if me.k.filled() != 0 {
		t.Fatal("somebody was reached")
	}
	me.dials, me.tos = nil, nil
	return w, me
}

// TestDisturbedStartsAgain: after an hour without network the slots dial at once, each
// at its own moment, and fill before a seed is asked.
func TestDisturbedStartsAgain(t *testing.T) {
	for _, mode := range []string{"network unreachable", "hole"} {
		for _, why := range []Disturbance{Woke, NetworkChanged} {
			w, me := cutOff(t, mode)
			at := w.now
			me.k.Disturbed(at, why)
			w.run(restartMin - time.Millisecond)
			if len(me.dials) != 0 && mode != "hole" { // those end as they began
				t.Errorf("%s, %s: dials %s after it", mode, why, me.dials[0].Sub(at))
			}
			w.run(4 * time.Second)
			if n := me.k.filled(); n != 4 {
				t.Errorf("%s, %s: %d of 4 slots filled after 5 s", mode, why, n)
			}
			for i, to := range me.tos {
				if to == w.members[0].addr {
					t.Errorf("%s, %s: the seed is dialled after %s", mode, why, me.dials[i].Sub(at))
				}
			}
			for i := 1; i < len(me.dials); i++ {
				if me.dials[i].Equal(me.dials[i-1]) {
					t.Errorf("%s, %s: two dials in one moment", mode, why)
				}
			}
			if c := me.book.Counts(); c.White+c.Gold != 20 {
				t.Errorf("%s, %s: %+v after the outage", mode, why, c)
			}
		}
	}
}

// TestFirstPeerEndsTheOutage: nobody tells us that the network is back but the first
// who comes; then the others are not left waiting.
func TestFirstPeerEndsTheOutage(t *testing.T) {
	w, me := cutOff(t, "hole")
	other := w.stranger("8.150.1.1")
	other.k.Start(w.now)
	if err := other.k.Connect(w.now, other.k.tickets.Next(), me.addr); err != nil {
		t.Fatal(err)
	}
	for me.peers() == 0 {
		w.run(100 * time.Millisecond)
	}
	w.run(5 * time.Second)
	if n := me.k.filled(); n != 4 {
		t.Errorf("%d of 4 slots filled 5 s after the first peer", n)
	}
}

// TestDisturbedOftenIsNoStorm: a network that changes every two seconds makes nobody
// dial more, seeds least of all.
func TestDisturbedOftenIsNoStorm(t *testing.T) {
	w, me := cutOff(t, "network unreachable")
	for _, m := range w.members {
		m.mode = "network unreachable"
	}
	for range 900 { // half an hour
		me.k.Disturbed(w.now, NetworkChanged)
		w.run(2 * time.Second)
	}
	noStorm(t, me)
	seeds := 0
	for _, to := range me.tos {
		if to == w.members[0].addr {
			seeds++
		}
	}
	if seeds > 60 {
		t.Errorf("%d dials to the seed in half an hour", seeds)
	}
	me.k.Stop(w.now)
	me.k.Disturbed(w.now, Woke) // of a node that has stopped
	if !me.k.Deadline().IsZero() {
		t.Error("a stopped node has something to do")
	}
}

// TestSlowDialsAreFewAtATime: where dials that come up take seconds, more of them at a
// time would only take longer.
func TestSlowDialsAreFewAtATime(t *testing.T) {
	k := newNetwork(t).join("8.200.1.1", Config{Outbound: 8}).k
	for took, want := range map[time.Duration]int{0: 8, tookFair: 8, 2 * tookFair: 4, 3 * tookFair: 2, time.Hour: atOnceMin} {
		k.took = took
		if n := k.seats(); n != want {
			t.Errorf("dials take %s: %d at a time, want %d", took, n, want)
		}
	}
	if k.took = time.Hour; k.patience() != patienceMax {
		t.Errorf("patience %s, want %s", k.patience(), patienceMax)
	}
	if k.took = time.Millisecond; k.patience() != patience {
		t.Errorf("patience %s, want %s", k.patience(), patience)
	}
}

// TestStaleDialsBeginAnew: half of the hosts are cut off, and dials to them wait. When one
// of them is there again, dials that have waited for seconds are given up and begun anew.
func TestStaleDialsBeginAnew(t *testing.T) {
	w := newNetwork(t)
	me := w.join("8.200.1.1", Config{Outbound: 4, RefineEvery: -1})
	for n := range 4 {
		m := w.stranger(fmt.Sprintf("8.%d.1.1", n+1))
		_ = me.book.Hear(t0, "", m.rec)
		if n > 0 {
			m.mode = "hole"
		}
	}
	back := w.stranger("8.100.1.1")
	back.mode = "hole"
	_ = me.book.Hear(t0, "", back.rec)
	me.book.Tried(t0, back.key.ID(), false)
	me.start()
	w.run(10 * time.Second)
	if n := me.k.filled(); n != 1 {
		t.Fatalf("%d of 4 slots filled, want the one that answers", n)
	}
	for _, m := range w.members {
		m.mode = ""
	}
	me.given = nil
	back.k.Start(w.now)
	if err := back.k.Connect(w.now, back.k.tickets.Next(), me.addr); err != nil {
		t.Fatal(err)
	}
	w.run(2 * time.Second)
	if n := me.k.filled(); n != 4 || len(me.given) == 0 {
		t.Errorf("%d of 4 slots filled and %d dials given up 2 s after one is back", n, len(me.given))
	}
}
