package score

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// meshOf is a topic with n mesh peers.
func (g *rig) meshOf(t *Topic, n int) (ps []*Peer) {
	for i := range n {
		p := g.up(1000+i, fmt.Sprintf("198.51.%d.1", i))
		g.b.Graft(g.now, p, t)
		ps = append(ps, p)
	}
	return ps
}

// traffic lets messages pass for d, one each gap: every peer sends each with its
// share, the first of them first, some while later than the verdict.
func (g *rig) traffic(rng *rand.Rand, t *Topic, ps []*Peer, share []float64, gap, d time.Duration) {
	for end := g.now.Add(d); g.now.Before(end); {
		k := g.key()
		judged := false
		for _, i := range rng.Perm(len(ps)) {
			if rng.Float64() >= share[i] {
				continue
			}
			g.b.Copy(g.now, ps[i], t, k)
			if !judged {
				g.b.Judge(g.now, t, k, Accepted)
				judged = true
			}
		}
		g.wait(gap)
	}
}

func (g *rig) starving(t *Topic, ps []*Peer) (out string) {
	for _, p := range ps {
		if g.b.Starves(g.now, p, t) {
			out += "x"
		} else {
			out += "."
		}
	}
	return out
}

// threats G15: whatever a peer earns elsewhere, it is seen to keep back a topic, and
// nobody else is, with parameters that say nothing of that topic.
// Rule: H13
func TestStarves(t *testing.T) {
	tests := []struct {
		name  string
		share []float64
		gap   time.Duration
		after time.Duration
		want  string
	}{
		{"all send", []float64{.7, .7, .7, .7, .7, .7}, time.Second, 10 * time.Minute, "......"},
		{"one is silent", []float64{.7, .7, 0, .7, .7, .7}, time.Second, 2 * time.Minute, "..x..."},
		{"not before two activation times", []float64{.7, .7, 0, .7, .7, .7}, 100 * time.Millisecond, 59 * time.Second, "......"},
		{"a quiet topic takes longer", []float64{.7, .7, 0, .7, .7, .7}, time.Minute, 19 * time.Minute, "......"},
		{"but is seen", []float64{.7, .7, 0, .7, .7, .7}, time.Minute, 25 * time.Minute, "..x..."},
		{"most are silent", []float64{0, 0, 0, 1, 0, 0}, time.Second, 3 * time.Minute, "xxx.xx"},
		{"too few copies to say", []float64{0, 0, 0, .35, 0, 0}, time.Second, 70 * time.Second, "......"},
		{"slow and fast", []float64{.9, .9, .15, .3, .9, .9}, time.Second, 10 * time.Minute, "......"},
		{"no traffic", []float64{0, 0, 0, 0, 0, 0}, time.Second, 10 * time.Minute, "......"},
		{"alone in the mesh", []float64{.2}, time.Second, 10 * time.Minute, "."},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			g := newRig(t, DefaultConfig())
			tp, rich := g.topic("t", nil), g.topic("rich", nil)
			ps := g.meshOf(tp, len(tc.share))
			for range 40 {
				for _, p := range ps {
					g.say(rich, Accepted, p)
				}
			}
			g.traffic(rng, tp, ps, tc.share, tc.gap, tc.after)
			if got := g.starving(tp, ps); got != tc.want {
				t.Errorf("starving %s, want %s", got, tc.want)
			}
			for _, p := range ps {
				if s := g.b.Score(g.now, p); s < 0 {
					t.Errorf("silence costs: %v", s)
				}
			}
		})
	}
}

// Alone in the mesh, while the messages come from outside of it, or some do.
func TestStarvesAlone(t *testing.T) {
	for _, some := range []int{1, 10} {
		g := newRig(t, DefaultConfig())
		tp := g.topic("t", nil)
		p, outside := g.up(1, ""), g.up(2, "")
		g.b.Graft(g.now, p, tp)
		for i := range 70 {
			from := p
			if i%some == 0 {
				from = outside
			}
			g.say(tp, Accepted, from)
			g.wait(time.Second)
		}
		if got, want := g.b.Starves(g.now, p, tp), some == 1; got != want || g.b.Starves(g.now, outside, tp) {
			t.Errorf("every %d. message from outside: starves %v", some, got)
		}
	}
}

