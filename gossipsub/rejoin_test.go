package gossipsub

import "testing"

// A message that is being checked when we leave its topic is not lost when we are
// back: another copy is checked for the new joining, whatever becomes of the first.
func TestMessageInCheckingOverARejoin(t *testing.T) {
	for _, subscribed := range []bool{true, false} { // the topic stays known meanwhile, or not
		g := newRig(t, nil)
		g.late = true
		cfg := TopicConfig{Validate: func(Message) Verdict { return Accept }}
		g.join("t", cfg)
		g.ups(2, Meshsub11)
		if subscribed {
			g.ups(2, Meshsub11, "t")
		}
		g.recv("n0", plain("t", "hi"))
		g.r.Leave(g.now, "t")
		g.join("t", cfg)
		g.recv("n1", plain("t", "hi"))
		g.work()
		if len(g.got) != 1 {
			t.Errorf("%d delivered, want 1", len(g.got))
		}
		if f := &g.r.flights; len(f.byKey)+len(f.byTicket)+f.bytes+f.aloft != 0 {
			t.Errorf("left behind: %+v", f)
		}
		g.recv("n0", plain("t", "hi"))
		if g.work(); len(g.got) != 1 {
			t.Error("delivered twice")
		}
	}
}
