package gossipsub

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
)

// extended counts the frames that carry Extensions and tells whether only the
// first one does.
func (g *rig) extended() (n int, first bool) {
	for i, s := range g.sent {
		var r rpc.RPC
		if err := r.Decode(s.frame, rpc.DefaultLimits(100)); err != nil || !r.Canonical {
			g.t.Fatal(err)
		}
		if r.HasExtensions {
			n++
			first = first || i == 0
		}
	}
	g.sent = nil
	return n, first
}

// penalties turns scoring on, for breaches of the protocol alone.
func penalties(c *Config) {
	c.Score = &score.Config{
		Thresholds:             score.Thresholds{Gossip: -10, Publish: -50, Graylist: -80, AcceptPX: 10, OpportunisticGraft: 5},
		BehaviourPenaltyWeight: -1, BehaviourPenaltyThreshold: 6, BehaviourPenaltyDecay: 0.9,
		DecayInterval: time.Second, DecayToZero: 0.01, RetainScore: time.Hour,
	}
}

func extensions(e rpc.Extensions) []byte {
	return rpc.AppendControl(nil, rpc.AppendExtensions(nil, e))
}

// gossipsub-v1.3: "the Extensions control message MUST be included in the first
// message on the stream" and "MUST NOT be sent more than once".
// Rule: N7, E1
func TestExtensionsInTheFirstRPC(t *testing.T) {
	g := newRig(t, nil)
	g.up("n0", Meshsub13, false)
	if n, first := g.extended(); n != 1 || !first {
		t.Fatalf("without topics: %d, first %v", n, first)
	}
	for i := range 250 {
		g.join(fmt.Sprint("topic", i), TopicConfig{})
	}
	if n, _ := g.extended(); n != 0 {
		t.Fatal("said again with a subscription")
	}
	g.up("n1", Meshsub13, false)
	if n, first := g.extended(); n != 1 || !first {
		t.Fatalf("with a hello of several frames: %d, first %v", n, first)
	}
	g.r.Began(g.now, g.id("n1")) // says our topics again, on the same stream of ours
	if n, _ := g.extended(); n != 0 {
		t.Fatal("said twice on one stream")
	}
	g.up("n1", Meshsub13, false)
	if n, _ := g.extended(); n != 1 {
		t.Fatal("not said on a new stream")
	}
	g.up("n2", Meshsub12, false)
	if n, _ := g.extended(); n != 0 {
		t.Fatal("said on a 1.2 stream")
	}
}

// The first RPC of the peer's stream decides what it supports; a later Extensions
// message is a breach; all is forgotten with the stream.
// Rule: E2, E3
func TestExtensionsOfAPeer(t *testing.T) {
	g := newRig(t, penalties)
	g.up("n0", Meshsub13, false)
	p, _ := g.r.peers.Get(g.id("n0"))
	both := rpc.Extensions{Partial: true, Test: true}

	g.recv("n0", append(rpc.AppendSub(nil, true, "t"), extensions(both)...))
	if p.ext != both || g.counted("penalty") != 0 {
		t.Fatalf("%+v, %d penalties", p.ext, g.counted("penalty"))
	}
	g.recv("n0", extensions(rpc.Extensions{}))
	if p.ext != both || g.counted("penalty") != 1 {
		t.Fatalf("a second message: %+v, %d penalties", p.ext, g.counted("penalty"))
	}
	g.r.Began(g.now, g.id("n0"))
	if p.ext != (rpc.Extensions{}) {
		t.Fatal("kept over a new stream")
	}
	g.recv("n0", rpc.AppendSub(nil, true, "t")) // the first RPC: none supported
	g.recv("n0", extensions(both))
	if p.ext != (rpc.Extensions{}) || g.counted("penalty") != 2 {
		t.Fatalf("not in the first RPC: %+v, %d penalties", p.ext, g.counted("penalty"))
	}
	g.r.Began(g.now, g.id("n0"))
	g.recv("n0", extensions(both))
	g.r.Ended(g.now, g.id("n0"))
	g.recv("n0", extensions(both)) // stale: its stream has ended
	if p.ext != (rpc.Extensions{}) {
		t.Fatal("kept over the end of the stream")
	}
}

// Where two links were and one gave way, the peer's hello on the other is its first
// RPC, and an ordinary frame of a stream that stayed changes nothing.
// Rule: E2
func TestExtensionsAfterDoubledLinks(t *testing.T) {
	g := newRig(t, penalties)
	g.up("n0", Meshsub13, false)
	p, _ := g.r.peers.Get(g.id("n0"))
	g.recv("n0", extensions(rpc.Extensions{Partial: true}))
	g.r.Doubled(g.id("n0"))
	g.recv("n0", rpc.AppendSub(nil, true, "t"))
	if !p.ext.Partial {
		t.Fatal("forgotten while the stream stayed")
	}
	g.r.Doubled(g.id("n0"))
	g.recv("n0", extensions(rpc.Extensions{Test: true}))
	if p.ext.Partial || !p.ext.Test || g.counted("penalty") != 0 {
		t.Fatalf("%+v, %d penalties", p.ext, g.counted("penalty"))
	}
}

// extensions/experimental/test-extension: "if both peers support the Test Extension,
// each peer MUST send a TestExtension message".
// Rule: E4
func TestTestExtension(t *testing.T) {
	for _, c := range []struct {
		name        string
		on          bool
		stream      string
		peer, early bool
		want        int
	}{
		{"both", true, Meshsub13, true, false, 1},
		{"its hello came first", true, Meshsub13, true, true, 1},
		{"we do not", false, Meshsub13, true, false, 0},
		{"it does not", true, Meshsub13, false, false, 0},
		{"1.2", true, Meshsub12, true, false, 0},
	} {
		g := newRig(t, func(cfg *Config) { cfg.TestExtension = c.on })
		hello := func() { g.recv("n0", extensions(rpc.Extensions{Test: c.peer})) }
		if c.early {
			hello()
		}
		g.up("n0", c.stream, false)
		if !c.early {
			hello()
		}
		g.recv("n0", rpc.AppendTest(nil))
		g.r.Began(g.now, g.id("n0")) // a new stream of its own; ours is the same
		hello()
		got := 0
		for _, s := range g.sent {
			var r rpc.RPC
			if err := r.Decode(s.frame, rpc.DefaultLimits(0)); err != nil {
				t.Fatal(err)
			}
			if r.HasTest {
				got++
			}
		}
		if got != c.want {
			t.Errorf("%s: sent %d", c.name, got)
		}
	}
}
