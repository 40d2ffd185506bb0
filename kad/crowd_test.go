package kad

import (
	"testing"
)

// A table tells how large the network is, whether it is filled or has just begun with
// those nearest to it.
func TestSize(t *testing.T) {
	all := records(10000)
	for _, n := range []int{100, 1000, 10000} {
		sum, low := 0.0, 0
		const tries = 40
		for seed := range uint64(tries) {
			table := newTable(seed)
			enter(table, all[:n])
			sum += table.Size() / float64(n)

			w := &world{all: all}
			young := newTable(seed)
			near := w.sorted(young.cfg.Self, n)
			enter(young, near[:24])
			if young.Size() < float64(n)/4 {
				low++
			}
		}
		if mean := sum / tries; mean < 0.8 || mean > 2 || low > tries/10 {
			t.Errorf("%d nodes: %.2f times as many on average; a new table is far off %d times of %d", n, mean, low, tries)
		} else {
			t.Logf("%d nodes: %.2f times as many on average", n, mean)
		}
	}
	if newTable(1).Size() != 0 {
		t.Error("an empty table")
	}
}

func TestChance(t *testing.T) {
	for _, c := range []struct {
		n              int
		expected       float64
		atLeast, below float64
	}{{0, 5, 1, 1.01}, {16, 16, 0.5, 0.6}, {16, 5, 0.00005, 0.0001}, {16, 1, 0, 1e-12}, {16, 100, 1, 1.01}} {
		if got := chanceOf(c.n, c.expected); got < c.atLeast-1e-9 || got > c.below {
			t.Errorf("%d of %v: %v", c.n, c.expected, got)
		}
	}
}
