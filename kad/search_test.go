package kad

import (
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"pgregory.net/rapid"
)

// A lookup has three questions in flight, asks nobody twice, keeps what it finds in
// order, and ends when the 16 closest have been asked.
func TestA12Lookup(t *testing.T) {
	w := newWorld(1000, 5)
	self, target := w.all[0].ID(), Random(draw(6))
	s := NewSearch(start, SearchConfig{Self: self, Target: target}, w.knows(self, target))
	first := slices.Clone(s.Next(start))
	if len(first) != Alpha || len(s.Next(start)) != 0 {
		t.Fatalf("%d at once, and %d more", len(first), len(s.Next(start)))
	}
	if !slices.Equal(first, w.knows(self, target)[:Alpha]) {
		t.Error("not the closest are asked first")
	}
	found, _ := w.ask(target, first[0])
	s.Answered(start, first[0].ID(), found)
	if next := s.Next(start); len(next) != 1 || slices.Contains(first, next[0]) {
		t.Fatalf("after one answer %d are asked", len(next))
	}
	o := w.search(t, 100, SearchConfig{}) // run fails when somebody is asked twice
	if o.first < 1 || o.full < 0.9 || o.asked > 25 {
		t.Errorf("%+v", o)
	}
	if got := s.Closest(); len(got) != 1 || got[0] != first[0] {
		t.Error("the closest are not who has answered")
	}
}

// A query returns everybody it met, and there are random targets.
func TestA13Query(t *testing.T) {
	w := newWorld(300, 5)
	rng := draw(7)
	self, target := w.all[0].ID(), Random(rng)
	if again := Random(rng); again == target {
		t.Fatal("two random targets are one")
	}
	w.turn(w.dead, 0.2)
	s := NewSearch(start, SearchConfig{Self: self, Target: target}, w.knows(self, target))
	w.run(t, s)
	met := s.Met()
	if len(met) <= len(s.Closest()) {
		t.Errorf("met %d", len(met))
	}
	for _, r := range s.Closest() {
		if !slices.Contains(met, r) {
			t.Error("who was asked is not among those met")
		}
	}
	for _, r := range met {
		if at := s.find(r.ID()); w.dead[r.ID()] && s.met[at].state != heardOf {
			t.Error("who failed is among those met")
		}
	}
}

// A slow answer does not hold the search up, and counts when it comes.
func TestHedge(t *testing.T) {
	w := newWorld(300, 5)
	self, target := w.all[0].ID(), Random(draw(8))
	s := NewSearch(start, SearchConfig{Self: self, Target: target}, w.knows(self, target))
	first := slices.Clone(s.Next(start))
	late := start.Add(HedgeAfter)
	if at := s.Deadline(); !at.Equal(late) {
		t.Fatalf("deadline %v, want %v", at, late)
	}
	if n := len(s.Next(late.Add(-1))); n != 0 {
		t.Fatalf("%d more before the time", n)
	}
	if n := len(s.Next(late)); n != Alpha {
		t.Fatalf("%d more when three are slow", n)
	}
	s.Answered(late, first[0].ID(), nil)
	if got := s.Closest(); len(got) != 1 {
		t.Error("a late answer is lost")
	}
	now := late
	for range 10 {
		now = now.Add(HedgeAfter)
		s.Next(now)
	}
	if s.flight > Alpha*flightMax {
		t.Errorf("%d questions in flight", s.flight)
	}
}

// A search is told that an answer need not be waited for, and a hasty one ends when only
// such are left.
func TestSlow(t *testing.T) {
	for _, hasty := range []bool{false, true} {
		w := newWorld(300, 5)
		self, target := w.all[0].ID(), Random(draw(8))
		s := NewSearch(start, SearchConfig{Self: self, Target: target, Hasty: hasty}, w.knows(self, target))
		first := slices.Clone(s.Next(start))
		s.Slow(first[0].ID())
		s.Slow(self) // of whom nothing was asked
		next := slices.Clone(s.Next(start))
		if len(first) != Alpha || len(next) != 1 {
			t.Fatalf("asked %d, then %d for one that is slow", len(first), len(next))
		}
		for all := append(first[1:], next...); len(all) > 0; all = s.Next(start) {
			for _, r := range slices.Clone(all) {
				s.Answered(start, r.ID(), nil)
			}
		}
		if s.Done() != hasty {
			t.Fatalf("hasty %v, done %v", hasty, s.Done())
		}
		s.Failed(start, first[0].ID())
		if !s.Done() {
			t.Fatal("not done when nobody is left")
		}
	}
}

