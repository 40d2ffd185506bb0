package gossipsub

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// The behaviours of the router's origin, row by row of docs/origins.md, table B.
// B7 is TestB7ResidueAfterDown; B3 (one handler for all inbound streams) is the
// link's.

// Rule: P1, P2
func TestB1Parameters(t *testing.T) {
	g := newRig(t, nil)
	p := g.r.p
	if p.D != 6 || p.Dlo != 5 || p.Dhi != 12 || p.Dscore != 4 || p.Dout != 2 || p.Dlazy != 6 || p.GossipFactor != 0.25 || p.HistoryLength != 5 || p.HistoryGossip != 3 ||
		p.HeartbeatInitialDelay != 100*time.Millisecond || p.HeartbeatInterval != time.Second || p.FanoutTTL != time.Minute ||
		p.PruneBackoff != time.Minute || p.UnsubscribeBackoff != 10*time.Second || p.GraftFloodThreshold != 10*time.Second ||
		p.OpportunisticGraftTicks != 60 || p.DirectConnectTicks != 300 || p.OpportunisticGraftPeers != 2 || p.SeenTTL != 2*time.Minute {
		t.Fatalf("%+v", p)
	}
	g.join("t", TopicConfig{})
	if d := g.r.Deadline().Sub(epoch); d < 0 || d > 200*time.Millisecond {
		t.Fatalf("first heartbeat after %v", d)
	}
	g.run(10*time.Second + 200*time.Millisecond)
	if g.r.beat != 11 && g.r.beat != 10 {
		t.Fatalf("%d heartbeats in ten seconds", g.r.beat)
	}
	for name, bad := range map[string]Params{
		"Dlo": {D: 4, Dlo: 5}, "Dhi": {D: 6, Dhi: 5}, "Dout": {D: 6, Dout: 4}, "GossipFactor": {GossipFactor: 2}, "HistoryGossip": {HistoryLength: 2, HistoryGossip: 3},
		"HeartbeatInterval": {HeartbeatInterval: 1}, "PruneBackoff": {PruneBackoff: time.Millisecond}, "SeenTTL": {SeenTTL: 1}, "MessageBytesMax": {MessageBytesMax: 2 << 20},
	} {
		if err := bad.fill(); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, good := range []Params{{}, {NoMesh: true}, {D: 1}, {D: 3}, {D: 8}, {D: 20}, {D: 2, Dlo: 2, Dhi: 2, Dout: -1}, {HistoryLength: 1}} {
		if err := good.fill(); err != nil {
			t.Errorf("%+v: %v", good, err)
		}
	}
}

// Rule: O5
func TestB2TablesPerTopic(t *testing.T) {
	g := newRig(t, nil)
	g.ups(8, Meshsub11, "joined", "fan", "foreign")
	g.join("joined", TopicConfig{})
	g.publish("fan", []byte("x"))
	got := map[string]TopicInfo{}
	for _, info := range g.r.Topics() {
		got[info.Topic] = info
	}
	if a := got["joined"]; !a.Joined || a.Peers != 8 || a.Mesh != 6 || a.Fanout != 0 || len(g.r.Mesh("joined")) != 6 {
		t.Errorf("%+v", a)
	}
	if a := got["fan"]; a.Joined || a.Peers != 8 || a.Mesh != 0 || a.Fanout != 6 || len(g.r.Fanout("fan")) != 6 {
		t.Errorf("%+v", a)
	}
	if a := got["foreign"]; a.Peers != 8 || a.Mesh+a.Fanout != 0 || len(g.r.Peers("foreign")) != 8 {
		t.Errorf("%+v", a)
	}
}

// Rule: T6, H7
func TestB4FanoutIsReplenished(t *testing.T) {
	g := newRig(t, nil)
	g.ups(4, Meshsub11, "t")
	g.publish("t", []byte("x"))
	for i := 4; i < 12; i++ {
		n := fmt.Sprintf("n%d", i)
		g.up(n, Meshsub11, false)
		g.recv(n, rpc.AppendSub(nil, true, "t"))
	}
	g.r.Down(g.now, g.id("n0"))
	g.recv("n1", rpc.AppendSub(nil, false, "t"))
	if n := len(g.r.Fanout("t")); n != 2 {
		t.Fatalf("fanout of %d after two left", n)
	}
	g.run(1200 * time.Millisecond)
	if n := len(g.r.Fanout("t")); n != 6 {
		t.Fatalf("fanout of %d after a heartbeat", n)
	}
	g.run(time.Minute)
	if n := len(g.r.Fanout("t")); n != 0 {
		t.Fatalf("fanout of %d a minute after the last publish", n)
	}
}

// meshOf brings a mesh to n by GRAFTs, past the router's own choice.
func meshOf(t *testing.T, n, outbound int) *rig {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	for i := range n {
		name := fmt.Sprintf("n%d", i)
		g.up(name, Meshsub11, i < outbound)
		g.graft(name, "t")
		g.recv(name, rpc.AppendSub(nil, true, "t"))
	}
	return g
}

// At each bound of the mesh: Dlo−1, Dlo, D, Dhi−1, Dhi, Dhi+1 and above.
// Rule: H1, H3, H9, G4
func TestB5Rebalance(t *testing.T) {
	for _, c := range []struct{ have, outbound, refused, after int }{
		{4, 0, 0, 4}, {5, 0, 0, 5}, {6, 0, 0, 6}, {11, 0, 0, 11}, {12, 0, 0, 6}, {13, 0, 1, 6}, {20, 0, 8, 6},
		{14, 14, 0, 6}, {15, 15, 1, 6}, {12, 2, 0, 6},
	} {
		g := meshOf(t, c.have, c.outbound)
		if n := count(g.said(), "PRUNE"); n != c.refused {
			t.Errorf("%d of %d refused, want %d", n, c.have, c.refused)
		}
		g.run(1200 * time.Millisecond)
		mesh := g.r.Mesh("t")
		if len(mesh) != c.after {
			t.Errorf("mesh of %d after %d GRAFTs, want %d", len(mesh), c.have, c.after)
		}
		if n, want := count(g.said(), "PRUNE t 60s"), min(c.have-c.refused, c.have)-c.after; n != want {
			t.Errorf("%d told, want %d", n, want)
		}
		out := 0
		for _, m := range mesh {
			if p, _ := g.r.peers.Get(m); p.outbound {
				out++
			}
		}
		if out < min(2, c.outbound) {
			t.Errorf("%d outbound kept of %d", out, c.outbound)
		}
	}
	// Below Dlo it grafts up to D, the fanout first.
	g := newRig(t, nil)
	g.ups(20, Meshsub11, "t")
	g.publish("t", []byte("x"))
	fanout := fmt.Sprint(g.r.Fanout("t"))
	g.join("t", TopicConfig{})
	if got := fmt.Sprint(g.r.Mesh("t")); got != fanout {
		t.Errorf("mesh %s, fanout %s", got, fanout)
	}
	for _, m := range g.r.Mesh("t")[:2] {
		g.r.Down(g.now, m)
	}
	g.run(1200 * time.Millisecond)
	if n := len(g.r.Mesh("t")); n != 6 {
		t.Errorf("mesh of %d after two left", n)
	}
	// A mesh without outbound links gets some.
	g = meshOf(t, 6, 0)
	for _, n := range []string{"o1", "o2", "o3"} {
		g.up(n, Meshsub11, true)
		g.recv(n, rpc.AppendSub(nil, true, "t"))
	}
	g.run(1200 * time.Millisecond)
	if n := len(g.r.Mesh("t")); n != 8 {
		t.Errorf("mesh of %d, want two outbound above six", n)
	}
}

// Rule: H8, I1
func TestB6HeartbeatGossipsToPeersOutsideTheMesh(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(20, Meshsub11, "t")
	g.publish("t", []byte("x"))
	mesh := fmt.Sprint(g.r.Mesh("t"))
	for k := range 6 {
		g.said()
		g.run(time.Second)
		lines := g.said()
		want := 6
		if k >= 3 {
			want = 0
		}
		if n := count(lines, "IHAVE t"); n != want {
			t.Errorf("heartbeat %d: %d IHAVEs, want %d", k, n, want)
		}
		for _, l := range lines {
			if strings.Contains(mesh, g.id(strings.Fields(l)[0]).String()) {
				t.Errorf("gossip to a mesh member: %s", l)
			}
		}
	}
	if g.r.cache.all.len() != 0 {
		t.Error("cache not shifted")
	}
	// A quarter of many peers.
	g.ups(60, Meshsub11, "t")
	g.publish("t", []byte("y"))
	g.said()
	g.run(time.Second)
	if n := count(g.said(), "IHAVE t"); n != 13 {
		t.Errorf("%d IHAVEs among 54, want 13", n)
	}
}

// Rule: T6
func TestB8SubscriptionRebalancesAtOnce(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(3, Meshsub11, "t", "u")
	if len(g.r.Mesh("t")) != 3 || len(g.r.Peers("u")) != 3 {
		t.Fatal("not grafted at once")
	}
	g.recv("n0", rpc.AppendSub(nil, false, "t"))
	if len(g.r.Mesh("t")) != 2 || len(g.r.Peers("t")) != 2 {
		t.Fatal("unsubscription did not remove the peer")
	}
}

// Rule: N4, G1
func TestB9Graft(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(1, Meshsub11)
	g.said()
	g.graft("n0", "t")
	g.graft("n0", "t")
	g.graft("n0", "unknown")
	if len(g.r.Mesh("t")) != 1 || len(g.said()) != 0 {
		t.Fatal("GRAFT")
	}
	g.up("f", Floodsub, false)
	g.graft("f", "t")
	if len(g.r.Mesh("t")) != 1 || count(g.said(), "PRUNE") != 0 {
		t.Fatal("a floodsub peer got into the mesh or was sent control")
	}
}

// Rule: G6, I3
func TestB10PruneIHaveIWant(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{MessageID: func(m *Message) string { return string(m.Data) }})
	g.ups(2, Meshsub11, "t")
	g.recv("n0", plain("t", "old"))
	g.said()
	g.control("n1", rpc.AppendIHave(nil, "t", []string{"old", "new", "", "new"}))
	if got := g.said(); len(got) != 1 || got[0] != "n1 IWANT new" {
		t.Fatalf("%q", got)
	}
	g.control("n1", rpc.AppendIWant(nil, []string{"old", "none"}))
	if got := g.said(); len(got) != 1 || got[0] != `n1 MESSAGE t "old"` {
		t.Fatalf("%q", got)
	}
	g.control("n0", rpc.AppendPrune(nil, "t", 10))
	if len(g.r.Mesh("t")) != 1 {
		t.Fatal("PRUNE")
	}
}

