package kad

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// world is a network of which everybody knows 16 nodes at each distance, as a table that
// is filled does, without the tables.
type world struct {
	all   []*enr.Record // by ID
	bad   map[id.ID]bool
	dead  map[id.ID]bool
	bads  []*enr.Record
	bogus []*enr.Record // records of nobody, for liars to name
	rng   *rand.Rand
	// lieNear has liars name those of bogus that are nearest to the target.
	lieNear bool
}

func newWorld(n int, seed uint64) *world {
	w := &world{all: slices.Clone(records(n)), bad: map[id.ID]bool{}, dead: map[id.ID]bool{}, rng: draw(seed)}
	slices.SortFunc(w.all, func(a, b *enr.Record) int { return a.ID().Compare(b.ID()) })
	return w
}

// turn makes a part of the network into what mark says.
func (w *world) turn(mark map[id.ID]bool, part float64) {
	for _, i := range w.rng.Perm(len(w.all))[:int(part*float64(len(w.all)))] {
		mark[w.all[i].ID()] = true
	}
	w.bads = nil
	for _, r := range w.all {
		if w.bad[r.ID()] {
			w.bads = append(w.bads, r)
		}
	}
}

// within are the nodes of a list at a distance from one.
func within(all []*enr.Record, who id.ID, d int) []*enr.Record {
	low := who
	bit := 256 - d
	low[bit/8] ^= 0x80 >> (bit % 8)
	high := low
	for i := bit + 1; i < 256; i++ {
		low[i/8] &^= 0x80 >> (i % 8)
		high[i/8] |= 0x80 >> (i % 8)
	}
	from := sort.Search(len(all), func(i int) bool { return all[i].ID().Compare(low) >= 0 })
	to := sort.Search(len(all), func(i int) bool { return all[i].ID().Compare(high) > 0 })
	return all[from:to]
}

