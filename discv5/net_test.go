package discv5

import (
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// net makes n machines on one address that know the first.
func (w *world) net(n int) []*machine {
	first := w.add(0, loopback(0))
	for i := 1; i < n; i++ {
		w.add(i, loopback(i), func(c *Config) { c.Bootnodes = []*enr.Record{first.cfg.Record} })
	}
	return w.all
}

// Fifty nodes on one address, started at once, have tables of 16 live nodes within 10 s,
// and a lookup then finds the nodes that are nearest.
func TestNet(t *testing.T) {
	w := newWorld(t, 3)
	all := w.net(50)
	took := w.until(10*time.Second, func() bool {
		return !slices.ContainsFunc(all, func(m *machine) bool { return m.Stats().Live < 16 })
	})
	t.Logf("16 live nodes everywhere after %v", took)
	w.run(10 * time.Second)
	right, missed, tried := 0, 0, 0
	for i := range 40 {
		from := all[w.rng.IntN(len(all))]
		target := id.Keccak256([]byte{byte(i)})
		tick := from.next.Next()
		from.take(from.Lookup(w.now, tick, target))
		got := from.answer(tick)
		if got.Err != nil {
			t.Fatal(got.Err)
		}
		truth := w.nearest(from, target)
		if len(got.Records) > 0 && got.Records[0].ID() == truth[0] {
			right++
		}
		for _, who := range truth {
			if !slices.ContainsFunc(got.Records, func(r *enr.Record) bool { return r.ID() == who }) {
				missed++
			}
		}
		tried++
	}
	t.Logf("%d of %d lookups found the nearest; of the nearest 16 they missed %d in all", right, tried, missed)
	if right < tried*95/100 || missed > 16*tried*2/100 {
		t.Errorf("%d of %d lookups are right, %d nodes missed", right, tried, missed)
	}
	total := Stats{}
	for _, m := range all {
		s := m.Stats()
		total.Handshakes += s.Handshakes
		total.PacketsOut += s.PacketsOut
		total.Timeouts += s.Timeouts
		total.Dropped += s.Dropped
		total.Challenges += s.Challenges
	}
	t.Logf("in all: %+v", total)
}

// nearest is the truth.
func (w *world) nearest(but *machine, target id.ID) (out []id.ID) {
	for _, m := range w.all {
		if m != but && !m.down {
			out = append(out, m.key.ID())
		}
	}
	slices.SortFunc(out, func(a, b id.ID) int { return id.CompareDistance(target, a, b) })
	return out[:min(16, len(out))]
}
