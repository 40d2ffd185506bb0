package ropewalk

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/link/mem"
)

// machine is one whose clocks and addresses a test moves.
type fakeMachine struct{ g glance }

func newFakeMachine(boot bool) *fakeMachine {
	f := &fakeMachine{glance{wall: time.Unix(1_900_000_000, 0), run: time.Hour, addrs: addrsIn("192.0.2.7")}}
	if boot {
		f.g.boot = 2 * time.Hour
	}
	return f
}

func addrsIn(texts ...string) (out []netip.Addr) {
	for _, s := range texts {
		out = append(out, netip.MustParseAddr(s))
	}
	return out
}

// pass lets time go by, of which a part is slept; the wall clock is set besides.
func (f *fakeMachine) pass(d, slept, set time.Duration) {
	f.g.wall = f.g.wall.Add(d + set)
	f.g.run += d - slept
	if f.g.boot > 0 {
		f.g.boot += d
	}
}

func (f *fakeMachine) look() glance { return f.g }

const day, tenYears = 24 * time.Hour, 3653 * 24 * time.Hour

// Sleep, a wall clock that is set, and other addresses are told from each other, as far
// as the machine's clocks allow.
func TestWatchTellsWhatHappened(t *testing.T) {
	for _, tc := range []struct {
		name string
		boot bool // the machine has a clock that goes on while it sleeps
		do   func(f *fakeMachine)
		want change
	}{
		{"nothing", true, func(f *fakeMachine) { f.pass(watchEvery, 0, 0) }, change{}},
		{"a slow clock", true, func(f *fakeMachine) { f.pass(watchEvery, 0, -gapMin) }, change{}},
		{"a busy machine", true, func(f *fakeMachine) { f.pass(20*time.Second, 0, 0) }, change{}},
		{"sleep", true, func(f *fakeMachine) { f.pass(8*time.Hour, 8*time.Hour-time.Second, 0) }, change{slept: 8*time.Hour - time.Second}},
		{"a nap", true, func(f *fakeMachine) { f.pass(watchEvery+gapMin, gapMin, 0) }, change{}},
		{"sleep, no such clock", false, func(f *fakeMachine) { f.pass(time.Hour, time.Hour, 0) }, change{slept: time.Hour, jumped: time.Hour}},
		{"a day ahead", true, func(f *fakeMachine) { f.pass(watchEvery, 0, day) }, change{slept: day, jumped: day}},
		{"a day back", true, func(f *fakeMachine) { f.pass(watchEvery, 0, -day) }, change{jumped: -day}},
		{"ten years ahead", true, func(f *fakeMachine) { f.pass(watchEvery, 0, tenYears) }, change{slept: tenYears, jumped: tenYears}},
		{"ten years back", true, func(f *fakeMachine) { f.pass(watchEvery, 0, -tenYears) }, change{jumped: -tenYears}},
		{"sleep and a clock set", true, func(f *fakeMachine) { f.pass(time.Hour, time.Hour, -day) }, change{slept: time.Hour, jumped: -day}},
		{"a new address", true, func(f *fakeMachine) { f.g.addrs = addrsIn("192.0.2.7", "2001:db8::1") }, change{moved: true}},
		{"another address", true, func(f *fakeMachine) { f.g.addrs = addrsIn("198.51.100.9") }, change{moved: true}},
		{"no address", true, func(f *fakeMachine) { f.g.addrs = nil }, change{}},
		{"a clock that never moves", true, func(f *fakeMachine) { f.g.run += time.Hour; f.g.wall = f.g.wall.Add(time.Hour) }, change{}},
	} {
		f := newFakeMachine(tc.boot)
		w := &watch{look: f.look}
		if c := w.next(); !c.none() {
			t.Errorf("%s: the first look says %+v", tc.name, c)
		}
		tc.do(f)
		if c := w.next(); c != tc.want {
			t.Errorf("%s: %+v, want %+v", tc.name, c, tc.want)
		}
		if c := w.next(); !c.none() {
			t.Errorf("%s: told twice: %+v", tc.name, c)
		}
	}

	f := newFakeMachine(true)
	w := &watch{look: f.look}
	w.next()
	had := f.g.addrs
	f.g.addrs = nil
	w.next()
	f.g.addrs = had
	if c := w.next(); !c.moved {
		t.Error("that the same network is back is no news")
	}
}

// TestTrap33SleepAndNetworkAreNoticed: the machine is told, asks its peers at once, and
// says so in the stream of events.
func TestTrap33SleepAndNetworkAreNoticed(t *testing.T) {
	for _, tc := range []struct {
		name, kind string
		do         func(f *fakeMachine)
	}{
		{"sleep", "session woke", func(f *fakeMachine) { f.pass(time.Hour, time.Hour, 0) }},
		{"another network", "session network_changed", func(f *fakeMachine) { f.g.addrs = addrsIn("198.51.100.9") }},
		{"ten years back", "node clock_jumped", func(f *fakeMachine) { f.pass(0, 0, -tenYears) }},
	} {
		synctest.Test(t, func(t *testing.T) {
			wire, f := mem.NewNetwork(), newFakeMachine(true)
			a := made(t, memConfig(wire, "a"))
			still := f.g
			a.watch.look = func() glance { return still } // the housekeeper's looks see nothing
			if err := a.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			b := started(t, memConfig(wire, "b"))
			join(t, a, b)
			time.Sleep(10 * time.Second)
			synctest.Wait()
			events := a.Events(t.Context())
			w := &watch{look: f.look}
			w.next()
			tc.do(f)
			a.tellChange(w.next())
			if got := <-events.C(); got.Strand+" "+got.Kind != tc.kind {
				t.Errorf("%s: told %s %s, want %s", tc.name, got.Strand, got.Kind, tc.kind)
			}
			time.Sleep(10 * time.Second)
			synctest.Wait()
			if n := peers(t, a); n != 1 {
				t.Errorf("%s: %d peers after it, want the one that was", tc.name, n)
			}
			events.Close()
		})
	}
}

// TestTrap33LateTimerIsNoSilence: a process that was stopped for a minute does not take
// the pongs it did not read for silence.
func TestTrap33LateTimerIsNoSilence(t *testing.T) {
	n := made(t, memConfig(mem.NewNetwork(), "a"))
	events := n.Events(t.Context())
	now := time.Now()
	n.machine.Start(now)
	for late, want := range map[time.Duration]int{gapMin + time.Second: 1, gapMin - time.Second: 0} {
		n.stoodStill(now, now.Add(-late))
		n.stoodStill(now, time.Time{}) // no timer was set
		woke := 0
		for len(events.C()) > 0 {
			if e := <-events.C(); e.Kind == "woke" {
				woke++
			}
		}
		if woke != want {
			t.Errorf("a timer %s late: woke %d times, want %d", late, woke, want)
		}
	}
	n.machine.Stop(now)
}

// What the system says of its interfaces is read, and is the same twice.
func TestInterfacesAreRead(t *testing.T) {
	in := &interfaces{}
	first := in.addrs()
	for _, a := range first {
		if a.IsLoopback() || a.IsLinkLocalUnicast() {
			t.Errorf("%s leads nowhere", a)
		}
	}
	if c := newWatch().next(); !c.none() {
		t.Errorf("the first look says %+v", c)
	}
}

// BenchmarkWatch is one look: with one in watchEvery it is what being watchful costs.
func BenchmarkWatch(b *testing.B) {
	w := newWatch()
	for b.Loop() {
		w.next()
	}
}