// Rule: N4, F1, V1
func TestB11IncomingMessage(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{Validate: func(m Message) Verdict {
		return map[string]Verdict{"bad": Reject, "meh": Ignore}[string(m.Data)]
	}})
	g.ups(4, Meshsub11, "t")
	g.up("f", Floodsub, false)
	g.recv("f", rpc.AppendSub(nil, true, "t"))
	g.up("elsewhere", Meshsub11, false)
	g.said()
	for _, data := range []string{"good", "good", "bad", "bad", "meh", "meh"} {
		g.recv("n0", plain("t", data))
	}
	lines := g.said()
	if len(lines) != 4 || count(lines, `MESSAGE t "good"`) != 4 || count(lines, "n0")+count(lines, "elsewhere") != 0 || count(lines, "f MESSAGE") != 1 {
		t.Fatalf("forwarded: %q", lines)
	}
	if len(g.got) != 1 || g.got[0].Via != g.id("n0") || g.got[0].Local || g.counted("reject") != 2 || g.counted("duplicate") != 3 {
		t.Fatalf("%d delivered, %d rejected, %d duplicate", len(g.got), g.counted("reject"), g.counted("duplicate"))
	}
}

// The author and everybody who sent the message is left out when forwarding.
// Rule: F3
func TestB11NotBackToTheAuthor(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Sign = StrictSign })
	g.join("t", TopicConfig{})
	g.ups(3, Meshsub11, "t")
	g.said()
	g.recv("n0", rpc.AppendPublish(nil, newAuthor("n1").message("t", 1, []byte("x"))))
	if got := g.said(); len(got) != 1 || got[0] != `n2 MESSAGE t "x"` {
		t.Fatalf("%q", got)
	}
}