// bucket is what a node knows at a distance: always the same 16.
func (w *world) bucket(all []*enr.Record, who id.ID, d int) (out []*enr.Record) {
	at := within(all, who, d)
	if len(at) <= BucketMax {
		return at
	}
	rng := rand.New(rand.NewPCG(uint64(who[31])<<8|uint64(who[30]), uint64(d)))
	for len(out) < BucketMax {
		if r := at[rng.IntN(len(at))]; !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	return out
}

// ask is what a node answers, and whether it does.
func (w *world) ask(target id.ID, r *enr.Record) ([]*enr.Record, bool) {
	who := r.ID()
	switch {
	case w.dead[who]:
		return nil, false
	case w.bad[who]:
		return w.lie(target, who), true
	}
	var out []*enr.Record
	for _, d := range Distances(target, who) {
		out = append(out, w.bucket(w.all, who, int(d))...)
	}
	return out[:min(len(out), BucketMax)], true
}

// lie names friends that are as near as can be, or nobody at all.
func (w *world) lie(target, who id.ID) (out []*enr.Record) {
	from := w.bads
	if w.lieNear {
		from = w.bogus
	}
	for _, d := range Distances(target, who) {
		out = append(out, within(from, who, int(d))...)
	}
	slices.SortFunc(out, func(a, b *enr.Record) int { return id.CompareDistance(target, a.ID(), b.ID()) })
	return slices.Clone(out[:min(len(out), BucketMax)])
}

// closest are the n nodes truly closest to a target that answer, liars or not.
func (w *world) closest(target, but id.ID, n int) (out []*enr.Record) {
	for d := 1; d <= 256 && len(out) < n; d++ {
		if d == 1 {
			at := sort.Search(len(w.all), func(i int) bool { return w.all[i].ID().Compare(target) >= 0 })
			if at < len(w.all) && w.all[at].ID() == target {
				out = append(out, w.all[at])
			}
		}
		for _, r := range within(w.all, target, d) {
			if !w.dead[r.ID()] && r.ID() != but {
				out = append(out, r)
			}
		}
	}
	slices.SortFunc(out, func(a, b *enr.Record) int { return id.CompareDistance(target, a.ID(), b.ID()) })
	return out[:min(n, len(out))]
}

// sorted are the first n of all, the closest to a target first.
func (w *world) sorted(target id.ID, n int) []*enr.Record {
	out := slices.Clone(w.all[:n])
	slices.SortFunc(out, func(a, b *enr.Record) int { return id.CompareDistance(target, a.ID(), b.ID()) })
	return out
}

// knows is what a node that begins a search starts with.
func (w *world) knows(who, target id.ID) (out []*enr.Record) {
	for d := 256; d > 236; d-- {
		out = append(out, w.bucket(w.all, who, d)...)
	}
	slices.SortFunc(out, func(a, b *enr.Record) int { return id.CompareDistance(target, a.ID(), b.ID()) })
	return out[:min(len(out), BucketMax)]
}

// run drives a search: an answer takes 100 ms, none 2 s. It returns how long it took.
func (w *world) run(tb testing.TB, s *Search) time.Duration {
	tb.Helper()
	type due struct {
		at time.Time
		r  *enr.Record
	}
	var queue []due
	asked := map[id.ID]bool{}
	now := start
	for !s.Done() {
		for _, r := range s.Next(now) {
			if asked[r.ID()] || r.ID() == s.cfg.Self {
				tb.Fatalf("%s asked again", r.ID().Short())
			}
			asked[r.ID()] = true
			wait := 100 * time.Millisecond
			if w.dead[r.ID()] {
				wait = 2 * time.Second
			}
			queue = append(queue, due{now.Add(wait), r})
		}
		if s.Done() {
			break
		}
		first := slices.IndexFunc(queue, func(d due) bool {
			return !slices.ContainsFunc(queue, func(o due) bool { return o.at.Before(d.at) })
		})
		at := s.Deadline()
		if at.IsZero() || first < 0 && at.Before(now) {
			tb.Fatal("a search that waits for nothing")
		}
		if first < 0 || at.After(now) && at.Before(queue[first].at) {
			now = at
			continue
		}
		d := queue[first]
		queue = slices.Delete(queue, first, first+1)
		now = later(now, d.at)
		found, ok := w.ask(s.cfg.Target, d.r)
		if !ok {
			s.Failed(now, d.r.ID())
			continue
		}
		good, _ := Sieve(s.cfg.Self, d.r.ID(), Distances(s.cfg.Target, d.r.ID()), netip.MustParseAddr("20.0.0.7"), slices.Clone(found), BucketMax)
		s.Answered(now, d.r.ID(), good)
	}
	if s.Asked() > QueriesMax || len(asked) != s.Asked() || now.Sub(start) > TimeMax {
		tb.Fatalf("%d asked, %d counted, in %v", len(asked), s.Asked(), now.Sub(start))
	}
	return now.Sub(start)
}

// outcome of many searches.
type outcome struct {
	first, full float64 // shares that found the closest honest node, and the k closest
	asked       int
	took        time.Duration
}

// search does n searches for random targets.
func (w *world) search(tb testing.TB, n int, cfg SearchConfig) (o outcome) {
	tb.Helper()
	rng := draw(77)
	var first, full int
	for range n {
		var self *enr.Record
		for self == nil || w.bad[self.ID()] || w.dead[self.ID()] {
			self = w.all[rng.IntN(len(w.all))]
		}
		cfg.Self, cfg.Target = self.ID(), Random(rng)
		s := NewSearch(start, cfg, w.knows(cfg.Self, cfg.Target))
		o.took = max(o.took, w.run(tb, s))
		o.asked += s.Asked()
		got := s.Closest()
		want := w.closest(cfg.Target, cfg.Self, BucketMax)
		honest := slices.IndexFunc(want, func(r *enr.Record) bool { return !w.bad[r.ID()] })
		if honest >= 0 && slices.Contains(got, want[honest]) {
			first++
		}
		if !slices.ContainsFunc(want, func(r *enr.Record) bool { return !slices.Contains(got, r) }) {
			full++
		}
	}
	o.first, o.full, o.asked = float64(first)/float64(n), float64(full)/float64(n), o.asked/n
	return o
}
