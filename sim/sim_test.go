package sim

import (
	"flag"
	"testing"

	"github.com/ropewalk/ropewalk/scenario"
)

var (
	seedFlag  = flag.Uint64("seed", 7, "seed of the simulations")
	nodesFlag = flag.Int("nodes", 50, "nodes of the simulations")
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

// run plays a script and fails the test with the command that repeats it.
func run(t testing.TB, opt Options) Report {
	t.Helper()
	r, err := Run(opt)
	if err != nil || !r.OK {
		for _, s := range r.Steps {
			t.Logf("%v %8s %s (%s)", s.OK, s.Took, s.Text, s.Detail)
		}
		t.Fatalf("failed: %v; repeat: ropewalk sim %s --nodes %d --seed %d --loss %g --churn %g", err, r.Script, r.Nodes, r.Seed, opt.Loss, opt.Churn)
	}
	return r
}

func TestChat(t *testing.T) {
	r := run(t, Options{Script: script(t, "chat", *nodesFlag), Seed: *seedFlag})
	if again := run(t, Options{Script: script(t, "chat", *nodesFlag), Seed: *seedFlag}); again.Hash != r.Hash {
		t.Fatalf("two runs of seed %d differ: %s and %s", *seedFlag, r.Hash, again.Hash)
	}
	if other := run(t, Options{Script: script(t, "chat", *nodesFlag), Seed: *seedFlag + 1}); other.Hash == r.Hash {
		t.Fatal("another seed gives the same hash: the hash sees nothing")
	}
}

func TestDemo(t *testing.T)      { run(t, Options{Script: script(t, "demo", 0), Seed: *seedFlag}) }
func TestPubsub(t *testing.T)    { run(t, Options{Script: script(t, "pubsub", 0), Seed: *seedFlag}) }
func TestPartition(t *testing.T) { run(t, Options{Script: script(t, "partition", 0), Seed: *seedFlag}) }

func TestLossAndChurn(t *testing.T) {
	run(t, Options{Script: script(t, "chat", *nodesFlag), Seed: *seedFlag, Loss: 0.1, Churn: 0.2})
}

func BenchmarkChat1000(b *testing.B) {
	for range b.N {
		r := run(b, Options{Script: script(b, "chat", 1000), Seed: *seedFlag, Checks: -1})
		b.ReportMetric(float64(r.Events), "events")
	}
}
