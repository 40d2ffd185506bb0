package utp

import (
	"slices"
	"testing"
	"time"
)

// TestStreamsInherit: of many streams to one place, one after another, the first alone
// begins slowly.
func TestStreamsInherit(t *testing.T) {
	for _, pull := range []bool{false, true} {
		var first, later []time.Duration
		for seed := range uint64(seeds(t)) {
			w := newWorld(t, seed, line{trip: 50 * time.Millisecond, loss: 0.01, reorder: 1, shift: 10 * time.Millisecond})
			a, b := w.host(Config{}), w.host(Config{})
			for i := range 4 {
				x := w.send(a, b, noise(1<<20), pull)
				w.run(time.Minute, x.over)
				if d := x.check(t); i == 0 {
					first = append(first, d)
				} else {
					later = append(later, d)
				}
				a.e.check(t)
				b.e.check(t)
			}
		}
		slices.Sort(first)
		slices.Sort(later)
		one, more := first[len(first)/2], later[len(later)/2]
		t.Logf("1 MiB at 50 ms: the first in %v, a later one in %v", one, more)
		if more > one*2/3 {
			t.Errorf("pull %v: a later one takes %v, the first %v", pull, more, one)
		}
	}
}

// TestOneHeir: what a stream knew is handed on once, to the same place, and while it is new.
func TestOneHeir(t *testing.T) {
	w := newWorld(t, 1, line{trip: 50 * time.Millisecond})
	a, b, c := w.host(Config{}), w.host(Config{}), w.host(Config{})
	window := func(to *host) (int, int) {
		x := w.send(a, to, noise(100), false)
		s, r := a.e.tickets[x.tFrom], (*stream)(nil)
		w.run(time.Minute, func() bool { // until both ends know of it
			r = to.e.tickets[x.tTo]
			return s.state == open && r.state == open
		})
		n, credit := s.ledbat.window, r.credit
		w.run(time.Minute, x.over)
		return n, credit
	}
	fill := func() {
		x := w.send(a, b, noise(1<<20), false)
		w.run(time.Minute, x.over)
		x.check(t)
	}
	fresh := windowFirst * PayloadMax
	fill()
	if n, credit := window(c); n != fresh || credit != 0 {
		t.Errorf("elsewhere: window %d, credit %d", n, credit)
	}
	if n, credit := window(b); n <= fresh || credit != 1<<20 {
		t.Errorf("the heir: window %d, credit %d", n, credit)
	}
	// Handed on again, as it was not used up; but not to two at once.
	x, y := w.send(a, b, noise(1<<20), false), w.send(a, b, noise(1<<20), false)
	if p, q := a.e.tickets[x.tFrom].ledbat.window, a.e.tickets[y.tFrom].ledbat.window; p <= fresh || q != fresh {
		t.Errorf("two heirs: windows %d and %d", p, q)
	}
	w.run(time.Minute, func() bool { return x.over() && y.over() })
	w.run(heirFor, nil)
	if n, credit := window(b); n != fresh || credit != 0 {
		t.Errorf("too late: window %d, credit %d", n, credit)
	}
	// One that failed leaves nothing.
	x = w.send(a, b, noise(32<<20), false)
	w.run(600*time.Millisecond, nil)
	b.e.Abort(w.now, x.tTo)
	w.run(time.Second/2, x.over)
	if n, credit := window(b); n != fresh || credit != 0 {
		t.Errorf("after a failure: window %d, credit %d", n, credit)
	}
}

// TestHeirsOnANarrowLine: windows that are handed on fill no queue beyond LEDBAT's target
// for long, and none is lost for it.
func TestHeirsOnANarrowLine(t *testing.T) {
	for seed := range uint64(seeds(t)) {
		w := newWorld(t, seed, line{trip: 50 * time.Millisecond, rate: 1_000_000, buffer: 400_000})
		a, b := w.host(Config{}), w.host(Config{})
		began := w.now
		for range 12 {
			x := w.send(a, b, noise(256<<10), false)
			w.run(time.Minute, x.over)
			x.check(t)
		}
		took := w.now.Sub(began)
		if s := a.e.Stats(); s.Resent > s.PacketsOut/50 || took > 6*time.Second || a.longest > 3*target {
			t.Errorf("seed %d: %v, %d packets again, %v in the queue", seed, took, s.Resent, a.longest)
		}
	}
}

// TestStreamsShareRoom: streams of one peer that come with losses are told of no more room
// than there is for all of them, so that nothing is sent that cannot be kept.
func TestStreamsShareRoom(t *testing.T) {
	for seed := range uint64(10) {
		w := newWorld(t, seed, line{trip: 50 * time.Millisecond, loss: 0.01})
		a, b := w.host(Config{}), w.host(Config{})
		var all []*transfer
		for range PerPeer {
			all = append(all, w.send(a, b, noise(4<<20), false))
		}
		w.run(time.Minute, func() bool { return !slices.ContainsFunc(all, func(x *transfer) bool { return !x.over() }) })
		for _, x := range all {
			x.check(t)
		}
		if part := float64(a.e.Stats().Resent) / float64(PerPeer*(4<<20)/PayloadMax); part > 0.02 {
			t.Errorf("seed %d: %.1f %% are sent again where 1 %% are lost", seed, 100*part)
		}
	}
}
