package gossipsub

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/gater"
	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/trace"
)

// data makes the message ID the data itself.
var data = TopicConfig{MessageID: func(m *Message) string { return string(m.Data) }}

// Below the graylist threshold nothing of a peer is heard but its subscriptions.
// Rule: T10, C13
func TestGraylist(t *testing.T) {
	g, scores := scoredRig(t, nil)
	g.join("t", data)
	scores["n0"], scores["n1"] = -80.5, -80
	g.ups(2, Meshsub11)
	g.sent = nil
	g.recv("n0", append(rpc.AppendSub(nil, true, "t"), plain("t", "graylisted")...))
	if len(g.got) > 0 || len(g.r.Peers("t")) != 1 {
		t.Errorf("delivered %v, subscribers %d", g.got, len(g.r.Peers("t")))
	}
	g.control("n0", rpc.AppendIHave(nil, "t", []string{"x"}))
	g.control("n0", rpc.AppendIWant(nil, []string{"x"}))
	g.graft("n0", "t")
	if len(g.sent) > 0 {
		t.Errorf("answered %v", g.said())
	}
	if n := g.counted("graylisted"); n != 4 {
		t.Errorf("%d events", n)
	}
	g.recv("n1", plain("t", "at the threshold"))
	if len(g.got) != 1 {
		t.Error("a peer at the threshold was not heard")
	}
}

// Below the gossip threshold there is no gossip to a peer nor from it.
// Rule: I2, I5, C13
func TestGossipThreshold(t *testing.T) {
	g, scores := scoredRig(t, func(c *Config) { c.Params.NoMesh = true })
	g.join("t", data)
	scores["n0"], scores["n1"] = -10.5, -10
	g.ups(3, Meshsub11, "t")
	g.recv("n2", plain("t", "hello"))
	g.sent = nil
	g.beat()
	if said := g.said(); count(said, "n0 IHAVE") != 0 || count(said, "n1 IHAVE t hello") != 1 {
		t.Errorf("said %v", said)
	}
	for _, n := range []string{"n0", "n1"} {
		g.control(n, rpc.AppendIWant(nil, []string{"hello"}))
		g.control(n, rpc.AppendIHave(nil, "t", []string{"of " + n}))
	}
	if said := g.said(); len(said) != 2 || count(said, "n1 MESSAGE") != 1 || count(said, "n1 IWANT of n1") != 1 {
		t.Errorf("said %v", said)
	}
}

// Below the publish threshold a peer gets none of our messages: not by flood
// publishing, not as a floodsub peer, not in a fanout, not for want of a mesh.
// Rule: F2, F4, C13
func TestPublishThreshold(t *testing.T) {
	for _, c := range []struct {
		name, stream string
		flood, join  bool
		mesh         *Degrees
	}{
		{"flood publish", Meshsub11, true, true, nil},
		{"floodsub peers", Floodsub, false, true, nil},
		{"fanout", Meshsub11, false, false, nil},
		{"no mesh yet", Meshsub11, false, true, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, scores := scoredRig(t, func(cfg *Config) { cfg.Params.FloodPublish = &c.flood })
			scores["n0"], scores["n1"] = -50.5, -50
			if c.join {
				g.join("t", data)
			}
			g.ups(2, c.stream, "t")
			g.sent = nil
			g.publish("t", []byte("mine"))
			if said := g.said(); count(said, "n0 MESSAGE") != 0 || count(said, "n1 MESSAGE") != 1 {
				t.Errorf("said %v", said)
			}
		})
	}
}

// A fanout drops who falls below the publish threshold and takes others instead.
// Rule: H7
func TestFanoutDropsAndRefills(t *testing.T) {
	g, scores := scoredRig(t, func(c *Config) { c.Params = Params{D: 2, Dlo: 1, Dhi: 3} })
	g.ups(3, Meshsub11, "t")
	g.publish("t", []byte("one"))
	if n := len(g.r.Fanout("t")); n != 2 {
		t.Fatalf("fanout of %d", n)
	}
	bad := g.names[g.r.Fanout("t")[0]]
	scores[bad] = -51
	g.run(2200 * time.Millisecond)
	fanout := g.r.Fanout("t")
	if len(fanout) != 2 || g.names[fanout[0]] == bad || g.names[fanout[1]] == bad {
		t.Errorf("%s is in %v", bad, fanout)
	}
}

