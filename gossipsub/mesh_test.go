package gossipsub

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
)

// scoredRig is a rig in which a peer's score is what the map says of its name, less
// its breaches squared. A change of the map shows at the next decay.
func scoredRig(t testing.TB, edit func(*Config)) (*rig, map[string]float64) {
	scores := map[string]float64{}
	var g *rig
	g = newRig(t, func(c *Config) {
		c.Score = &score.Config{
			Thresholds: score.Thresholds{Gossip: -10, Publish: -50, Graylist: -80, AcceptPX: 10, OpportunisticGraft: 5},
			App:        func(who id.ID) float64 { return scores[g.names[who]] }, AppSpecificWeight: 1,
			BehaviourPenaltyWeight: -1, BehaviourPenaltyDecay: 0.9,
			RetainScore: time.Hour,
		}
		if edit != nil {
			edit(c)
		}
	})
	return g, scores
}

// mesh lists the mesh of t by name.
func (g *rig) mesh(topic string) (out []string) {
	for _, who := range g.r.Mesh(topic) {
		out = append(out, g.names[who])
	}
	slices.Sort(out)
	return out
}

// behaviour is what breaches cost a peer so far.
func (g *rig) behaviour(name string) float64 {
	for _, rep := range g.r.Scores() {
		if rep.Peer == g.id(name) {
			return rep.Behaviour
		}
	}
	return 0
}

// beat lets one heartbeat pass.
func (g *rig) beat() { g.run(g.r.p.HeartbeatInterval) }

// grown says that a mesh is no longer young.
func (g *rig) grown(topic string) { g.r.byName[topic].own.grown = growBeats }

// eleven is a rig with D 4, Dlo 3, Dhi 6 and eleven subscribers, of whom mesh are in
// the mesh.
func eleven(t *testing.T, mesh int, outbound bool) *rig {
	g := newRig(t, func(c *Config) { c.Params = Params{D: 4, Dlo: 3, Dhi: 6, Dout: 1} })
	g.join("t", TopicConfig{})
	for i := range 11 {
		name := fmt.Sprint("n", i)
		g.up(name, Meshsub11, outbound)
		g.recv(name, rpc.AppendSub(nil, true, "t"))
	}
	for _, name := range g.mesh("t") {
		if len(g.r.Mesh("t")) > mesh {
			g.control(name, rpc.AppendPrune(nil, "t", 1))
		}
	}
	for i := 0; len(g.r.Mesh("t")) < mesh; i++ {
		g.graft(fmt.Sprint("n", i), "t")
	}
	if len(g.r.Mesh("t")) != mesh {
		t.Fatalf("mesh of %d, not %d", len(g.r.Mesh("t")), mesh)
	}
	g.grown("t")
	return g
}

// gossipsub-v1.0 "Mesh maintenance": graft below Dlo, up to D; prune at Dhi, down
// to D; between them leave the mesh alone.
// Rule: H1, H2
func TestMeshBounds(t *testing.T) {
	for _, c := range []struct{ before, after int }{
		{0, 4}, {1, 4}, {2, 4}, // Dlo-1
		{3, 3}, // Dlo
		{4, 4}, // D
		{5, 5}, // Dhi-1
		{6, 4}, // Dhi
		{7, 4}, // Dhi+1
	} {
		g := eleven(t, c.before, c.before > 6) // above Dhi only peers we dialled
		g.beat()
		if n := len(g.r.Mesh("t")); n != c.after {
			t.Errorf("a heartbeat makes a mesh of %d one of %d, not %d", c.before, n, c.after)
		}
	}
}

// A mesh never has more than Dhi inbound peers, nor more than Dhi and Dout in all.
// Rule: G4
func TestMeshCeiling(t *testing.T) {
	for outbound, most := range map[bool]int{false: 6, true: 7} {
		g := eleven(t, 0, outbound)
		for i := range 11 {
			g.graft(fmt.Sprint("n", i), "t")
		}
		if n := len(g.r.Mesh("t")); n != most {
			t.Errorf("outbound %v: mesh of %d, not %d", outbound, n, most)
		}
	}
}

// gossipsub-v1.1 "Peer Scoring": pruning keeps the Dscore best, random others up to D.
// Rule: H2
func TestTrimKeepsTheBest(t *testing.T) {
	others := map[string]int{}
	for seed := range uint64(40) {
		g, scores := scoredRig(t, func(c *Config) { c.Params = Params{D: 5, Dlo: 2, Dhi: 12, Dscore: 3, Dout: -1} })
		g.r.rng = rand.New(rand.NewPCG(seed, 0))
		for i := range 12 {
			scores[fmt.Sprint("n", i)] = float64(i)
		}
		g.join("t", TopicConfig{})
		g.ups(12, Meshsub11, "t")
		for i := range 12 {
			g.graft(fmt.Sprint("n", i), "t")
		}
		g.run(200 * time.Millisecond)
		mesh := g.mesh("t")
		if len(mesh) != 5 {
			t.Fatalf("mesh %v", mesh)
		}
		for _, best := range []string{"n9", "n10", "n11"} {
			if !slices.Contains(mesh, best) {
				t.Fatalf("mesh %v without %s", mesh, best)
			}
		}
		for _, n := range mesh {
			others[n]++
		}
	}
	if len(others) < 10 {
		t.Errorf("the rest is not random: %v", others)
	}
}