// A search has its ends: time, questions, nobody to ask.
func TestSearchEnds(t *testing.T) {
	w := newWorld(1000, 5)
	self, target := w.all[0].ID(), Random(draw(8))
	if !NewSearch(start, SearchConfig{Self: self, Target: target}, nil).Done() {
		t.Error("without anybody it has not ended")
	}
	s := NewSearch(start, SearchConfig{Self: self, Target: target}, w.knows(self, target))
	s.Next(start)
	if end := start.Add(TimeMax); len(s.Next(end)) != 0 || !s.Done() || !s.Deadline().IsZero() {
		t.Error("it lasts longer than a minute")
	}
	s = NewSearch(start, SearchConfig{Self: self, Target: target, K: 500}, w.knows(self, target))
	w.run(t, s) // fails above QueriesMax
	if s.Asked() != QueriesMax {
		t.Errorf("asked %d", s.Asked())
	}
	for _, wrong := range []id.ID{self, target} {
		s.Answered(start, wrong, w.all[:5])
		s.Failed(start, wrong)
	}
}

// One in five lies: names its friends nearest to the target and nobody else. Over four
// paths the closest honest node is found all the same.
func TestLookupCapture(t *testing.T) {
	w := newWorld(10000, 5)
	w.turn(w.bad, 0.2)
	n := 400
	if testing.Short() {
		n = 100
	}
	one, four := w.search(t, n, SearchConfig{}), w.search(t, n, SearchConfig{Paths: 4})
	t.Logf("one path %+v, four %+v", one, four)
	if four.first < 0.99 || four.asked > QueriesMax/2 {
		t.Errorf("over four paths %+v", four)
	}
}

// Liars who name nobodies near the target: after a few that do not answer, nobody asks for
// the others that they alone named. The search neither ends too soon nor takes for ever.
func TestNobodies(t *testing.T) {
	w := newWorld(10000, 5)
	all := w.all
	w.all = nil
	for i, r := range all {
		if i%2 == 0 {
			w.all = append(w.all, r)
			continue
		}
		w.bogus = append(w.bogus, r)
		w.dead[r.ID()] = true
	}
	w.turn(w.bad, 0.2)
	w.lieNear = true
	o := w.search(t, 100, SearchConfig{})
	t.Logf("%+v", o)
	if o.first < 0.99 || o.asked > 45 || o.took > 20*time.Second {
		t.Errorf("%+v", o)
	}
}

// Twenty Sybils are closer to the target than all others, and name each other. What was
// stored at the 16 closest honest nodes is found all the same.
func TestRegionSybils(t *testing.T) {
	all := records(10000)
	ok, naive, widened, asked := 0, 0, 0, 0
	const rounds = 200
	for i := range rounds {
		w := newWorld(500, uint64(i))
		target := Random(w.rng)
		holders := w.closest(target, id.ID{}, BucketMax)
		sybils := slices.Clone(all[500:])
		slices.SortFunc(sybils, func(a, b *enr.Record) int { return id.CompareDistance(target, a.ID(), b.ID()) })
		sybils = sybils[:20]
		for _, r := range sybils {
			w.bad[r.ID()] = true
			w.all = append(w.all, r)
		}
		slices.SortFunc(w.all, func(a, b *enr.Record) int { return a.ID().Compare(b.ID()) })
		w.turn(w.bad, 0)
		self := w.all[w.rng.IntN(len(w.all))].ID()
		reaches := func(size float64) bool {
			s := NewSearch(start, SearchConfig{Self: self, Target: target, Size: size}, w.knows(self, target))
			w.run(t, s)
			if s.Widened() {
				widened++
				asked += s.Asked()
			}
			return slices.ContainsFunc(s.answered(), func(c *candidate) bool { return slices.Contains(holders, c.record) })
		}
		if w.bad[self] || reaches(500) {
			ok++
		}
		if reaches(0) {
			naive++
		}
	}
	t.Logf("found %d of %d, without widening %d; widened %d, asking %d", ok, rounds, naive, widened, asked/max(1, widened))
	if ok < rounds*99/100 {
		t.Errorf("found %d of %d", ok, rounds)
	}
	if o := newWorld(1000, 5).search(t, 100, SearchConfig{Size: 1000}); o.asked > 20 {
		t.Errorf("without an attack %d are asked", o.asked)
	}
}

