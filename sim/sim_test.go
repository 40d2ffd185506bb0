package sim

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/scenario"
)

var (
	seedFlag  = flag.Uint64("seed", 7, "first seed of the simulations")
	nodesFlag = flag.Int("nodes", 50, "nodes of the simulations")
	forFlag   = flag.Duration("for", 0, "how long TestMinute goes on with further seeds; 0 for one round")
)

func script(t testing.TB, name string, nodes int) *scenario.Script {
	t.Helper()
	s, ok := scenario.Builtin(name)
	if !ok {
		t.Fatalf("no script %q", name)
	}
	if nodes > 0 {
		if err := s.Resize(nodes); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// play plays a script and fails the test with the command that repeats it.
func play(t testing.TB, opt Options) Report {
	t.Helper()
	r, err := Run(opt)
	if err != nil || !r.OK {
		for _, s := range r.Steps {
			t.Logf("%v %8s %s (%s)", s.OK, s.Took, s.Text, s.Detail)
		}
		t.Fatalf("failed: %v; repeat: go run ./cmd/ropewalk sim %s --nodes %d --seed %d --loss %g --churn %g", err, r.Script, r.Nodes, r.Seed, opt.Loss, opt.Churn)
	}
	return r
}

func TestSameSeedSameHash(t *testing.T) {
	opt := Options{Script: script(t, "chat", *nodesFlag), Seed: *seedFlag}
	first := play(t, opt)
	was := runtime.GOMAXPROCS(1)
	again := play(t, opt)
	runtime.GOMAXPROCS(was)
	if first.Hash != again.Hash || first.Events != again.Events {
		t.Fatalf("two runs of seed %d differ: %s (%d events) and %s (%d events)", opt.Seed, first.Hash, first.Events, again.Hash, again.Events)
	}
	opt.Seed++
	if other := play(t, opt); other.Hash == first.Hash {
		t.Fatal("another seed gives the same hash: the hash sees nothing")
	}
}

func TestD10LinesReachEverybody(t *testing.T) {
	r := play(t, Options{Script: script(t, "chat", *nodesFlag), Seed: *seedFlag})
	if want := 100 * (*nodesFlag - 1); r.Deliveries != want {
		t.Fatalf("%d deliveries, want %d", r.Deliveries, want)
	}
}

func TestDemo(t *testing.T)   { play(t, Options{Script: script(t, "demo", 0), Seed: *seedFlag}) }
func TestPubsub(t *testing.T) { play(t, Options{Script: script(t, "pubsub", 0), Seed: *seedFlag}) }
func TestPartition(t *testing.T) {
	play(t, Options{Script: script(t, "partition", 0), Seed: *seedFlag})
}

func TestLossAndChurn(t *testing.T) {
	play(t, Options{Script: script(t, "chat", *nodesFlag), Seed: *seedFlag, Loss: 0.1, Churn: 0.2})
}

// foulWeather is the patience with steps when packets are lost.
const foulWeather = 90 * time.Second

// TestMinute plays scripts under fair and foul weather with one seed after the
// other, for as long as -for says.
func TestMinute(t *testing.T) {
	rounds := []struct {
		script      string
		nodes       int
		loss, churn float64
	}{
		{"demo", 0, 0, 0}, {"pubsub", 0, 0, 0}, {"partition", 0, 0, 0},
		{"chat", 60, 0, 0}, {"chat", 60, 0.1, 0.2}, {"chat", 30, 0.25, 0.3},
	}
	began := time.Now()
	for seed := *seedFlag; ; seed++ {
		for _, r := range rounds {
			s := script(t, r.script, r.nodes)
			if r.loss > 0 {
				// One packet lost six times in a row is 12.6 s late, which now and then
				// one is: foul weather must not keep anything from happening, but it
				// may delay it beyond a script's bound.
				s.Patient(foulWeather)
			}
			play(t, Options{Script: s, Seed: seed, Loss: r.loss, Churn: r.churn})
		}
		if time.Since(began) >= *forFlag {
			t.Logf("%d seeds", seed-*seedFlag+1)
			return
		}
	}
}

func TestFailuresAreReported(t *testing.T) {
	s, err := scenario.Parse("cut.txt", []byte("nodes 6\nwait all peers>=3 within 10s\njoin all r\nsleep 2s\npartition node1 node2..node6\nsay node1 r alone\nexpect all r alone within 5s\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(Options{Script: s, Seed: 1})
	if err != nil || r.OK {
		t.Fatalf("a line crossed a partition: %+v, %v", r, err)
	}
	if last := r.Steps[len(r.Steps)-1]; last.OK || last.Line != 7 {
		t.Fatalf("the failure is reported as %+v, want line 7", last)
	}
}

func TestBadOptions(t *testing.T) {
	for _, opt := range []Options{{Loss: 1}, {Loss: -1}, {Churn: 1.5}, {Latency: -time.Second}, {Latency: time.Hour}} {
		opt.Script = script(t, "demo", 0)
		if _, err := Run(opt); err == nil {
			t.Errorf("%+v accepted", opt)
		}
	}
}

// The checkers see what they are there for.
func TestCheckersFail(t *testing.T) {
	w := newWorld(Options{Script: script(t, "demo", 0), Seed: 1})
	w.hosts = append(w.hosts, w.newHost(0, true), w.newHost(1, false))
	for _, h := range w.hosts {
		h.launch()
	}
	if err := w.check(); err != nil {
		t.Fatal(err)
	}
	w.hosts[1].seen[place{name: "r", text: "twice"}] = &sighting{count: 2}
	if w.check() == nil {
		t.Fatal("a line shown twice passes")
	}
}

func TestQueueIsStable(t *testing.T) {
	var q queue
	rng := rand.New(rand.NewPCG(1, 2))
	type item struct{ at, n int64 }
	var want []item
	for n := range int64(5000) {
		it := item{rng.Int64N(500), n}
		want = append(want, it)
		q.push(it.at, event{host: int32(n)})
	}
	slices.SortStableFunc(want, func(a, b item) int { return int(a.at - b.at) })
	for _, it := range want {
		if at, e := q.pop(); at != it.at || int64(e.host) != it.n {
			t.Fatalf("popped %d at %d, want %d at %d", e.host, at, it.n, it.at)
		}
	}
	if len(q.heap) != 0 {
		t.Fatal("not empty")
	}
}

func BenchmarkChat1000(b *testing.B) {
	for range b.N {
		r := play(b, Options{Script: script(b, "chat", 1000), Seed: *seedFlag})
		b.ReportMetric(float64(r.Events), "events")
	}
}

// Content put at one node is found when that node is gone, and every run of a seed goes
// the same way.
func TestLibrary(t *testing.T) {
	const text = "nodes 12 seeds 1\nwait all peers>=3 within 20s\nput alive files 6 of 300KiB as f within 60s\nput node2 2MiB as large within 60s\nkill node2\nget alive $f within 60s\nget alive $large within 60s\n"
	s, err := scenario.Parse("library", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var hashes [2]string
	for i := range hashes {
		r, err := Run(Options{Script: s, Seed: 7})
		if err != nil || !r.OK {
			t.Fatalf("%v %+v", err, r.Steps)
		}
		hashes[i] = r.Hash
	}
	if hashes[0] != hashes[1] {
		t.Errorf("one seed ends in %s and %s", hashes[0], hashes[1])
	}
}
