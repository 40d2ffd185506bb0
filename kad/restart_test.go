package kad

import (
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// A node restarts a hundred times with thirty saved nodes, of which a third is gone, while
// a thousand hostile ones, each in a network of its own, write to it and answer at once
// whatever it asks. It always finds honest nodes to begin a search with, and they are
// a good part of its table.
func TestRestartsUnderAttack(t *testing.T) {
	all := records(4000)
	honest, hostile := all[:3000], all[3000:]
	worst := 1.0
	for trial := range uint64(100) {
		rng := draw(trial)
		table, bad, dead := newTable(trial), map[id.ID]bool{}, map[id.ID]bool{}
		for _, r := range hostile {
			bad[r.ID()] = true
		}
		now := start
		flood := func(n int) {
			for range n {
				r := hostile[rng.IntN(len(hostile))]
				table.Add(now, r, Told)
				table.Alive(now, r.ID(), time.Millisecond)
			}
		}
		flood(500) // before we have read the file
		for i, at := range rng.Perm(len(honest))[:30] {
			table.Add(now, honest[at], Found)
			dead[honest[at].ID()] = i%3 == 0
		}
		for now.Before(start.Add(30 * time.Second)) {
			now = now.Add(50 * time.Millisecond)
			flood(5)
			for r, ok := table.Due(now); ok; r, ok = table.Due(now) {
				if dead[r.ID()] {
					table.Failed(now, r.ID())
				} else {
					table.Alive(now, r.ID(), 50*time.Millisecond)
				}
			}
		}
		invariants(t, table)
		begin := func(target id.ID, live bool) (good int) {
			for _, r := range table.Closest(target, table.Len(), live) {
				if !bad[r.ID()] {
					good++
				}
			}
			return good
		}
		target := Random(rng)
		if begin(target, true) == 0 {
			t.Errorf("restart %d: eclipsed", trial)
		}
		if first := table.Closest(target, BucketMax, false); !slices.ContainsFunc(first, func(r *enr.Record) bool { return !bad[r.ID()] }) {
			t.Errorf("restart %d: a search begins among hostile nodes alone", trial)
		}
		worst = min(worst, float64(begin(target, true))/float64(table.Live()))
	}
	t.Logf("at the worst %.0f %% of the live nodes are honest", 100*worst)
	if worst < 0.4 {
		t.Errorf("%.2f of the live nodes are honest", worst)
	}
}
