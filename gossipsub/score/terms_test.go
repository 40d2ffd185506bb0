package score

import (
	"math"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// plain is a topic of weight two with nothing on.
func plain(set func(*TopicParams)) *TopicParams {
	w := TopicParams{TopicWeight: 2}
	set(&w)
	return &w
}

// gossipsub-v1.1 "P1: Time in Mesh": whole quanta since the GRAFT, capped, as of the
// last decay, and nothing outside the mesh.
// Rule: C1
func TestTimeInMesh(t *testing.T) {
	g := newRig(t, Config{})
	tp := g.topic("t", plain(func(w *TopicParams) {
		w.TimeInMeshWeight, w.TimeInMeshQuantum, w.TimeInMeshCap = 0.5, 2*time.Second, 3
	}))
	p := g.up(1, "")
	g.b.Graft(g.now, p, tp)
	for _, want := range []float64{0, 1, 1, 2, 2, 3, 3, 3, 3} { // after 1 s, 2 s, …
		g.wait(time.Second)
		g.want(p, want, g.now.Sub(epoch).String())
	}
	g.b.Prune(g.now, p, tp)
	g.want(p, 0, "pruned")
	g.b.Graft(g.now, p, tp)
	g.wait(3 * time.Second)
	g.want(p, 1, "grafted again")
}

// gossipsub-v1.1 "P2: First Message Deliveries": the first to deliver a valid
// message, in the mesh or not; the cap applies at the increment.
// Rule: C2
func TestFirstDeliveries(t *testing.T) {
	g := newRig(t, Config{})
	tp := g.topic("t", plain(func(w *TopicParams) {
		w.FirstMessageDeliveriesWeight, w.FirstMessageDeliveriesDecay, w.FirstMessageDeliveriesCap = 0.5, 0.5, 3
	}))
	a, c := g.up(1, ""), g.up(2, "")
	g.say(tp, Accepted, a, c, a)
	g.want(a, 1, "first")
	g.want(c, 0, "second")
	g.say(tp, Rejected, c)
	g.say(tp, Ignored, c)
	g.want(c, 0, "nothing valid")
	for range 5 {
		g.say(tp, Accepted, a)
	}
	g.want(a, 3, "capped")
	g.wait(time.Second)
	g.want(a, 1.5, "decayed")
	for range 8 {
		g.wait(time.Second)
	}
	g.want(a, 0, "below the smallest that counts")
	if len(a.stats) != 0 || a.busy >= 0 {
		t.Errorf("left: %d entries, busy %d", len(a.stats), a.busy)
	}
}

func deliveries(w *TopicParams) {
	w.MeshMessageDeliveriesWeight, w.MeshMessageDeliveriesDecay = -1, 0.5
	w.MeshMessageDeliveriesThreshold, w.MeshMessageDeliveriesCap = 4, 6
	w.MeshMessageDeliveriesWindow, w.MeshMessageDeliveriesActivation = 10*time.Millisecond, 3*time.Second
	w.MeshFailurePenaltyWeight, w.MeshFailurePenaltyDecay = -0.5, 0.5
}

// gossipsub-v1.1 "P3": the square of what is missing, once the peer has been in the
// mesh for the activation time.
// Rule: C3
func TestMeshDeliveries(t *testing.T) {
	g := newRig(t, Config{})
	tp := g.topic("t", plain(deliveries))
	a, stranger := g.up(1, ""), g.up(2, "")
	g.b.Graft(g.now, a, tp)
	g.wait(3 * time.Second)
	g.want(a, 0, "at the activation time")
	g.wait(time.Second)
	g.want(a, -2*16, "nothing delivered")
	for range 3 {
		g.say(tp, Accepted, stranger, a)
	}
	g.want(a, -2, "three of four")
	for range 9 {
		g.say(tp, Accepted, a, stranger)
	}
	g.want(a, 0, "enough")
	g.want(stranger, 0, "not in the mesh")
	g.wait(time.Second) // from the cap of 6 to 3
	g.want(a, -2, "decayed")
}

// gossipsub-v1.1 "P3": near-first is while the first is being validated or within
// the window after it, once per message and peer.
// Rule: C3
func TestNearFirst(t *testing.T) {
	tests := []struct {
		name    string
		after   time.Duration
		copies  int
		verdict Verdict
		want    float64
	}{
		{"in validation", -time.Second, 1, Accepted, 1},
		{"in the window", 10 * time.Millisecond, 1, Accepted, 1},
		{"after the window", 11 * time.Millisecond, 1, Accepted, 0},
		{"repeated", 5 * time.Millisecond, 5, Accepted, 1},
		{"ignored", -time.Second, 1, Ignored, 0},
		{"rejected", -time.Second, 1, Rejected, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t, Config{DecayInterval: time.Hour})
			tp := g.topic("t", plain(deliveries))
			first, p := g.up(1, ""), g.up(2, "")
			g.b.Graft(g.now, p, tp)
			k := g.key()
			g.b.Copy(g.now, first, tp, k)
			judge := func() { g.b.Judge(g.now, tp, k, tc.verdict) }
			if tc.after >= 0 {
				judge()
				g.wait(tc.after)
			} else {
				g.wait(-tc.after)
			}
			for range tc.copies {
				g.b.Copy(g.now, p, tp, k)
			}
			if tc.after < 0 {
				judge()
			}
			if got := p.in(tp).delivered; got != tc.want {
				t.Errorf("%v counted, want %v", got, tc.want)
			}
		})
	}
}

