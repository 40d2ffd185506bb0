package kad

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"pgregory.net/rapid"
)

// Closest, in its order of buckets, is what a full sort gives.
func TestClosestIsTheSortedTable(t *testing.T) {
	all := records(3000)
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		table := newTable(seed)
		rng := draw(seed)
		for range rng.IntN(800) {
			r := all[rng.IntN(len(all))]
			if table.Add(start, r, Found) && rng.IntN(3) > 0 {
				table.Alive(start, r.ID(), 0)
			}
		}
		target := targetOf(rt, table, rng)
		n, live := rapid.IntRange(0, 40).Draw(rt, "n"), rapid.Bool().Draw(rt, "live")
		got := table.Closest(target, n, live)
		want := sorted(table, target, live)
		if !slices.Equal(got, want[:min(n, len(want))]) {
			rt.Fatalf("%d nodes of %d, not the closest", len(got), len(want))
		}
	})
}

// targetOf draws IDs far, near and equal to our own.
func targetOf(rt *rapid.T, t *Table, rng *rand.Rand) id.ID {
	d := rapid.IntRange(0, 256).Draw(rt, "distance")
	if d == 0 {
		return t.cfg.Self
	}
	return RandomAt(t.cfg.Self, d, rng)
}

func sorted(t *Table, target id.ID, live bool) (out []*enr.Record) {
	for _, b := range t.Buckets() {
		for _, e := range b {
			if !e.Cached && (e.Live || !live) {
				out = append(out, e.Record)
			}
		}
	}
	slices.SortFunc(out, func(a, b *enr.Record) int { return id.CompareDistance(target, a.ID(), b.ID()) })
	return out
}

func BenchmarkClosest(b *testing.B) {
	table := newTable(1)
	enter(table, records(3000))
	rng := draw(9)
	var targets [256]id.ID
	for i := range targets {
		targets[i] = Random(rng)
	}
	var room [BucketMax]*enr.Record
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		table.AppendClosest(room[:0], targets[i%len(targets)], BucketMax, true)
	}
}