// gossipsub-v1.1 "Outbound Mesh Quotas": Dout of the peers kept are outbound, at the
// cost of the random ones, not of the best.
// Rule: H2
func TestTrimKeepsOutbound(t *testing.T) {
	for seed := range uint64(40) {
		g, scores := scoredRig(t, func(c *Config) { c.Params = Params{D: 6, Dlo: 4, Dhi: 12, Dscore: 4, Dout: 2} })
		g.r.rng = rand.New(rand.NewPCG(seed, 0))
		g.join("t", TopicConfig{})
		for i := range 12 {
			name := fmt.Sprint("n", i)
			scores[name] = float64(i)
			g.up(name, Meshsub11, i < 3) // the worst ones
			g.recv(name, rpc.AppendSub(nil, true, "t"))
			g.graft(name, "t")
		}
		g.run(200 * time.Millisecond)
		mesh := strings.Join(g.mesh("t"), " ")
		if strings.Count(mesh, "n0")+strings.Count(mesh, "n1 ")+strings.Count(mesh, "n2") < 2 {
			t.Fatalf("mesh %v: too few outbound", mesh)
		}
		for _, best := range []string{"n8", "n9", "n10", "n11"} {
			if !strings.Contains(mesh, best) {
				t.Fatalf("mesh %v without %s", mesh, best)
			}
		}
	}
}

// Who is below zero leaves every mesh at the next heartbeat.
// Rule: H4
func TestBadPeersArePruned(t *testing.T) {
	g, scores := scoredRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(6, Meshsub11, "t")
	if len(g.mesh("t")) != 5 {
		t.Fatalf("mesh %v", g.mesh("t"))
	}
	bad := g.mesh("t")[0]
	scores[bad] = -0.5
	g.sent = nil
	g.run(2200 * time.Millisecond)
	if slices.Contains(g.mesh("t"), bad) {
		t.Errorf("%s is still in the mesh", bad)
	}
	if said := g.said(); count(said, bad+" PRUNE t 60s") != 1 {
		t.Errorf("said %v", said)
	}
}

// Eligible is who is subscribed, speaks meshsub, is not direct, not below zero and
// has no backoff, slack included.
// Rule: H6, H9, G8
func TestEligible(t *testing.T) {
	for name, c := range map[string]struct {
		stream   string
		prepare  func(g *rig, scores map[string]float64)
		eligible bool
	}{
		"good":     {Meshsub10, func(g *rig, _ map[string]float64) {}, true},
		"zero":     {Meshsub11, func(_ *rig, s map[string]float64) { s["n"] = 0 }, true},
		"floodsub": {Floodsub, func(g *rig, _ map[string]float64) {}, false},
		"negative": {Meshsub11, func(_ *rig, s map[string]float64) { s["n"] = -0.001 }, false},
		"direct":   {Meshsub11, func(g *rig, _ map[string]float64) { g.r.SetDirect(g.now, g.id("n"), true) }, false},
		"backoff": {Meshsub11, func(g *rig, _ map[string]float64) {
			g.back("n", 9*time.Second+1)
		}, false},
		"slack":       {Meshsub11, func(g *rig, _ map[string]float64) { g.back("n", 8*time.Second+1) }, false},
		"after slack": {Meshsub11, func(g *rig, _ map[string]float64) { g.back("n", 8*time.Second) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			g, scores := scoredRig(t, nil)
			g.run(10 * time.Second)
			c.prepare(g, scores)
			g.up("n", c.stream, false)
			g.recv("n", rpc.AppendSub(nil, true, "t"))
			g.join("t", TopicConfig{})
			if got := len(g.r.Mesh("t")) == 1; got != c.eligible {
				t.Errorf("grafted by Join: %v", got)
			}
		})
	}
}

// back enters a backoff for t that ended, seen from now, when ten seconds less end
// have passed.
func (g *rig) back(name string, end time.Duration) {
	tp := g.r.topic("t")
	tp.back.m.Put(g.id(name), backoff{g.now.Add(-10 * time.Second), g.now.Add(end - 10*time.Second), true})
	g.r.backed.add(tp)
}