// Whatever is answered, and however often: nobody is asked twice, the bounds hold, and the
// search ends once every question has.
func TestSearchKeepsItsBounds(t *testing.T) {
	all := records(3000)
	rapid.Check(t, func(rt *rapid.T) {
		rng := draw(rapid.Uint64().Draw(rt, "seed"))
		cfg := SearchConfig{
			Self: all[0].ID(), Target: Random(rng), Paths: rapid.IntRange(0, 10).Draw(rt, "paths"),
			K: rapid.IntRange(0, 40).Draw(rt, "k"), Queries: rapid.IntRange(0, 200).Draw(rt, "queries"),
			Size: rapid.SampledFrom([]float64{0, 50, 1e6}).Draw(rt, "size"),
		}
		some := func(n int) (out []*enr.Record) {
			for range rng.IntN(n) {
				out = append(out, all[rng.IntN(len(all))])
			}
			return out
		}
		s := NewSearch(start, cfg, some(20))
		asked := map[id.ID]bool{}
		var open []id.ID
		now := start
		for !s.Done() {
			for _, r := range s.Next(now) {
				if asked[r.ID()] || r.ID() == cfg.Self {
					rt.Fatal("asked twice")
				}
				asked[r.ID()] = true
				open = append(open, r.ID())
			}
			if s.Done() {
				break
			}
			if len(open) == 0 || rng.IntN(20) == 0 {
				if now = now.Add(time.Duration(rng.IntN(2000)) * time.Millisecond); len(open) == 0 && now.Before(s.Deadline()) {
					now = s.Deadline()
				}
				continue
			}
			i := rng.IntN(len(open))
			if rng.IntN(3) == 0 {
				s.Failed(now, open[i])
			} else {
				s.Answered(now, open[i], some(50))
			}
			if rng.IntN(10) > 0 {
				open = slices.Delete(open, i, i+1) // or it answers again
			}
		}
		if len(asked) > QueriesMax || len(s.met) > knownMax {
			rt.Fatalf("%d asked, %d met", len(asked), len(s.met))
		}
		got := s.Closest()
		if !slices.IsSortedFunc(got, func(a, b *enr.Record) int { return id.CompareDistance(cfg.Target, a.ID(), b.ID()) }) {
			rt.Fatal("the closest are not in order")
		}
	})
}

// A stranger's answer costs the search no more than its bounds, on few hosts least.
func TestSearchTakesFewOfOneHost(t *testing.T) {
	w := newWorld(100, 5)
	self, target := w.all[0].ID(), Random(draw(8))
	s := NewSearch(start, SearchConfig{Self: self, Target: target}, w.all[1:2])
	s.Next(start)
	var flood []*enr.Record
	for i := range uint64(answerMax) {
		flood = append(flood, signed(keyOf(1<<20+i), 1, "20.30.40.50", 9000))
	}
	s.Answered(start, w.all[1].ID(), flood)
	if n := len(s.met); n != 1+hostSearchMax {
		t.Errorf("%d of one host", n-1)
	}
}

func BenchmarkSearch(b *testing.B) {
	w := newWorld(1000, 5)
	self, target := w.all[0].ID(), Random(draw(8))
	known := w.knows(self, target)
	answers := map[id.ID][]*enr.Record{}
	for _, r := range w.all {
		answers[r.ID()], _ = w.ask(target, r)
	}
	b.ReportAllocs()
	for b.Loop() {
		s := NewSearch(start, SearchConfig{Self: self, Target: target}, known)
		for !s.Done() {
			for _, r := range s.Next(start) {
				s.Answered(start, r.ID(), answers[r.ID()])
			}
		}
	}
}
