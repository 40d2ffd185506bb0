package gossipsub

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// The rules of a GRAFT, in their order: the first that matches decides, and only
// some of them cost the peer anything (gossipsub-v1.1 "Prune Backoff", "P7").
// Rule: G1, G2, G3, G5, G8
func TestGraftRules(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(g *rig, scores map[string]float64)
		topic   string
		said    string
		cost    float64 // breaches, squared
		inMesh  bool
	}{
		"unknown topic":     {topic: "other"},
		"welcome":           {topic: "t", inMesh: true},
		"twice":             {func(g *rig, _ map[string]float64) { g.graft("n", "t") }, "t", "", 0, true},
		"direct peer":       {func(g *rig, _ map[string]float64) { g.r.SetDirect(g.now, g.id("n"), true) }, "t", "PRUNE t 60s", 0, false},
		"score below zero":  {func(_ *rig, s map[string]float64) { s["n"] = -1 }, "t", "PRUNE t 60s", 0, false},
		"backoff":           {func(g *rig, _ map[string]float64) { g.back("n", 70*time.Second); g.run(5 * time.Second) }, "t", "PRUNE t 60s", 1, false},
		"graft flood":       {func(g *rig, _ map[string]float64) { g.back("n", 70*time.Second) }, "t", "PRUNE t 60s", 0, false},
		"a second early":    {func(g *rig, _ map[string]float64) { g.back("n", 11*time.Second) }, "t", "", 0, true},
		"backoff of others": {func(g *rig, _ map[string]float64) { g.back("m", 70*time.Second) }, "t", "", 0, true},
		"backoff and bad": {func(g *rig, s map[string]float64) {
			s["n"] = -1
			g.back("n", 70*time.Second)
			g.run(5 * time.Second)
		}, "t", "PRUNE t 60s", 1, false},
		"direct in backoff": {func(g *rig, _ map[string]float64) {
			g.r.SetDirect(g.now, g.id("n"), true)
			g.back("n", 70*time.Second)
		}, "t", "PRUNE t 60s", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			g, scores := scoredRig(t, nil)
			g.join("t", TopicConfig{})
			g.run(time.Second)
			if c.prepare != nil {
				g.up("n", Meshsub11, false) // not subscribed: it is not grafted by us
				c.prepare(g, scores)
				g.run(1100 * time.Millisecond) // scores are asked for
			} else {
				g.up("n", Meshsub11, false)
			}
			if name == "graft flood" {
				g.back("n", 70*time.Second)
				e, _ := g.r.byName["t"].back.m.Get(g.id("n"))
				e.since = g.now.Add(-9 * time.Second)
				g.r.byName["t"].back.m.Put(g.id("n"), e)
				c.cost = 4
			}
			g.sent = nil
			g.graft("n", c.topic)
			said := g.said()
			if c.said == "" && len(said) > 0 || c.said != "" && (len(said) != 1 || said[0] != "n "+c.said) {
				t.Errorf("said %v, not %q", said, c.said)
			}
			if got := -g.behaviour("n"); got != c.cost {
				t.Errorf("cost %v, not %v", got, c.cost)
			}
			if got := len(g.mesh("t")) == 1; got != c.inMesh {
				t.Errorf("in the mesh: %v", got)
			}
		})
	}
}

// The flood cutoff counts from the start of the backoff, whatever its length: an
// unsubscribe backoff of ten seconds is a flood only right after the PRUNE that
// began it, and each refusal begins a new one.
// Rule: H10, G2
func TestGraftFloodCountsFromTheStart(t *testing.T) {
	g, _ := scoredRig(t, func(c *Config) { c.Params.GraftFloodThreshold = 4 * time.Second })
	g.join("t", TopicConfig{})
	g.ups(1, Meshsub11, "t")
	g.r.Leave(g.now, "t") // backoff of ten seconds for n0
	g.run(5 * time.Second)
	g.join("t", TopicConfig{})
	g.graft("n0", "t")
	if cost := g.behaviour("n0"); cost != -1 {
		t.Errorf("%v after five seconds", cost)
	}
	g.graft("n0", "t")
	if cost := g.behaviour("n0"); cost != -9 {
		t.Errorf("%v at once after a refusal: two more breaches", cost)
	}
	e, _ := g.r.byName["t"].back.m.Get(g.id("n0"))
	if d := e.until.Sub(g.now); d != time.Minute {
		t.Errorf("the backoff was renewed to %v", d)
	}
}