// gossipsub-v1.1 "P3b": what was missing when the peer was pruned sticks and fades;
// P3 itself is for the mesh only.
// Rule: C4
func TestMeshFailure(t *testing.T) {
	g := newRig(t, Config{})
	tp := g.topic("t", plain(deliveries))
	a := g.up(1, "")
	g.b.Graft(g.now, a, tp)
	g.wait(4 * time.Second)
	g.b.Prune(g.now, a, tp)
	g.want(a, -16, "pruned with a deficit of four")
	g.b.Prune(g.now, a, tp)
	g.want(a, -16, "pruned twice")
	g.wait(time.Second)
	g.want(a, -8, "faded")
	g.b.Graft(g.now, a, tp)
	g.b.Prune(g.now, a, tp)
	g.want(a, -8, "pruned before the activation time")
}

// gossipsub-v1.1 "P4": the square of a counter without a cap; also for later copies
// of what is known to be invalid, and for everybody who sent it in validation.
// Rule: C5
func TestInvalid(t *testing.T) {
	g := newRig(t, Config{})
	tp := g.topic("t", plain(func(w *TopicParams) {
		w.InvalidMessageDeliveriesWeight, w.InvalidMessageDeliveriesDecay = -1, 0.5
	}))
	a, c, d, e := g.up(1, ""), g.up(2, ""), g.up(3, ""), g.up(4, "")
	k := g.say(tp, Rejected, a, c)
	g.want(a, -2, "first to send it")
	g.want(c, -2, "second")
	g.b.Copy(g.now, d, tp, k)
	g.want(d, -2, "sent what is known to be invalid")
	g.b.Copy(g.now, d, tp, k)
	g.want(d, -8, "sent it again")
	g.b.Invalid(g.now, e, tp)
	g.want(e, -2, "refused without a record")
	g.wait(time.Second)
	g.want(d, -2, "decayed")
	g.say(tp, Ignored, e)
	g.want(e, -0.5, "ignored costs nothing")
}

// A peer that sent other bytes under an ID is charged, and the next to have sent
// the message is the first.
func TestForged(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	liar, honest := g.up(1, ""), g.up(2, "")
	k := g.key()
	g.b.Copy(g.now, liar, tp, k)
	g.b.Copy(g.now, honest, tp, k)
	g.b.Forged(g.now, liar, tp, k)
	g.b.Judge(g.now, tp, k, Accepted)
	g.want(liar, -2, "liar")
	g.want(honest, 0.5, "honest")
}

// Messages from before a peer left are nothing to one that came back, whether its
// score was retained or not; and a verdict that comes too late finds nobody.
func TestStaleCredit(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	p, other := g.up(1, ""), g.up(2, "")
	old, slow := g.key(), g.key()
	g.b.Copy(g.now, p, tp, old)
	g.b.Copy(g.now, other, tp, slow)
	g.wait(time.Second)
	g.b.Down(g.now, p)
	p = g.up(1, "")
	g.b.Judge(g.now, tp, old, Accepted)
	g.want(p, 0, "came back")
	g.now = g.now.Add(verdictWait)
	g.b.Judge(g.now, tp, slow, Rejected)
	g.want(other, 0, "half a minute later")
}

// A message that was ignored, or found no room, can be judged again.
// Rule: C15
func TestIgnoredThenAccepted(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	a, c := g.up(1, ""), g.up(2, "")
	k := g.say(tp, Ignored, a)
	g.b.Copy(g.now, c, tp, k)
	g.b.Judge(g.now, tp, k, Accepted)
	g.want(a, 0, "ignored")
	g.want(c, 0.5, "first of those that were checked")
}

// gossipsub-v1.1 "P5": asked when the peer comes and once per decay.
// Rule: C6
func TestApplication(t *testing.T) {
	asked, says := 0, 3.0
	cfg := Config{AppSpecificWeight: 2, App: func(id.ID) float64 { asked++; return says }}
	g := newRig(t, cfg)
	p := g.up(1, "")
	g.want(p, 6, "at once")
	says = -5
	for range 10 {
		g.want(p, 6, "before the decay")
	}
	g.wait(time.Second)
	g.want(p, -10, "after it")
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	for _, tc := range []struct{ says, want float64 }{
		{math.NaN(), 0}, {math.Inf(1), 2e6}, {math.Inf(-1), -2e6}, {1e300, 2e6},
	} {
		says = tc.says
		g.wait(time.Second)
		g.want(p, tc.want, "odd")
	}
}