// Rule: H12
func TestB12AnswersGoInOneRPC(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{MessageID: func(m *Message) string { return string(m.Data) }})
	g.join("full", TopicConfig{})
	for i := range 12 {
		g.up(fmt.Sprintf("n%d", i), Meshsub11, false)
		g.graft(fmt.Sprintf("n%d", i), "full")
	}
	g.publish("t", []byte("m1"))
	g.publish("t", []byte("m2"))
	g.up("n", Meshsub11, false)
	g.said()
	entries := rpc.AppendIHave(nil, "t", []string{"new"})
	entries = rpc.AppendIWant(entries, []string{"m1", "m2"})
	entries = rpc.AppendGraft(entries, "full")
	g.control("n", entries)
	if len(g.sent) != 1 || !g.sent[0].urgent {
		t.Fatalf("%d frames", len(g.sent))
	}
	if got := strings.Join(g.said(), ", "); got != `n MESSAGE t "m1", n MESSAGE t "m2", n IWANT new, n PRUNE full 60s` {
		t.Fatal(got)
	}
}

// Rule: T7, H9, H10
func TestB13JoinAndLeave(t *testing.T) {
	g := newRig(t, nil)
	g.ups(8, Meshsub11, "t")
	g.said()
	g.join("t", TopicConfig{})
	if lines := g.said(); count(lines, "GRAFT t") != 6 || count(lines, "SUBSCRIBE t") != 8 {
		t.Fatalf("%q", lines)
	}
	g.r.Leave(g.now, "t")
	if lines := g.said(); count(lines, "PRUNE t 10s") != 6 || count(lines, "UNSUBSCRIBE t") != 8 {
		t.Fatalf("%q", lines)
	}
	g.r.Leave(g.now, "t")
	if len(g.said()) != 0 || g.r.Mesh("t") != nil {
		t.Fatal("left twice")
	}
	for _, bad := range []string{"", strings.Repeat("x", 257), "\xff"} {
		if err := g.r.Join(g.now, bad, TopicConfig{}); !errors.Is(err, ErrTopic) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	sign := StrictSign
	g.r.cfg.Signer = nil
	if err := g.r.Join(g.now, "s", TopicConfig{Sign: &sign}); !errors.Is(err, ErrNoSigner) {
		t.Error(err)
	}
}

// Rule: M1, F1, F8
func TestB14Publish(t *testing.T) {
	g := newRig(t, nil)
	if p := g.publish("", nil); !errors.Is(p.Err, ErrTopic) {
		t.Errorf("empty topic: %+v", p)
	}
	if p := g.publish("t", make([]byte, 2<<20)); !errors.Is(p.Err, ErrTooLarge) {
		t.Errorf("too large: %+v", p)
	}
	if p := g.publish("t", []byte("0")); p.Peers != 0 || p.Err != nil || len(p.ID) != 32 {
		t.Errorf("nobody there: %+v", p)
	}
	g.ups(9, Meshsub11, "t")
	if p := g.publish("t", []byte("1")); p.Peers != 6 || len(g.got) != 0 {
		t.Errorf("fanout: %+v", p)
	}
	g.join("t", TopicConfig{})
	if p := g.publish("t", []byte("2")); p.Peers != 6 || len(g.got) != 1 || !g.got[0].Local {
		t.Errorf("mesh: %+v", p)
	}
	if p := g.publish("t", []byte("2")); !errors.Is(p.Err, ErrDuplicate) || p.ID != g.got[0].ID {
		t.Errorf("again: %+v", p)
	}
	if p := g.publish("t", nil); p.Peers != 6 || p.Err != nil {
		t.Errorf("no data: %+v", p)
	}
	if g.counted("publish") != 4 {
		t.Errorf("%d publish events", g.counted("publish"))
	}
	flooding := newRig(t, func(c *Config) { c.Params.FloodPublish = new(true) })
	flooding.ups(9, Meshsub11, "t")
	flooding.join("t", TopicConfig{})
	if p := flooding.publish("t", []byte("1")); p.Peers != 9 {
		t.Errorf("flood publish: %+v", p)
	}
}

// Missed heartbeats are skipped and never overlap; waking early or late, or twice,
// is harmless; an idle router asks for none.
// Rule: H11
func TestB15HeartbeatDeadlines(t *testing.T) {
	g := newRig(t, nil)
	if !g.r.Deadline().IsZero() {
		t.Fatal("an idle router has a deadline")
	}
	g.join("t", TopicConfig{})
	first := g.r.Deadline()
	g.r.Advance(g.now)
	if g.r.beat != 0 && first.After(g.now) {
		t.Fatal("beat before its time")
	}
	g.now = first.Add(10500 * time.Millisecond)
	g.r.Advance(g.now)
	g.r.Advance(g.now)
	if g.r.beat != 1 || g.r.Deadline().Sub(first) != 11*time.Second {
		t.Fatalf("%d beats, next %v after the first", g.r.beat, g.r.Deadline().Sub(first))
	}
	g.r.Leave(g.now, "t")
	g.run(5 * time.Minute)
	if !g.r.Deadline().IsZero() {
		t.Fatal("a router that left everything has a deadline")
	}
}

// Policies, IDs and checks belong to topics.
// Rule: M1, P4
func TestB16PoliciesPerTopic(t *testing.T) {
	sign, nosign := StrictSign, StrictNoSign
	g := newRig(t, func(c *Config) {
		c.Topics = func(topic string) TopicConfig {
			if topic == "fan" {
				return TopicConfig{Sign: &sign}
			}
			return TopicConfig{}
		}
	})
	g.join("signed", TopicConfig{Sign: &sign})
	g.join("plain", TopicConfig{Sign: &nosign})
	g.join("named", TopicConfig{MessageID: func(m *Message) string { return "id of " + string(m.Data) }})
	g.publish("signed", []byte("x"))
	g.publish("plain", []byte("x"))
	g.publish("named", []byte("x"))
	if len(g.got) != 3 || g.got[0].From == "" || len(g.got[0].Seqno) != 8 || g.got[1].From != "" || g.got[1].Seqno != nil || g.got[2].ID != "id of x" {
		t.Fatalf("%+v", g.got)
	}
	g.ups(1, Meshsub11, "fan")
	g.said()
	g.publish("fan", []byte("x"))
	var r rpc.RPC
	if err := r.Decode(g.sent[0].frame, rpc.DefaultLimits(1)); err != nil || r.Publish[0].Signature == nil {
		t.Fatal("Config.Topics not heeded")
	}
	// Equal data in two topics is two messages.
	g.recv("n0", plain("plain", "same"))
	g.join("plain2", TopicConfig{})
	g.recv("n0", plain("plain2", "same"))
	if len(g.got) != 5 {
		t.Fatalf("%d delivered", len(g.got))
	}
}

// A hello of many topics is split so that every implementation takes it.
// Rule: S4, S5
func TestHelloIsSplit(t *testing.T) {
	g := newRig(t, nil)
	for i := range 350 {
		g.join(fmt.Sprintf("%s %d", strings.Repeat("x", i%250), i), TopicConfig{})
	}
	g.ups(1, Meshsub11)
	subs := 0
	for _, s := range g.sent {
		var r rpc.RPC
		if err := r.Decode(s.frame, rpc.DefaultLimits(0)); err != nil || len(r.Subs) > 100 || len(s.frame) > 16<<10 || !s.urgent {
			t.Fatalf("%d entries, %d bytes: %v", len(r.Subs), len(s.frame), err)
		}
		subs += len(r.Subs)
	}
	if subs != 350 || len(g.sent) < 4 {
		t.Fatalf("%d subscriptions in %d frames", subs, len(g.sent))
	}
	g.said()
	g.up("n0", Meshsub11, false) // a new stream: the whole hello again
	if n := count(g.said(), "SUBSCRIBE"); n != 350 {
		t.Fatalf("%d subscriptions on a new stream", n)
	}
}

func TestNewRefusesBadConfig(t *testing.T) {
	for name, c := range map[string]Config{
		"no self":     {Sign: StrictNoSign},
		"no signer":   {Self: id.ID{1}, PeerID: "x"},
		"no peer ID":  {Self: id.ID{1}, Signer: func([32]byte) []byte { return nil }},
		"no policy":   {Self: id.ID{1}, Sign: 9},
		"bad degrees": {Self: id.ID{1}, Sign: StrictNoSign, Params: Params{D: 3, Dlo: 4}},
	} {
		if _, err := New(c, nil, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
