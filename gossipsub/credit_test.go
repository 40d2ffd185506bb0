package gossipsub

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// asked counts the IWANTs said since the last look.
func (g *rig) asked() int { return count(g.said(), "IWANT") }

// While a stranger is asked, whom we dialled and who has sent us messages are asked at
// once, and no second one of either.
// Rule: I16
func TestAskedAtOnce(t *testing.T) {
	g := askRig(t, 3, nil) // n0, n1, n2: inbound strangers
	for _, name := range []string{"d0", "d1"} {
		g.up(name, Meshsub12, true)
		g.recv(name, rpc.AppendSub(nil, true, "t"))
	}
	g.recv("n1", plain("t", "first"))
	g.recv("n2", plain("t", "second"))
	g.sent = nil
	for _, step := range []struct{ from, want string }{
		{"n0", "n0 IWANT x"}, {"d0", "d0 IWANT x"}, {"d1", ""}, {"n1", "n1 IWANT x"}, {"n2", ""},
	} {
		g.ihave(step.from, "x")
		said := g.said()
		if step.want == "" && len(said) > 0 || step.want != "" && (len(said) != 1 || said[0] != step.want) {
			t.Errorf("%s advertises: said %q, want %q", step.from, said, step.want)
		}
	}
	g.run(g.r.p.IWantFollowupTime / 2)
	if n := g.asked(); n != 2 { // three did not answer, so both that are left
		t.Errorf("%d asked after the follow-up time, want 2", n)
	}
	g.recv("d1", plain("t", "x"))
	g.run(10 * time.Second)
	if n := g.asked(); n != 0 {
		t.Errorf("%d asked for what has come", n)
	}
}

// When those asked do not answer, more are asked at a time, so that a crowd of liars
// is soon got through.
// Rule: I16
func TestAskingGrows(t *testing.T) {
	g := askRig(t, 20, nil)
	for i := range 20 {
		g.ihave(fmt.Sprint("n", i), "x")
	}
	for i, want := range []int{1, 1, 3, 9, 6, 0} {
		if n := g.asked(); n != want {
			t.Errorf("round %d: %d asked, want %d", i, n, want)
		}
		g.run(g.r.p.IWantFollowupTime / 2)
	}
}

// Credit is bounded and lost faster than it is earned; who owes comes last.
// Rule: I16
func TestCredit(t *testing.T) {
	g := askRig(t, 3, nil)
	for i := range 20 {
		g.recv("n0", plain("t", fmt.Sprint("m", i)))
	}
	p := g.r.peer(g.id("n0"))
	if p.credit != creditMax {
		t.Fatalf("credit %d after twenty messages, want %d", p.credit, creditMax)
	}
	for i := range 4 {
		g.ihave("n0", fmt.Sprint("lie", i))
		g.run(10 * time.Second)
	}
	if p.credit > 0 || p.rank() > 0 {
		t.Fatalf("credit %d, rank %d after four lies", p.credit, p.rank())
	}
	for range 20 {
		g.ihave("n0", "another lie")
		g.run(10 * time.Second)
	}
	if p.credit != -creditMax || p.rank() != -1 {
		t.Fatalf("credit %d, rank %d", p.credit, p.rank())
	}
}

// A full list takes the better in the place of the worse.
// Rule: I16
func TestAdvertisersByRank(t *testing.T) {
	w := &want{rest: &others{}}
	for range advertisersMax + 1 {
		w.advertised(&peer{})
	}
	dialled, good := &peer{outbound: true}, &peer{credit: 1}
	w.advertised(&peer{credit: -1})
	w.advertised(dialled)
	w.advertised(good)
	w.advertised(good)
	if more := w.rest.more; len(more) != advertisersMax || more[0] != good || more[1] != dialled || more[2].rank() != 0 {
		t.Errorf("%d advertisers, the first of ranks %d, %d, %d", len(more), more[0].rank(), more[1].rank(), more[2].rank())
	}
}
