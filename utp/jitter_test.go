package utp

import (
	"slices"
	"testing"
	"time"
)

// TestJitterIsNoLoss: where every packet takes some time longer than another, so that most
// overtake each other, what is taken for lost and comes after all costs no window for long.
func TestJitterIsNoLoss(t *testing.T) {
	for _, c := range []struct {
		line line
		most time.Duration
	}{
		{line{trip: 40 * time.Millisecond, reorder: 1, shift: 60 * time.Millisecond}, 1500 * time.Millisecond},
		{line{trip: 40 * time.Millisecond, reorder: 1, shift: 10 * time.Millisecond}, time.Second},
		{line{trip: 100 * time.Millisecond, reorder: 0.1, shift: 50 * time.Millisecond}, 1600 * time.Millisecond},
	} {
		var took []time.Duration
		for seed := range uint64(seeds(t)) {
			w := newWorld(t, seed, c.line)
			a, b := w.host(Config{}), w.host(Config{})
			x := w.send(a, b, noise(3<<20), seed%2 == 0)
			w.run(time.Minute, x.over)
			d := x.check(t)
			took = append(took, d)
			if d > c.most {
				t.Errorf("seed %d, %v: %v, at most %v", seed, c.line.shift, d, c.most)
			}
		}
		slices.Sort(took)
		t.Logf("3 MiB, up to %v later: median %v, longest %v, of %d", c.line.shift, took[len(took)/2], took[len(took)-1], len(took))
	}
}
