package score

import (
	"testing"
	"time"
)

// threats G9: what we ship graylists within ten invalid messages, seven from a
// newcomer, eight from one that has earned all there is to earn; and nine breaches
// of the protocol, one a heartbeat, do the same.
// Rule: C19
func TestShippedGraylists(t *testing.T) {
	invalid := func(g *rig, tp *Topic, p *Peer) { g.say(tp, Rejected, p) }
	breach := func(g *rig, _ *Topic, p *Peer) { g.b.Penalty(g.now, p, 1) }
	for _, tc := range []struct {
		name string
		rich bool
		do   func(*rig, *Topic, *Peer)
		want int
	}{
		{"invalid messages of a newcomer", false, invalid, 7},
		{"invalid messages of a rich peer", true, invalid, 8},
		{"breaches of a newcomer", false, breach, 9},
		{"breaches of a rich peer", true, breach, 9},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t, DefaultConfig())
			tp := g.topic("t", nil)
			p := g.up(1, "192.0.2.1")
			if tc.rich {
				g.b.Graft(g.now, p, tp)
				g.wait(5 * time.Minute)
				for range 100 {
					g.say(tp, Accepted, p)
				}
				g.want(p, 20, "earned all there is")
			}
			n := 0
			for ; g.b.Score(g.now, p) >= g.b.Thresholds().Graylist && n < 100; n++ {
				g.wait(time.Second)
				tc.do(g, tp, p)
			}
			if n != tc.want {
				t.Errorf("graylisted after %d, want %d", n, tc.want)
			}
		})
	}
}

// The thresholds we ship can be reached, and not by time in the mesh alone.
// Rule: C19
func TestShippedReach(t *testing.T) {
	cfg := DefaultConfig()
	mere := cfg.Topic.TimeInMeshWeight * cfg.Topic.TimeInMeshCap
	for _, bar := range []float64{cfg.AcceptPX, cfg.OpportunisticGraft} {
		if most := min(cfg.Topic.most(), cfg.TopicScoreCap); bar > most || bar <= mere {
			t.Errorf("threshold %v: reach %v, by being there %v", bar, most, mere)
		}
	}
}