// Who leaves says so first and then prunes us, when it is no member any more. Its
// backoff counts all the same, or we would be charged for coming back too soon; a
// stranger's does not.
// Rule: G6
func TestBackoffOfOneThatLeft(t *testing.T) {
	g, _ := scoredRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(2, Meshsub11, "t")
	g.recv("n0", rpc.AppendSub(nil, false, "t"))
	g.control("n0", rpc.AppendPrune(nil, "t", 40))
	back := &g.r.byName["t"].back
	e, _ := back.m.Get(g.id("n0"))
	if d := e.until.Sub(g.now); d != 40*time.Second || !e.theirs {
		t.Errorf("a backoff of %v", d)
	}
	g.up("n9", Meshsub11, false)
	g.control("n9", rpc.AppendPrune(nil, "t", 40))
	if back.m.Len() != 1 {
		t.Error("a stranger's backoff counts")
	}
}

// A backoff holds after a reconnect.
// Rule: G9
func TestBackoffSurvivesReconnect(t *testing.T) {
	g, _ := scoredRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(1, Meshsub11, "t")
	g.control("n0", rpc.AppendPrune(nil, "t", 30))
	g.r.Down(g.now, g.id("n0"))
	g.run(time.Second)
	g.sent = nil
	g.ups(1, Meshsub11, "t")
	if said := g.said(); count(said, "GRAFT") > 0 || len(g.mesh("t")) > 0 {
		t.Errorf("grafted in backoff: %v", said)
	}
	g.graft("n0", "t")
	if len(g.mesh("t")) > 0 || g.behaviour("n0") != -4 {
		t.Errorf("mesh %v, cost %v", g.mesh("t"), g.behaviour("n0"))
	}
}

// A hundred thousand identities that come, GRAFT and go, and as many whom we pruned,
// hold a bounded number of backoffs, and none when their time is over.
// Rule: G9
func TestBackoffResidue(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Params = Params{D: 1, Dlo: 1, Dhi: 1} })
	g.r.cfg.Trace = nil
	g.join("t", TopicConfig{})
	graft := append(rpc.AppendSub(nil, true, "t"), rpc.AppendControl(nil, rpc.AppendGraft(nil, "t"))...)
	prune := rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 3600))
	most := 0
	for i := range 100_000 {
		var who id.ID
		copy(who[:], fmt.Sprintf("identity %d", i))
		g.r.Up(g.now, who, Remote{Stream: Meshsub11})
		must(g.r.Recv(g.now, who, graft))
		if i%2 == 0 {
			must(g.r.Recv(g.now, who, prune))
		}
		g.r.Down(g.now, who)
		most = max(most, g.r.byName["t"].back.m.Len())
		if g.now = g.now.Add(10 * time.Millisecond); i%100 == 0 {
			g.r.Advance(g.now)
			g.sent = nil
		}
	}
	if most > backoffsAboveMesh+2 {
		t.Errorf("%d backoffs of one topic", most)
	}
	g.run(time.Hour + time.Duration(beatSweeps+3)*time.Second)
	if n := g.r.byName["t"].back.m.Len(); n > 0 || g.r.backed.len() > 0 || g.r.peers.Len() > 0 {
		t.Errorf("%d backoffs are left, %d topics, %d peers", n, g.r.backed.len(), g.r.peers.Len())
	}
}

// Who asks to be grafted again and again during its backoff is graylisted soon, with
// the parameters of the product, and then not even answered. A storm of such peers
// leaves the mesh as it was.
// Rule: G2
func TestGraftStorm(t *testing.T) {
	g := newRig(t, judging)
	g.join("t", TopicConfig{})
	for i := range 12 { // a full mesh
		name := fmt.Sprint("n", i)
		g.up(name, Meshsub11, false)
		g.recv(name, rpc.AppendSub(nil, true, "t"))
		g.graft(name, "t")
	}
	before := g.mesh("t")
	const storm = 50
	for i := range storm {
		g.up(fmt.Sprint("s", i), Meshsub11, false)
	}
	g.sent = nil
	for round := range 20 {
		for i := range storm {
			g.graft(fmt.Sprint("s", i), "t")
		}
		said := g.said()
		if round == 0 && count(said, "PRUNE t 60s") != storm {
			t.Fatalf("%d were refused", count(said, "PRUNE t 60s"))
		}
		if round >= 9 && len(said) > 0 {
			t.Fatalf("round %d: still answering, %v", round, said[0])
		}
	}
	if !slices.Equal(before, g.mesh("t")) {
		t.Errorf("mesh %v, was %v", g.mesh("t"), before)
	}
	if g.counted("graylisted") < storm*10 {
		t.Errorf("%d RPCs were not heard", g.counted("graylisted"))
	}
}