// Messages that nobody was to send again are not among the twenty it takes.
func TestStarvesHushed(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	ps := g.meshOf(tp, 2)
	for i := range 60 {
		k := g.key()
		g.b.Copy(g.now, ps[0], tp, k)
		if i%6 != 0 {
			g.b.Hush(g.now, k)
		}
		g.b.Judge(g.now, tp, k, Accepted)
		g.wait(2 * time.Second)
	}
	if got := g.starving(tp, ps); got != ".." {
		t.Errorf("starving %s after ten messages", got)
	}
}

// Messages from before a look count for neither side of the next one.
func TestStarvesWindow(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	p, other := g.up(1, ""), g.up(2, "")
	g.b.Graft(g.now, other, tp)
	old := make([]Key, 20)
	for i := range old {
		old[i] = g.say(tp, Accepted, other)
	}
	g.wait(time.Millisecond)
	g.b.Graft(g.now, p, tp)
	for _, k := range old {
		g.b.Copy(g.now, p, tp, k)
	}
	if n := p.in(tp).watch.sent; n != 0 {
		t.Errorf("%d copies of what came before the GRAFT count", n)
	}
}

// A peer that wakes up is fine again, and one that was good falls silent in vain.
func TestStarvesChanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	ps := g.meshOf(tp, 4)
	step := func(share float64, want string) {
		t.Helper()
		g.traffic(rng, tp, ps, []float64{share, .7, .7, .7}, time.Second, 3*time.Minute)
		if got := g.starving(tp, ps); got != want {
			t.Errorf("share %v: starving %s, want %s", share, got, want)
		}
	}
	for i := range 3 {
		step(0.7, "....")
		g.starving(tp, ps)
		step(0, []string{"x...", "x...", "x..."}[i])
	}
	g.b.Prune(g.now, ps[0], tp)
	g.b.Graft(g.now, ps[0], tp)
	if got := g.starving(tp, ps); got != "...." {
		t.Errorf("grafted anew: %s", got)
	}
}

// What comes back too late, and what peers were asked not to send, says nothing for
// a peer, nor against it.
func TestStarvesCopies(t *testing.T) {
	for _, tc := range []struct {
		name string
		late time.Duration
		hush bool
		want string
	}{
		{"in time", 3 * time.Second, false, ".."},
		{"echoes, much later", 3*time.Second + time.Millisecond, false, ".x"},
		{"silent as asked", time.Hour, true, ".."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t, DefaultConfig())
			tp := g.topic("t", nil)
			ps := g.meshOf(tp, 2)
			for range 40 {
				k := g.key()
				g.b.Copy(g.now, ps[0], tp, k)
				if tc.hush {
					g.b.Hush(g.now, k)
				}
				g.b.Judge(g.now, tp, k, Accepted)
				if !tc.hush {
					g.wait(tc.late)
					g.b.Copy(g.now, ps[1], tp, k)
					g.b.Copy(g.now, ps[1], tp, k)
				}
				g.wait(2 * time.Second)
			}
			if got := g.starving(tp, ps); got != tc.want {
				t.Errorf("starving %s, want %s", got, tc.want)
			}
		})
	}
}

// Where P3 is on, a deficit that lasts for two activation times counts, on a topic
// too quiet for the other rule as well.
func TestStarvesByDeficit(t *testing.T) {
	g := newRig(t, Config{})
	tp := g.topic("t", plain(func(w *TopicParams) {
		deliveries(w) // active after 3 s
		w.MeshMessageDeliveriesCap = 20
	}))
	p := g.up(1, "")
	g.b.Graft(g.now, p, tp)
	for s := 1; s <= 12; s++ {
		g.wait(time.Second)
		if got, want := g.b.Starves(g.now, p, tp), s >= 10; got != want {
			t.Errorf("after %d s: %v", s, got)
		}
	}
	for range 7 {
		g.say(tp, Accepted, p)
	}
	g.wait(time.Second)
	if !g.b.Starves(g.now, p, tp) {
		t.Error("forgiven for half of what was asked")
	}
	for range 8 {
		g.say(tp, Accepted, p)
	}
	g.wait(time.Second)
	if g.b.Starves(g.now, p, tp) {
		t.Error("not forgiven")
	}
}
