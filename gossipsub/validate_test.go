package gossipsub

import (
	"testing"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// Several validators: Reject dominates, Throttle goes before Ignore, one that
// panics rejects, and what is no verdict is Ignore.
// Rule: V1, V2
func TestVerdictsCombine(t *testing.T) {
	say := func(v Verdict) func(Message) Verdict { return func(Message) Verdict { return v } }
	boom := func(Message) Verdict { panic("check") }
	const odd = Verdict(77)
	for _, c := range []struct {
		all, of []func(Message) Verdict
		why     string
	}{
		{nil, nil, ""},
		{[]func(Message) Verdict{say(Accept)}, []func(Message) Verdict{say(Accept), say(Accept)}, ""},
		{[]func(Message) Verdict{say(Reject)}, []func(Message) Verdict{say(Accept)}, whyFailed},
		{[]func(Message) Verdict{say(Ignore)}, []func(Message) Verdict{say(Accept)}, whyIgnored},
		{nil, []func(Message) Verdict{say(Ignore), say(Throttle)}, whyThrottled},
		{nil, []func(Message) Verdict{say(Throttle), say(Ignore)}, whyThrottled},
		{nil, []func(Message) Verdict{say(Throttle), say(Reject)}, whyFailed},
		{nil, []func(Message) Verdict{say(Ignore), boom}, whyFailed},
		{nil, []func(Message) Verdict{odd.say}, whyIgnored},
		{nil, []func(Message) Verdict{odd.say, say(Throttle)}, whyThrottled},
	} {
		g := newRig(t, func(cfg *Config) { cfg.Validators = c.all })
		g.join("t", TopicConfig{Validators: c.of})
		g.ups(2, Meshsub11, "t")
		g.recv("n0", plain("t", "hi"))
		why := ""
		for _, e := range g.events {
			if e.Kind == "reject" {
				why = e.Err
			}
		}
		if why != c.why || (len(g.got) == 1) != (c.why == "") {
			t.Errorf("%d and %d validators: %d delivered, %q, want %q", len(c.all), len(c.of), len(g.got), why, c.why)
		}
	}
}

func (v Verdict) say(Message) Verdict { return v }

// A throttled message is not seen: another copy is checked anew, and may be asked
// for.
// Rule: V3, C15
func TestThrottledComesAgain(t *testing.T) {
	verdict := Throttle
	g := newRig(t, penalties)
	g.join("t", TopicConfig{Validate: func(Message) Verdict { return verdict }, MessageID: func(m *Message) string { return string(m.Data) }})
	g.ups(2, Meshsub11, "t")
	g.recv("n0", plain("t", "hi"))
	g.said()
	g.control("n1", rpc.AppendIHave(nil, "t", []string{"hi"}))
	if said := g.said(); count(said, "n1 IWANT hi") != 1 {
		t.Fatalf("not asked for: %q", said)
	}
	verdict = Accept
	g.recv("n1", plain("t", "hi"))
	if len(g.got) != 1 {
		t.Fatalf("%d delivered", len(g.got))
	}
	if p, _ := g.r.peers.Get(g.id("n0")); g.r.standing(p) < 0 {
		t.Fatalf("throttling cost its sender %v", g.r.standing(p))
	}
}

// Our own messages pass the same checks, and the answer says how they ended.
// Rule: F8, V8
func TestOwnMessagesAreValidated(t *testing.T) {
	for v, want := range map[Verdict]error{Accept: nil, Reject: ErrRejected, Ignore: ErrRejected, Throttle: ErrBusy} {
		for _, policy := range []Policy{StrictSign, StrictNoSign, LaxNoSign} {
			g := newRig(t, func(c *Config) { c.Validators = []func(Message) Verdict{v.say} })
			g.ups(1, Meshsub11, "t")
			g.join("t", TopicConfig{Sign: &policy})
			if p := g.publish("t", []byte("hi")); p.Err != want || (len(g.got) == 1) != (want == nil) {
				t.Errorf("verdict %d, %s: %v, %d delivered", v, policy, p.Err, len(g.got))
			}
		}
	}
}