// Own small messages go to all topic peers by default, large ones to the mesh.
// Rule: F2
func TestFloodPublish(t *testing.T) {
	var p Params
	if err := p.fill(); err != nil || !*p.FloodPublish {
		t.Fatal("off by default")
	}
	g, _ := scoredRig(t, func(c *Config) { c.Params.FloodPublish = new(true) })
	g.join("t", TopicConfig{})
	g.ups(10, Meshsub11, "t")
	if got := g.publish("t", []byte("small")).Peers; got != 10 {
		t.Errorf("a small message went to %d", got)
	}
	if got, mesh := g.publish("t", make([]byte, floodBytesMax)).Peers, len(g.mesh("t")); got != mesh {
		t.Errorf("a large message went to %d, mesh of %d", got, mesh)
	}
	n := len(g.sent)
	g.recv("n0", plain("t", "of others"))
	if got := len(g.sent) - n; got > len(g.mesh("t")) {
		t.Errorf("a message of others went to %d", got)
	}
}

// What a peer does is charged to it, and to nobody else.
// Rule: S2, T4
func TestPenalties(t *testing.T) {
	many := func(n int) (frame []byte) {
		for i := range n {
			frame = rpc.AppendSub(frame, true, fmt.Sprint(i))
		}
		return frame
	}
	for name, c := range map[string]struct {
		frame []byte
		cost  float64
	}{
		"bad frame":              {[]byte{0x0a, 0x05, 1}, 1},
		"too many subscriptions": {many(16385), 0.01},
		"long topic":             {rpc.AppendSub(nil, true, strings.Repeat("x", 257)), 0.01},
		"unknown topic":          {rpc.AppendControl(nil, rpc.AppendGraft(nil, "other")), 0},
		"message of others":      {plain("other", "x"), 0},
	} {
		g, _ := scoredRig(t, nil)
		g.join("t", data)
		g.ups(2, Meshsub11, "t")
		n, err := g.r.Recv(g.now, g.id("n0"), c.frame)
		if (err != nil) != (name == "bad frame") {
			t.Errorf("%s: %v", name, err)
		}
		g.take(n)
		if got := -g.behaviour("n0"); got < c.cost-1e-9 || got > c.cost+1e-9 {
			t.Errorf("%s costs %v, not %v", name, got, c.cost)
		}
		if g.behaviour("n1") != 0 {
			t.Errorf("%s costs a bystander", name)
		}
		if c.cost > 0 && g.counted("penalty") != 1 {
			t.Errorf("%s: %d events", name, g.counted("penalty"))
		}
	}
}

// topicScore is a configuration that only knows first deliveries (1 each) and
// invalid messages (-10 a square).
func topicScore(c *Config) {
	c.Score.Topic = score.TopicParams{
		TopicWeight:                  1,
		FirstMessageDeliveriesWeight: 1, FirstMessageDeliveriesCap: 100, FirstMessageDeliveriesDecay: 0.99,
		InvalidMessageDeliveriesWeight: -10, InvalidMessageDeliveriesDecay: 0.99,
	}
}

// scoreOf is a peer's score by name.
func (g *rig) scoreOf(name string) float64 {
	for _, rep := range g.r.Scores() {
		if rep.Peer == g.id(name) {
			return rep.Score
		}
	}
	return 0
}

