package gossipsub

import (
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// gossipsub-v1.1 "Explicit Peering Agreements": a direct peer gets every message
// whole, is never grafted nor told by IHAVE, and is always heard.
// Rule: F5, A3
func TestDirectPeers(t *testing.T) {
	for _, configured := range []bool{true, false} {
		g, scores := scoredRig(t, func(c *Config) {
			c.Params = Params{D: 2, Dlo: 1, Dhi: 3}
			if configured {
				c.Direct = []id.ID{newAuthor("d").id}
			}
		})
		scores["d"] = -1000
		if !configured {
			g.r.SetDirect(g.now, g.id("d"), true)
		}
		g.join("t", data)
		g.up("d", Meshsub11, true)
		g.recv("d", rpc.AppendSub(nil, true, "t"))
		g.ups(2, Meshsub11, "t")
		g.recv("d", plain("t", "from d"))
		if len(g.got) != 1 {
			t.Fatal("a direct peer was not heard")
		}
		g.sent = nil
		g.recv("n0", plain("t", "from n0"))
		if said := g.said(); count(said, "d MESSAGE t \"from n0\"") != 1 {
			t.Errorf("not forwarded to the direct peer: %v", said)
		}
		g.publish("t", []byte("mine"))
		g.beat()
		if said := g.said(); count(said, "d MESSAGE t \"mine\"") != 1 || count(said, "d IHAVE") != 0 || count(said, "d GRAFT") != 0 {
			t.Errorf("said %v", said)
		}
		g.control("d", rpc.AppendIWant(nil, []string{"from n0"}))
		if said := g.said(); count(said, "d MESSAGE") != 1 {
			t.Errorf("IWANT of a direct peer: %v", said)
		}
		if strings.Contains(strings.Join(g.mesh("t"), " "), "d") {
			t.Error("in the mesh")
		}
	}
}

// It gets the messages of topics that we have not joined, too.
// Rule: F5
func TestDirectPeerGetsFanout(t *testing.T) {
	g := newRig(t, nil)
	g.r.SetDirect(g.now, g.id("d"), true)
	g.up("d", Meshsub11, true)
	g.recv("d", rpc.AppendSub(nil, true, "t"))
	if got := g.publish("t", []byte("mine")).Peers; got != 1 {
		t.Errorf("went to %d", got)
	}
}

// A GRAFT of a direct peer is answered with PRUNE, and said once.
// Rule: G5, A3
func TestOneSidedAgreement(t *testing.T) {
	g := newRig(t, nil)
	g.r.SetDirect(g.now, g.id("d"), true)
	g.join("t", TopicConfig{})
	g.up("d", Meshsub11, true)
	g.sent = nil
	for range 3 {
		g.graft("d", "t")
	}
	if said := g.said(); len(said) != 3 || count(said, "d PRUNE t 60s") != 3 || g.counted("refuse") != 1 {
		t.Errorf("said %v, %d events", said, g.counted("refuse"))
	}
}

// Peers become direct, and ordinary again, while the router runs.
// Rule: A3
func TestSetDirect(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Params = Params{D: 2, Dlo: 2, Dhi: 3, Dout: -1} })
	g.join("t", TopicConfig{})
	g.ups(3, Meshsub11, "t")
	member := g.mesh("t")[0]
	g.sent = nil
	g.r.SetDirect(g.now, g.id(member), true)
	g.check()
	if said := g.said(); count(said, member+" PRUNE t 60s") != 1 || count(said, "GRAFT t") != 1 || len(g.mesh("t")) != 2 {
		t.Errorf("said %v, mesh %v", said, g.mesh("t"))
	}
	if got := g.publish("t", []byte("mine")).Peers; got != 3 {
		t.Errorf("a message went to %d", got)
	}
	g.r.SetDirect(g.now, g.id(member), false)
	g.check()
	if got := g.publish("t", []byte("mine too")).Peers; got != 2 || len(g.r.Direct()) != 0 {
		t.Errorf("a message went to %d, direct %v", got, g.r.Direct())
	}
	g.r.Down(g.now, g.id(member))
	g.check()
}

// Missing direct peers are asked for at the first heartbeat and every
// DirectConnectTicks; connected ones are not.
// Rule: A3
func TestMissingDirectPeers(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Params.DirectConnectTicks = 3 })
	g.r.SetDirect(g.now, g.id("d"), true)
	g.r.SetDirect(g.now, g.id("here"), true)
	g.up("here", Meshsub11, false)
	var beats []uint64
	for g.r.beat < 8 {
		g.now = g.r.Deadline()
		n := g.r.Advance(g.now)
		if len(n.Missing) == 1 && n.Missing[0] == g.id("d") {
			beats = append(beats, g.r.beat)
		} else if len(n.Missing) > 0 {
			t.Errorf("missing %v", n.Missing)
		}
	}
	if len(beats) != 3 || beats[0] != 1 || beats[1] != 4 || beats[2] != 7 {
		t.Errorf("asked for at beats %v", beats)
	}
	if g.r.p.DirectConnectTicks = 1; g.r.Deadline().Sub(g.now) > time.Second {
		t.Error("no heartbeat although a direct peer is missing")
	}
}