// Topics have degrees of their own, checked as those of Params are.
// Rule: P2, P4
func TestTopicDegrees(t *testing.T) {
	g := newRig(t, nil)
	for _, bad := range []Degrees{{D: 3, Dlo: 4}, {D: 6, Dhi: 5}, {Dhi: 2000}, {D: 6, Dout: 4}, {D: 6, Dhi: 8, Dscore: 9}, {Dscore: -2}} {
		if err := g.r.Join(g.now, "t", TopicConfig{Mesh: &bad}); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	g.join("small", TopicConfig{Mesh: &Degrees{D: 2, Dlo: 2, Dhi: 3}})
	g.join("none", TopicConfig{Mesh: &Degrees{NoMesh: true}})
	g.join("usual", TopicConfig{})
	g.ups(10, Meshsub11, "small", "none", "usual")
	g.beat()
	for topic, n := range map[string]int{"small": 2, "none": 0, "usual": 6} {
		if len(g.mesh(topic)) != n {
			t.Errorf("mesh of %s: %v", topic, g.mesh(topic))
		}
	}
	g.graft("n9", "none")
	if len(g.mesh("none")) != 0 {
		t.Error("a topic without mesh has one")
	}
}

// A router without meshes takes no GRAFT and gossips.
// Rule: P3
func TestNoMesh(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Params.NoMesh = true })
	g.join("t", TopicConfig{MessageID: func(m *Message) string { return string(m.Data) }})
	g.ups(3, Meshsub11, "t")
	g.graft("n0", "t")
	g.recv("n1", plain("t", "hello"))
	g.beat()
	said := g.said()
	if count(said, "GRAFT") > 0 || count(said, "PRUNE t 60s") != 1 || count(said, "IHAVE t hello") != 3 || count(said, "MESSAGE") > 0 {
		t.Errorf("said %v", said)
	}
	// Its own messages go to some peers nevertheless, joined or not.
	if n := g.publish("t", []byte("mine")).Peers; n != 3 {
		t.Errorf("an own message went to %d", n)
	}
	g.r.Leave(g.now, "t")
	if n := g.publish("t", []byte("mine too")).Peers; n != 3 {
		t.Errorf("an own message of a topic that we left went to %d", n)
	}
}

// The mesh grafts better peers when its median score is low, and only then.
// Rule: H5
func TestOpportunisticGrafting(t *testing.T) {
	for _, c := range []struct {
		name   string
		median float64
		outer  float64
		want   int
	}{
		{"low median, better peers", 4, 7, 2},
		{"low median, equal peers", 4, 4, 0},
		{"median at the threshold", 5, 7, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, scores := scoredRig(t, func(c *Config) { c.Params.OpportunisticGraftTicks = 5 })
			for i := range 12 {
				scores[fmt.Sprint("n", i)] = c.outer
			}
			g.join("t", TopicConfig{})
			// Mesh of five: the element at len/2 of the ascending scores is the third.
			for i, s := range []float64{0, 1, c.median, 20, 20} {
				scores[fmt.Sprint("n", i)] = s
			}
			g.ups(12, Meshsub11, "t")
			if got := g.mesh("t"); strings.Join(got, " ") != "n0 n1 n2 n3 n4" {
				t.Fatalf("mesh %v", got)
			}
			g.grown("t")
			g.run(3500 * time.Millisecond)
			if n := len(g.mesh("t")); n != 5 {
				t.Fatalf("grafted at the wrong beat: mesh of %d", n)
			}
			g.beat()
			if n := len(g.mesh("t")); n != 5+c.want {
				t.Errorf("%d were grafted, not %d", n-5, c.want)
			}
			if c.median < 5 && g.counted("opportunistic") != 1 {
				t.Error("no event")
			}
		})
	}
}

// A mesh peer that sends nothing while others do gives way to another, one a
// heartbeat, and stays while there is nobody else.
// Rule: H13
func TestStarvingPeerGivesWay(t *testing.T) {
	for _, another := range []bool{true, false} {
		g, _ := scoredRig(t, func(c *Config) { c.Params = Params{D: 4, Dlo: 4, Dhi: 8, Dout: -1} })
		g.join("t", TopicConfig{})
		g.ups(4, Meshsub11, "t")
		if another {
			g.up("other", Meshsub11, false)
			g.recv("other", rpc.AppendSub(nil, true, "t"))
		}
		for k := range 100 {
			for i := range 2 { // n2 and n3 send nothing
				g.recv(fmt.Sprint("n", i), plain("t", fmt.Sprint(k)))
			}
			g.beat()
		}
		mesh := strings.Join(g.mesh("t"), " ")
		if !another {
			if mesh != "n0 n1 n2 n3" {
				t.Errorf("mesh %s without a replacement", mesh)
			}
			continue
		}
		if !strings.Contains(mesh, "n0 n1") || !strings.Contains(mesh, "other") || len(g.mesh("t")) != 4 {
			t.Errorf("mesh %s", mesh)
		}
	}
}