// The first who delivers is praised when the message turns out well, and all who
// sent it are charged when it does not, also during checking and afterwards.
// Rule: V1, C15
func TestVerdictsAreCharged(t *testing.T) {
	for _, c := range []struct {
		verdict              Verdict
		first, during, after float64
	}{
		{Accept, 1, 0, 0},
		{Reject, -10, -10, -10},
		{Ignore, 0, 0, 0},
	} {
		g, _ := scoredRig(t, topicScore)
		g.late = true
		g.join("t", TopicConfig{Validate: func(Message) Verdict { return c.verdict }})
		g.ups(4, Meshsub11, "t")
		g.recv("n0", plain("t", "x"))
		g.recv("n1", plain("t", "x"))
		for _, do := range g.jobs {
			g.take(do())
		}
		g.recv("n2", plain("t", "x"))
		for name, want := range map[string]float64{"n0": c.first, "n1": c.during, "n2": c.after, "n3": 0} {
			if got := g.scoreOf(name); got != want {
				t.Errorf("verdict %v: %s has %v, not %v", c.verdict, name, got, want)
			}
		}
	}
}

// Who sends bytes that are not the message of their ID pays; who sends the real
// message meanwhile is the first.
// Rule: M9
func TestForgeryIsChargedToItsSender(t *testing.T) {
	sign := StrictSign
	g, _ := scoredRig(t, topicScore)
	g.late = true
	g.join("t", TopicConfig{Sign: &sign})
	g.ups(3, Meshsub11, "t")
	genuine := newAuthor("a").message("t", 1, []byte("x"))
	forged := newAuthor("a").message("t", 1, []byte("x"))
	forged[len(forged)-1] ^= 1
	g.recv("n0", rpc.AppendPublish(nil, forged))
	g.recv("n1", rpc.AppendPublish(nil, genuine))
	for len(g.jobs) > 0 {
		do := g.jobs[0]
		g.jobs = g.jobs[1:]
		g.take(do())
	}
	if len(g.got) != 1 || g.scoreOf("n0") != -10 || g.scoreOf("n1") != 1 {
		t.Errorf("delivered %d, the forger has %v, the other %v", len(g.got), g.scoreOf("n0"), g.scoreOf("n1"))
	}
}

// What breaks the policy of its topic is charged at once; what nobody can help is
// not charged.
// Rule: C5
func TestBlame(t *testing.T) {
	g, _ := scoredRig(t, topicScore)
	g.join("t", data)
	g.ups(2, Meshsub11, "t")
	g.recv("n0", rpc.AppendPublish(nil, newAuthor("a").message("t", 1, []byte("signed"))))
	if got := g.scoreOf("n0"); got != -10 {
		t.Errorf("unexpected signature: %v", got)
	}
	g.r.p.FloodPublish = new(true)
	g.publish("t", []byte("mine"))
	g.recv("n1", plain("t", "mine")) // an echo is a duplicate
	if got := g.scoreOf("n1"); got != 0 {
		t.Errorf("echo: %v", got)
	}
}

// A bad score outlives the link; see score.Config.RetainScore.
// Rule: C11
func TestScoreSurvivesReconnect(t *testing.T) {
	g, _ := scoredRig(t, topicScore)
	g.join("t", data)
	g.ups(1, Meshsub11, "t")
	g.recv("n0", rpc.AppendPublish(nil, newAuthor("a").message("t", 1, []byte("signed"))))
	g.r.Down(g.now, g.id("n0"))
	g.ups(1, Meshsub11, "t")
	if got := g.scoreOf("n0"); got != -10 || len(g.mesh("t")) > 0 {
		t.Errorf("score %v, mesh %v", got, g.mesh("t"))
	}
}

// A router says what is wrong with its scoring when it is made or a topic joined.
// Rule: C12
func TestBadScoring(t *testing.T) {
	key := nodeKey("self")
	cfg := Config{Self: key.ID(), PeerID: key.Public().PeerID(), Sign: StrictNoSign, Score: &score.Config{Thresholds: score.Thresholds{Gossip: 1}}}
	if _, err := New(cfg, rand.New(rand.NewPCG(1, 2)), nil); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "Gossip") {
		t.Errorf("%v", err)
	}
	g, _ := scoredRig(t, nil)
	err := g.r.Join(g.now, "t", TopicConfig{Score: &score.TopicParams{TopicWeight: -1}})
	if !errors.Is(err, ErrConfig) || g.r.byName["t"] != nil {
		t.Errorf("%v", err)
	}
}

