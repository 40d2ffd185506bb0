package score

import (
	"fmt"
	"testing"
	"time"
)

// A thousand peers in a hundred topics decay in steps of bounded work, each of them
// exactly once per interval, whoever comes and goes between the steps.
// Rule: C10
func TestRoundsInSteps(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Topic.FirstMessageDeliveriesDecay, cfg.Topic.TimeInMeshWeight = 0.5, 0
	g, ps, ts := func() (*rig, []*Peer, []*Topic) {
		g := newRig(t, cfg)
		var ts []*Topic
		var ps []*Peer
		for i := range 100 {
			ts = append(ts, g.topic(fmt.Sprint(i), nil))
		}
		for i := range 1000 {
			ps = append(ps, g.up(i, ""))
		}
		return g, ps, ts
	}()
	for _, p := range ps {
		for _, tp := range ts {
			for range 8 {
				g.b.first(0, p, tp)
			}
		}
	}
	g.now = g.now.Add(time.Second)
	steps := 0
	for !g.b.Deadline().After(g.now) {
		g.b.Advance(g.now)
		switch steps++; steps {
		case 3:
			g.b.Down(g.now, ps[0])   // has not had its turn
			g.b.Down(g.now, ps[999]) // has had it
		case 5:
			p := g.up(5000, "")
			for range 8 {
				g.b.first(time.Second, p, ts[0])
			}
			ps = append(ps, p)
		}
	}
	if least := 100_000 / decaysPerStep; steps < least || steps > least+2 {
		t.Errorf("%d steps", steps)
	}
	for i, p := range ps {
		want := 4.0
		switch i {
		case 0, 999:
			continue // gone
		case 1000:
			want = 8 // came after the decay
		}
		for _, s := range p.stats {
			if s.first != want {
				t.Fatalf("peer %d: %v, want %v", i, s.first, want)
			}
		}
	}
	sound(t, g.b)
}

// Advance may come late, or not at all for a while: what is due is made up for.
func TestRoundsLate(t *testing.T) {
	scores := func(every time.Duration) (out []float64) {
		g := newRig(t, DefaultConfig())
		tp := g.topic("t", nil)
		p, bad := g.up(1, ""), g.up(2, "")
		g.b.Graft(g.now, p, tp)
		for range 20 {
			g.say(tp, Accepted, p)
			g.say(tp, Rejected, bad)
		}
		for end := g.now.Add(10 * time.Minute); g.now.Before(end); {
			g.now = g.now.Add(every)
			g.b.Advance(g.now)
		}
		return []float64{g.b.Score(g.now, p), g.b.Score(g.now, bad)}
	}
	each := scores(time.Second)
	for _, every := range []time.Duration{time.Millisecond * 100, time.Minute, 10 * time.Minute} {
		for i, s := range scores(every) {
			if d := s - each[i]; d > 1e-6 || d < -1e-6 {
				t.Errorf("every %v: %v, want %v", every, s, each[i])
			}
		}
	}
}

// A board on which nothing happens asks for nothing.
func TestIdle(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	p := g.up(1, "")
	if !g.b.Deadline().IsZero() {
		t.Error("a peer that did nothing needs time")
	}
	g.now = g.now.Add(time.Hour)
	g.say(tp, Accepted, p)
	if d := g.b.Deadline(); d != g.now.Add(time.Second) {
		t.Errorf("due at %v, it is %v", d, g.now)
	}
	g.wait(time.Hour)
	if !g.b.Deadline().IsZero() || p.busy >= 0 {
		t.Error("never at rest")
	}
}
