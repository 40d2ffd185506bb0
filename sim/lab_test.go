package sim

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/scenario"
)

// siege is a small version of an attack: four hostile hosts to a node, fewer of both
// and a third of the messages. An eclipse keeps its thousand, which cost little.
func siege(t *testing.T, name string) Options {
	t.Helper()
	s := script(t, name, 40)
	if name != "gossip-eclipse" {
		if err := s.ResizeHostile(160); err != nil {
			t.Fatal(err)
		}
	}
	for i := range s.Steps {
		if st := &s.Steps[i]; st.Verb == scenario.Load {
			st.N, st.Time = st.N/3, st.Time/3
		}
	}
	return Options{Script: s, Seed: *seedFlag}
}

// Under each attack every message reaches everybody within six seconds, and does not
// when routers are held to 1.0.
// Rule: R1
func TestSieges(t *testing.T) {
	if testing.Short() {
		t.Skip("large, and one goroutine")
	}
	for _, name := range []string{"gossip-eclipse", "gossip-coldboot", "gossip-flash", "gossip-censor", "gossip-churn"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := play(t, siege(t, name))
			if g := r.Gossip; g.Owed == 0 || g.Delivered != g.Owed || g.Max >= 6*time.Second {
				t.Errorf("delivered %d of %d, the last after %v", g.Delivered, g.Owed, g.Max)
			}
			if r.Against == nil || r.Against.OK || r.Against.Gossip.Share >= 1 && r.Against.Gossip.Max < 6*time.Second {
				t.Errorf("version 1.0 bears it as well: %+v", r.Against.Gossip)
			}
		})
	}
}

// Liars in the same numbers advertise every message and send none. A router that asked
// one advertiser after the other, whoever was first, lost a fifth of all messages.
// Rule: R1
func TestSiegeOfLiars(t *testing.T) {
	if testing.Short() {
		t.Skip("large, and one goroutine")
	}
	t.Parallel()
	opt := siege(t, "gossip-coldboot")
	opt.Version = "1.3"
	for i := range opt.Script.Steps {
		if st := &opt.Script.Steps[i]; st.Verb == scenario.Hostile {
			st.Conduct.Lie = true
		}
	}
	r, err := Run(opt)
	if err != nil || r.Gossip.Share < 0.99 {
		t.Errorf("%+v, %v", r.Gossip, err)
	}
}

// What holds an attack off: without it messages are late or lost. The first two
// would do for what the routers publish and pass on; the score takes those out of the
// mesh that pass nothing on.
// Rule: R1
func TestSiegesNeedTheirDefences(t *testing.T) {
	if testing.Short() {
		t.Skip("large, and one goroutine")
	}
	for _, c := range []struct {
		script, without string
		change          func(*node.Config)
	}{
		{"gossip-coldboot", "gossip to a quarter", func(c *node.Config) { c.Gossip.Params.GossipFactor = 1e-9 }},
		{"gossip-flash", "gossip to a quarter", func(c *node.Config) { c.Gossip.Params.GossipFactor = 1e-9 }},
		{"gossip-censor", "gossip to a quarter", func(c *node.Config) { c.Gossip.Params.GossipFactor = 1e-9 }},
		{"gossip-churn", "gossip to a quarter", func(c *node.Config) { c.Gossip.Params.GossipFactor = 1e-9 }},
		{"gossip-eclipse", "flood publishing, gossip to a quarter, quota and score", func(c *node.Config) {
			c.Gossip.Params.GossipFactor, c.Gossip.Params.FloodPublish, c.Gossip.Params.Dout = 1e-9, new(false), -1
			c.Unscored = true
		}},
	} {
		t.Run(c.script, func(t *testing.T) {
			t.Parallel()
			opt := siege(t, c.script)
			opt.Version, opt.gossip = "1.3", c.change
			if r, err := Run(opt); err != nil || r.OK {
				t.Errorf("withstood without %s: %+v, %v", c.without, r.Gossip, err)
			}
		})
	}
}

// The network without an attack: as many sends per delivery as the reference
// implementation has there (6.4), and nothing later than half a second.
func TestGossipBaseline(t *testing.T) {
	opt := Options{Script: script(t, "gossip", 0), Seed: *seedFlag, Version: "1.3"}
	if g := play(t, opt).Gossip; g.Share < 1 || g.Max > 500*time.Millisecond || g.Copies < 6.4*0.95 || g.Copies > 6.4*1.05 {
		t.Errorf("share %v, max %v, %.2f sends per delivery", g.Share, g.Max, g.Copies)
	}
}

// Large messages over uplinks that are slow for them: against a router that knows
// neither IDONTWANT nor turns, six tenths of the time and of the copies; messages of
// middling size lose nothing.
// Rule: F10
func TestLargeMessages(t *testing.T) {
	if testing.Short() {
		t.Skip("large, and one goroutine")
	}
	for name, most := range map[string]float64{"gossip-large": 0.6, "gossip-middling": 1.01} {
		t.Run(name, func(t *testing.T) {
			r := play(t, Options{Script: script(t, name, 0), Seed: *seedFlag})
			us, them := r.Gossip, r.Against.Gossip
			if us.Share < 1 || float64(us.P50) > most*float64(them.P50) || us.Copies > most*them.Copies {
				t.Errorf("p50 %v against %v, %.2f copies against %.2f", us.P50, them.P50, us.Copies, them.Copies)
			}
		})
	}
}

func TestSiegeRepeats(t *testing.T) {
	opt := siege(t, "gossip-coldboot")
	opt.Version = "1.3"
	first, again := play(t, opt), play(t, opt)
	if first.Hash != again.Hash || *first.Gossip != *again.Gossip {
		t.Errorf("two runs differ: %+v and %+v", first.Gossip, again.Gossip)
	}
}

// The world measures what it says: the degree of the graph, the latency of a link and
// the speed of an uplink.
func TestGraph(t *testing.T) {
	w := newWorld(Options{Script: script(t, "gossip", 0), Seed: *seedFlag})
	degree := make([]int, 250)
	joined := map[[2]int]bool{}
	for i, to := range w.lab.dials {
		for _, j := range to {
			if i == j || joined[[2]int{i, j}] || joined[[2]int{j, i}] {
				t.Fatalf("loop or double link between %d and %d", i, j)
			}
			joined[[2]int{i, j}] = true
			degree[i]++
			degree[j]++
		}
	}
	for i, n := range degree {
		if n < 18 || n > 20 {
			t.Errorf("node %d has %d links", i, n)
		}
	}
}
