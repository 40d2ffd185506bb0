package utp

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestModelTimes holds the machine to its times for 1 MB, whatever the seed and
// whichever end writes.
func TestModelTimes(t *testing.T) {
	data := noise(1e6)
	for _, c := range []struct {
		name string
		line line
		bar  time.Duration
	}{
		{"20ms", line{trip: 20 * time.Millisecond}, 200 * time.Millisecond},
		{"100ms", line{trip: 100 * time.Millisecond}, time.Second},
		{"50ms 1%", line{trip: 50 * time.Millisecond, loss: 0.01}, time.Second},
		{"50ms 5%", line{trip: 50 * time.Millisecond, loss: 0.05}, 2500 * time.Millisecond},
		{"600ms", line{trip: 600 * time.Millisecond}, 6 * time.Second},
		{"50ms 1% reordered", line{trip: 50 * time.Millisecond, loss: 0.01, reorder: 0.1}, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.line.rate = 50e6
			c.line.buffer = 2e6
			var took []time.Duration
			for seed := range uint64(seeds(t)) {
				w := newWorld(t, seed, c.line)
				a, b := w.host(Config{}), w.host(Config{})
				x := w.send(a, b, data, seed%2 == 1)
				w.run(time.Minute, x.over)
				d := x.check(t)
				took = append(took, d)
				if d > c.bar {
					t.Errorf("seed %d: %v, at most %v", seed, d, c.bar)
				}
			}
			slices.Sort(took)
			t.Logf("1 MB: median %v, longest %v, of %d", took[len(took)/2], took[len(took)-1], len(took))
		})
	}
}

// seeds is how many worlds a test tries.
func seeds(t *testing.T) int {
	if testing.Short() {
		return 10
	}
	return 60
}

// TestManyAndLarge: 16 streams of 1 MiB at once, 10 MiB, 70 MiB, and none fails. The
// last has more packets than there are sequence numbers (trap 8).
func TestManyAndLarge(t *testing.T) {
	for _, c := range []struct {
		streams, mib int
	}{{16, 1}, {1, 10}, {1, 70}} {
		for _, l := range []line{
			{trip: 2 * time.Millisecond, rate: 50e6, buffer: 4e6},
			{trip: 50 * time.Millisecond, rate: 50e6, buffer: 4e6, loss: 0.01, reorder: 0.05},
		} {
			t.Run(fmt.Sprintf("%dx%dMiB %v %v", c.streams, c.mib, l.trip, l.loss), func(t *testing.T) {
				w := newWorld(t, 7, l)
				a, b := w.host(Config{PerPeer: 16}), w.host(Config{PerPeer: 16})
				data := noise(c.mib << 20)
				var all []*transfer
				for i := range c.streams {
					all = append(all, w.send(a, b, data, i%2 == 0))
				}
				w.run(10*time.Minute, func() bool {
					return !slices.ContainsFunc(all, func(x *transfer) bool { return !x.over() })
				})
				for _, x := range all {
					x.check(t)
				}
				took := w.now.Sub(t0)
				t.Logf("%v, %.1f MB/s, %+v", took, float64(c.streams*len(data))/1e6/took.Seconds(), a.e.Stats())
				w.run(time.Minute, nil)
				a.idle(t)
				b.idle(t)
			})
		}
	}
}