// The address counts from when it is known, however late, and until the link is gone
// and its score forgotten; a new stream changes nothing.
// Rule: C7
func TestAddressIsCounted(t *testing.T) {
	g, _ := scoredRig(t, func(c *Config) {
		c.Score.IPColocationFactorWeight, c.Score.IPColocationFactorThreshold = -1, 1
	})
	up := func(name, ip string) {
		g.take(g.r.Up(g.now, g.id(name), Remote{PeerID: newAuthor(name).pid, Stream: Meshsub11, IP: netip.MustParseAddr(ip)}))
	}
	g.recv("n0", rpc.AppendSub(nil, true, "t")) // before we can write to it
	up("n0", "8.8.8.8")
	if got := g.scoreOf("n0"); got != 0 {
		t.Fatalf("alone: %v", got)
	}
	up("n1", "8.8.8.8")
	up("n1", "8.8.8.8")
	up("n2", "8.8.4.4")
	for name, want := range map[string]float64{"n0": -1, "n1": -1, "n2": 0} {
		if got := g.scoreOf(name); got != want {
			t.Errorf("%s has %v, not %v", name, got, want)
		}
	}
}

// A peer that is heard before we know where it is, or that moves, keeps what it did.
func TestAddressComesLater(t *testing.T) {
	g, _ := scoredRig(t, topicScore)
	g.join("t", data)
	g.recv("n0", append(rpc.AppendSub(nil, true, "t"), plain("t", "x")...))
	for _, ip := range []string{"8.8.8.8", "8.8.4.4"} {
		before := g.scoreOf("n0")
		g.take(g.r.Up(g.now, g.id("n0"), Remote{PeerID: newAuthor("n0").pid, Stream: Meshsub11, IP: netip.MustParseAddr(ip)}))
		if after := g.scoreOf("n0"); before != 1 || after != before {
			t.Errorf("%s: from %v to %v", ip, before, after)
		}
	}
}

// What the gater remembers of an address is gone when it is due, without another
// input.
// Rule: A2
func TestGaterForgets(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Gater = &gater.Config{Retain: time.Minute} })
	g.join("t", data)
	ip := netip.MustParseAddr("8.8.8.8")
	g.take(g.r.Up(g.now, g.id("n0"), Remote{PeerID: newAuthor("n0").pid, Stream: Meshsub11, IP: ip}))
	g.recv("n0", plain("t", "x"))
	g.r.Down(g.now, g.id("n0"))
	if g.r.gater.Deadline().IsZero() {
		t.Fatal("nothing remembered")
	}
	g.run(time.Minute)
	if d := g.r.gater.Deadline(); !d.IsZero() {
		t.Errorf("still remembered until %v", d)
	}
}

// In an honest network nobody falls below zero, and next to nobody is taken for one
// who starves a topic, with few authors and many messages and the parameters of the
// product.
// Rule: C17
func TestHonestPeersAreNotPunished(t *testing.T) {
	starved, refused := 0, 0
	w := newNetwork(t, 6, 60, func(_ int, c *Config) {
		judging(c)
		c.Params.FloodPublish = new(true)
		c.Trace = func(_ time.Time, e trace.Event) {
			switch {
			case e.Kind == "prune" && e.Err == "starves the topic":
				starved++
			case e.Kind == "penalty" || e.Kind == "graylisted" || e.Kind == "gated":
				refused++
			}
		}
	})
	w.quick, w.hash = true, nil
	w.join("t", TopicConfig{})
	w.wire(8, all(Meshsub12))
	w.run(5 * time.Second)
	for k := range 400 {
		w.publish(w.nodes[k%5], "t", fmt.Sprint("message ", k))
		w.run(time.Second / 2)
	}
	low := 0.0
	for _, a := range w.nodes {
		for _, rep := range a.r.Scores() {
			low = min(low, rep.Score)
		}
	}
	t.Logf("%d replaced, %d penalties, lowest score %v", starved, refused, low)
	if low < 0 || refused > 0 || starved > 3 {
		t.Errorf("%d replaced, %d penalties, lowest score %v", starved, refused, low)
	}
	w.everybodyGot("message 399")
}
