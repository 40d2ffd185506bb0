package score

import (
	"testing"
	"time"
)

func TestInvalidGraylists(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	a := g.up(1, "192.0.2.1")
	g.b.Graft(g.now, a, tp)
	for range 100 {
		g.say(tp, Accepted, a)
	}
	g.wait(5 * time.Minute)
	for range 100 {
		g.say(tp, Accepted, a)
	}
	g.want(a, 20, "earned all there is")
	for range 10 {
		g.wait(time.Second)
		g.say(tp, Rejected, a)
	}
	if s := g.b.Score(g.now, a); s >= g.b.Thresholds().Graylist {
		t.Errorf("after ten invalid messages: %v", s)
	}
}