// gossipsub-v1.1 "P7": breaches above the threshold, squared.
// Rule: C8
func TestBehaviour(t *testing.T) {
	g := newRig(t, Config{BehaviourPenaltyWeight: -10, BehaviourPenaltyThreshold: 2, BehaviourPenaltyDecay: 0.5})
	p := g.up(1, "")
	g.b.Penalty(g.now, p, 2)
	g.want(p, 0, "at the threshold")
	g.b.Penalty(g.now, p, 2)
	g.want(p, -40, "two above")
	for _, n := range []float64{0, -1, math.NaN(), math.Inf(-1)} {
		g.b.Penalty(g.now, p, n)
	}
	g.want(p, -40, "no breaches")
	g.wait(time.Second)
	g.want(p, 0, "decayed")
	g.b.Penalty(g.now, p, math.Inf(1))
	sound(t, g.b)
}

// The cap holds what topics earn together; what they take away comes off below it.
// Rule: C9
func TestTopicCap(t *testing.T) {
	g := newRig(t, Config{TopicScoreCap: 10})
	w := func(w *TopicParams) {
		w.FirstMessageDeliveriesWeight, w.FirstMessageDeliveriesDecay, w.FirstMessageDeliveriesCap = 1, 0.9, 100
		w.InvalidMessageDeliveriesWeight, w.InvalidMessageDeliveriesDecay = -1, 0.9
	}
	good, fine, bad := g.topic("good", plain(w)), g.topic("fine", plain(w)), g.topic("bad", plain(w))
	p := g.up(1, "")
	for range 50 {
		g.say(good, Accepted, p)
		g.say(fine, Accepted, p)
	}
	g.want(p, 10, "capped")
	for range 3 {
		g.say(bad, Rejected, p)
	}
	g.want(p, 10-18, "two hundred earned elsewhere buy off ten")
}

// Changed parameters cut counters down and reset nothing.
// Rule: C16
func TestLiveChange(t *testing.T) {
	g := newRig(t, Config{DecayInterval: time.Hour})
	all := func(w *TopicParams) {
		deliveries(w)
		w.FirstMessageDeliveriesWeight, w.FirstMessageDeliveriesDecay, w.FirstMessageDeliveriesCap = 1, 0.5, 10
		w.InvalidMessageDeliveriesWeight, w.InvalidMessageDeliveriesDecay = -1, 0.5
	}
	tp := g.topic("t", plain(all))
	p := g.up(1, "")
	g.b.Graft(g.now, p, tp)
	for range 8 {
		g.say(tp, Accepted, p)
	}
	g.b.Invalid(g.now, p, tp)
	same := g.topic("t", plain(func(w *TopicParams) {
		all(w)
		w.FirstMessageDeliveriesCap, w.MeshMessageDeliveriesCap = 5, 4
	}))
	s := p.in(tp)
	if same != tp || s.first != 5 || s.delivered != 4 || s.invalid != 1 || !s.inMesh {
		t.Errorf("%+v", s)
	}
	g.want(p, 2*(5-1), "after the change")
	if _, err := g.b.Topic(g.now, "t", plain(func(w *TopicParams) { w.TimeInMeshWeight = -1 })); err == nil {
		t.Error("nonsense accepted")
	}
	g.want(p, 2*(5-1), "after a refused change")
	g.topic("t", &TopicParams{})
	g.want(p, 0, "switched off")
}

// What a peer lost in a topic outlives our leaving it; what it earned does not.
func TestForgetTopic(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	good, bad := g.up(1, ""), g.up(2, "")
	for _, p := range []*Peer{good, bad} {
		g.b.Graft(g.now, p, tp)
		g.say(tp, Accepted, p)
	}
	g.say(tp, Rejected, bad)
	g.b.Forget(tp)
	g.want(good, 0, "earned")
	g.want(bad, -2, "lost")
	g.say(tp, Accepted, good)
	g.b.Graft(g.now, good, tp)
	g.want(good, 0, "in a topic that is left")
	if again := g.topic("t", nil); again != tp {
		t.Error("begun again as another topic")
	}
	g.want(bad, -2, "begun again")
	g.b.Forget(tp)
	g.wait(2 * time.Hour)
	if g.b.topics != nil || g.b.numbered != nil || !tp.gone {
		t.Error("kept for nobody")
	}
	other := g.topic("other", nil) // takes the number
	g.b.Graft(g.now, good, other)
	g.b.Prune(g.now, good, tp)
	g.b.Invalid(g.now, good, tp)
	g.b.Forget(tp)
	if s := good.in(other); s == nil || !s.inMesh || len(good.stats) != 1 {
		t.Error("an old handle moved another topic")
	}
	sound(t, g.b)
}
