package gossipsub

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
)

// partialPeer brings up a 1.3 peer that says of topic t what it does with parts.
func (g *rig) partialPeer(name string, requests, supports bool) {
	g.t.Helper()
	g.up(name, Meshsub13, false)
	g.recv(name, append(rpc.AppendSubPartial(nil, "t", requests, supports), extensions(rpc.Extensions{Partial: true})...))
	g.graft(name, "t")
}

func (g *rig) parts(name string, m rpc.Partial) {
	g.t.Helper()
	if m.Topic == nil {
		m.Topic = []byte("t")
	}
	g.recv(name, rpc.AppendPartial(nil, &m))
}

// publishParts publishes metadata and, to who asks, the parts "p".
func (g *rig) publishParts(group, metadata string, to ...string) int {
	g.t.Helper()
	var who []id.ID
	for _, name := range to {
		who = append(who, g.id(name))
	}
	n, err := g.r.PublishPartial(g.now, "t", Parts{Group: []byte(group), Metadata: []byte(metadata), To: who,
		For: func(_ id.ID, theirs []byte) ([]byte, []byte) {
			if string(theirs) == "all" {
				return nil, nil
			}
			return []byte("p"), []byte("all")
		}})
	if err != nil {
		g.t.Fatal(err)
	}
	g.check()
	return n
}

// The behaviour table of the specification (partial-messages "Changes to SubOpts"):
// what goes to whom of a publication in parts, and of a whole message.
// Rule: E5, E6
func TestPartialTable(t *testing.T) {
	const both, metadata, nothing = `"p" of "m"`, `"" of "m"`, ""
	for _, c := range []struct {
		name               string
		wePart, weRequest  bool
		requests, supports bool
		parts              string
		whole              bool
	}{
		{"it asks, we send only", true, false, true, true, both, false},
		{"it asks, which implies that it sends", true, true, true, false, both, false},
		{"both ask", true, true, true, true, both, false},
		{"it sends only, we ask", true, true, false, true, metadata, true},
		{"it sends only, so do we", true, false, false, true, nothing, true},
		{"it does neither", true, true, false, false, nothing, true},
		{"we do neither", false, false, true, true, nothing, true},
	} {
		for _, active := range []bool{true, false} { // does it know the extension?
			g := newRig(t, nil)
			tc := TopicConfig{}
			if c.wePart {
				tc.Partial = &Partial{Request: c.weRequest}
			}
			g.join("t", tc)
			g.partialPeer("n0", c.requests, c.supports)
			if !active {
				g.r.Began(g.now, g.id("n0"))
				g.recv("n0", rpc.AppendSubPartial(nil, "t", c.requests, c.supports))
			}
			g.said()
			if c.wePart {
				g.publishParts("g", "m")
			}
			said := strings.Join(g.said(), "\n")
			want := c.parts
			if !active {
				want = nothing
			}
			if want == nothing && said != "" || !strings.HasSuffix(said, want) {
				t.Errorf("%s, active %v: said %s, want %s", c.name, active, said, want)
			}
			g.publish("t", []byte("whole"))
			if whole := count(g.said(), "MESSAGE") == 1; whole != (c.whole || !active) {
				t.Errorf("%s, active %v: sent the whole message: %v", c.name, active, whole)
			}
			g.recv("n0", plain("t", "from it")) // is always taken
			if len(g.got) != 2 {
				t.Errorf("%s: a whole message was not taken", c.name)
			}
		}
	}
}

// Our subscription says what we do with parts, in the hello and later, to 1.3 peers.
// Rule: E8
func TestPartialIsAnnounced(t *testing.T) {
	g := newRig(t, nil)
	g.join("plain", TopicConfig{})
	g.up("n0", Meshsub13, false)
	g.up("n1", Meshsub12, false)
	g.said()
	for i, c := range []struct {
		p    *Partial
		want string
	}{
		{&Partial{Request: true}, "SUBSCRIBE t parts sends-parts"}, {&Partial{}, "SUBSCRIBE t sends-parts"}, {nil, "SUBSCRIBE t"},
	} {
		g.join("t", TopicConfig{Partial: c.p}) // joined again: the configuration is replaced
		said := g.said()
		older := count(said, "n1 SUBSCRIBE t") == 1 && count(said, "n1 SUBSCRIBE t ") == 0
		if len(said) != 2 || said[0] != "n0 "+c.want || !older {
			t.Errorf("%d: %q, want %s", i, said, c.want)
		}
		g.up("n0", Meshsub13, false)
		g.up("n1", Meshsub12, false)
		if said := g.said(); len(said) != 4 || said[1] != "n0 "+c.want || said[3] != "n1 SUBSCRIBE t" {
			t.Errorf("%d: hello %q, want %s", i, said, c.want)
		}
	}
	g.join("t", TopicConfig{})
	if said := g.said(); len(said) != 0 {
		t.Errorf("nothing new, and said %q", said)
	}
}

// No IHAVE to who wants parts, no IDONTWANT to who sends them to us.
// Rule: E5, E13
func TestPartialPeersGetNoGossip(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Params = Params{D: 1, Dlo: 1, Dhi: 2, IDontWantThreshold: 4} })
	g.join("t", TopicConfig{Partial: &Partial{Request: true}})
	g.up("n0", Meshsub13, false)
	g.recv("n0", rpc.AppendSub(nil, true, "t"))
	g.partialPeer("n1", true, false) // asking implies sending
	if mesh := g.r.Mesh("t"); len(mesh) != 2 {
		t.Fatalf("mesh of %d", len(mesh))
	}
	g.up("n2", Meshsub13, false)
	g.up("n3", Meshsub13, false)
	g.recv("n2", append(rpc.AppendSubPartial(nil, "t", true, true), extensions(rpc.Extensions{Partial: true})...))
	g.recv("n3", append(rpc.AppendSubPartial(nil, "t", false, true), extensions(rpc.Extensions{Partial: true})...))
	g.said()
	g.recv("n3", plain("t", "large"))
	if said := g.said(); count(said, "IDONTWANT") != 1 || count(said, "n0 IDONTWANT") != 1 {
		t.Fatalf("%q", said)
	}
	g.run(time.Second)
	if said := g.said(); count(said, "n2 IHAVE") != 0 || count(said, "n3 IHAVE") != 1 {
		t.Fatalf("%q", said)
	}
}

// What a peer says later replaces what it said; what we sent it counts as its own;
// nothing is said twice.
// Rule: E9
func TestLaterMetadataReplaces(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{Partial: &Partial{Request: true}})
	g.partialPeer("n0", true, true)
	var asked []string
	tell := func(metadata string) []string {
		g.said()
		if _, err := g.r.PublishPartial(g.now, "t", Parts{Group: []byte("g"), Metadata: []byte(metadata),
			For: func(_ id.ID, theirs []byte) ([]byte, []byte) {
				asked = append(asked, string(theirs))
				return []byte("p"), append(theirs, '+')
			}}); err != nil {
			t.Fatal(err)
		}
		return g.said()
	}
	if said := tell("m"); len(said) != 1 || said[0] != `n0 PARTS t g "p" of "m"` {
		t.Fatalf("%q", said)
	}
	g.parts("n0", rpc.Partial{Group: []byte("g"), Metadata: []byte("one")})
	tell("m")
	g.parts("n0", rpc.Partial{Group: []byte("g"), Metadata: []byte("two")})
	g.parts("n0", rpc.Partial{Group: []byte("g"), Message: []byte("x")}) // says nothing of what it has
	if said := tell("m"); len(said) != 1 || said[0] != `n0 PARTS t g "p" of ""` {
		t.Fatalf("the same metadata again: %q", said)
	}
	tell("n")
	if got := strings.Join(asked, " "); got != " one two two+" {
		t.Fatalf("asked with %q", got)
	}
	if n := len(g.partials); n != 3 || string(g.partials[2].Parts) != "x" || g.partials[2].Metadata != nil || g.partials[1].Via != g.id("n0") {
		t.Fatalf("%+v", g.partials)
	}
	g.r.Shut(g.now, g.id("n0")) // and it may have forgotten
	g.up("n0", Meshsub13, false)
	g.graft("n0", "t")
	if said := tell("n"); count(said, `of "n"`) != 1 {
		t.Fatalf("on a new stream: %q", said)
	}
}

// Whom a publication reaches: the mesh, or those who are named; in the next
// heartbeat also some outside the mesh, once, and who came into it.
// Rule: E11
func TestPartialTargets(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Params = Params{D: 1, Dlo: 1, Dhi: 2, Dlazy: 2} })
	g.join("t", TopicConfig{Partial: &Partial{Request: true}})
	for i := range 2 {
		g.partialPeer(fmt.Sprint("n", i), true, true)
	}
	for i := 2; i < 8; i++ {
		name := fmt.Sprint("n", i)
		g.up(name, Meshsub13, false)
		g.recv(name, append(rpc.AppendSubPartial(nil, "t", true, true), extensions(rpc.Extensions{Partial: true})...))
	}
	g.said()
	if n := g.publishParts("g", "m"); n != 2 || count(g.said(), "PARTS") != 2 {
		t.Fatalf("told %d", n)
	}
	if n := g.publishParts("g", "m", "n5", "nobody"); n != 1 || count(g.said(), "n5 PARTS") != 1 {
		t.Fatalf("told %d", n)
	}
	g.run(time.Second)
	said := g.said()
	if count(said, `PARTS t g "" of "m"`) != 2 || count(said, "PARTS") != 2 {
		t.Fatalf("outside the mesh: %q", said)
	}
	g.run(time.Second)
	if said := g.said(); count(said, "PARTS") != 0 {
		t.Fatalf("again: %q", said)
	}
}

// A topic that we only publish to has a fanout for its parts as well.
// Rule: E11
func TestPartialFanout(t *testing.T) {
	g := newRig(t, func(c *Config) {
		c.Topics = func(string) TopicConfig { return TopicConfig{Partial: &Partial{}} }
		c.Params.FanoutTTL = 3 * time.Second
	})
	g.partialPeer("n0", true, true)
	if n := g.publishParts("g", "m"); n != 1 {
		t.Fatalf("told %d", n)
	}
	g.parts("n0", rpc.Partial{Group: []byte("g"), Metadata: []byte("x")})
	if len(g.partials) != 1 {
		t.Fatal("its answer is no news")
	}
	g.run(5 * time.Second)
	if g.r.parted.len() != 0 || g.r.partsBytes != 0 {
		t.Fatal("groups outlive the fanout")
	}
}

// Groups of peers are capped, per peer and in all; ours are not touched by that.
// Rule: E7
func TestHostileGroups(t *testing.T) {
	g := newRig(t, penalties)
	g.join("t", TopicConfig{Partial: &Partial{Request: true}})
	for i := range 40 {
		name := fmt.Sprint("n", i)
		g.partialPeer(name, true, true)
		for j := range 9 {
			g.parts(name, rpc.Partial{Group: fmt.Append(nil, name, " ", j), Metadata: make([]byte, 100)})
		}
	}
	tp := g.r.byName["t"]
	if n := tp.parts.groups.Len(); n != groupsPerTopicMax || tp.parts.theirs != n {
		t.Fatalf("%d groups, %d of peers", n, tp.parts.theirs)
	}
	if n := len(g.partials); n != groupsPerTopicMax {
		t.Fatalf("%d taken", n)
	}
	if p, _ := g.r.peers.Get(g.id("n0")); tp.parts.opened(p) != groupsPerPeerMax || g.counted("penalty") == 0 {
		t.Fatalf("%d of one peer", tp.parts.opened(p))
	}
	g.publishParts("n0 0", "m") // a group of a peer's becomes ours
	g.publishParts("ours", "m")
	if tp.parts.theirs != groupsPerTopicMax-1 {
		t.Fatalf("%d of peers", tp.parts.theirs)
	}
	for i := range 40 {
		g.r.Down(g.now, g.id(fmt.Sprint("n", i)))
		g.check()
	}
	if n := tp.parts.groups.Len(); n != 2 || g.r.partsBytes != 0 {
		t.Fatalf("%d groups and %d bytes left by peers that are gone", n, g.r.partsBytes)
	}
	g.run((defaultGroupTTL + 2) * time.Second)
	if tp.parts != nil {
		t.Fatal("our groups do not end")
	}
	for i := range ownGroupsMax {
		g.publishParts(fmt.Sprint(i), "m")
	}
	if _, err := g.r.PublishPartial(g.now, "t", Parts{Group: []byte("one more")}); err != ErrGroup {
		t.Fatal(err)
	}
	g.r.Leave(g.now, "t")
	g.run(3 * time.Hour)
	noResidue(t, g.r)
}

// Metadata is bounded for one peer and for all.
// Rule: E7
func TestHostileMetadata(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{Partial: &Partial{Request: true}})
	for i := range 200 {
		g.publishParts(fmt.Sprint(i), "m")
	}
	for i := range 40 {
		name := fmt.Sprint("n", i)
		g.partialPeer(name, true, true)
		for j := range 100 {
			g.parts(name, rpc.Partial{Group: fmt.Append(nil, j), Metadata: make([]byte, rpc.MetadataMax)})
		}
		if p, _ := g.r.peers.Get(g.id(name)); p.partsBytes > peerPartsBytesMax || g.r.partsBytes > partsBytesMax {
			t.Fatalf("%d bytes of a peer, %d in all", p.partsBytes, g.r.partsBytes)
		}
	}
	if g.r.partsBytes < partsBytesMax-rpc.MetadataMax {
		t.Fatalf("%d bytes in all: the limit was not tried", g.r.partsBytes)
	}
}

// Odd partial messages do nothing, and cost who sends what nobody asked for.
// Rule: E10
func TestOddPartials(t *testing.T) {
	for _, c := range []struct {
		name     string
		request  bool
		m        rpc.Partial
		news     int
		penalty  bool
		unjoined bool
	}{
		{"metadata", false, rpc.Partial{Group: []byte("g"), Metadata: []byte("m")}, 1, false, false},
		{"parts asked for", true, rpc.Partial{Group: []byte("g"), Message: []byte("p")}, 1, false, false},
		{"parts not asked for", false, rpc.Partial{Group: []byte("g"), Message: []byte("p")}, 0, true, false},
		{"no group", true, rpc.Partial{Metadata: []byte("m")}, 0, true, false},
		{"another topic", true, rpc.Partial{Topic: []byte("u"), Group: []byte("g")}, 0, false, false},
		{"a topic we are not in", true, rpc.Partial{Group: []byte("g")}, 0, false, true},
	} {
		g := newRig(t, penalties)
		if !c.unjoined {
			g.join("t", TopicConfig{Partial: &Partial{Request: c.request}})
		}
		g.partialPeer("n0", true, true)
		g.parts("n0", c.m)
		if len(g.partials) != c.news || (g.counted("penalty") > 0) != c.penalty {
			t.Errorf("%s: %d news, %d penalties", c.name, len(g.partials), g.counted("penalty"))
		}
	}
}

func TestPartialErrors(t *testing.T) {
	g := newRig(t, nil)
	g.join("plain", TopicConfig{})
	g.join("t", TopicConfig{Partial: &Partial{}})
	for _, c := range []struct {
		topic string
		ps    Parts
		want  error
	}{
		{"plain", Parts{Group: []byte("g")}, ErrNotPartial},
		{"unknown", Parts{Group: []byte("g")}, ErrNotPartial},
		{"", Parts{Group: []byte("g")}, ErrNotPartial},
		{"t", Parts{}, ErrGroup},
		{"t", Parts{Group: make([]byte, rpc.IDBytesMax+1)}, ErrGroup},
		{"t", Parts{Group: []byte("g"), Metadata: make([]byte, rpc.MetadataMax+1)}, ErrTooLarge},
		{"t", Parts{Group: []byte("g"), Metadata: []byte("m")}, nil},
	} {
		if _, err := g.r.PublishPartial(g.now, c.topic, c.ps); err != c.want {
			t.Errorf("%q %d: %v, want %v", c.topic, len(c.ps.Group), err, c.want)
		}
	}
	g.partialPeer("n0", true, true)
	big := func(id.ID, []byte) ([]byte, []byte) { return make([]byte, rpc.BytesMax), nil }
	if _, err := g.r.PublishPartial(g.now, "t", Parts{Group: []byte("g"), For: big}); err != ErrTooLarge {
		t.Error(err)
	}
	boom := func(id.ID, []byte) ([]byte, []byte) { panic("application") }
	if _, err := g.r.PublishPartial(g.now, "t", Parts{Group: []byte("g"), For: boom}); err != nil {
		t.Error(err)
	}
	if err := g.r.Join(g.now, "u", TopicConfig{Partial: &Partial{GroupTTL: 2}}); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
}

// The application says what parts were worth.
// Rule: E12
func TestJudgePartial(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Score = new(score.DefaultConfig()) })
	g.join("t", TopicConfig{Partial: &Partial{Request: true}})
	g.partialPeer("good", true, true)
	g.partialPeer("bad", true, true)
	for range 3 {
		g.r.JudgePartial(g.now, g.id("good"), "t", true)
		g.r.JudgePartial(g.now, g.id("bad"), "t", false)
		g.r.JudgePartial(g.now, g.id("nobody"), "t", false)
	}
	good, _ := g.r.peers.Get(g.id("good"))
	bad, _ := g.r.peers.Get(g.id("bad"))
	if g.r.standing(good) <= 0 || g.r.standing(bad) >= 0 {
		t.Fatalf("good %v, bad %v", g.r.standing(good), g.r.standing(bad))
	}
}

// A random history of peers, subscriptions and parts leaves nothing behind.
func TestPartialResidue(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := newRig(t, nil)
		g.join("t", TopicConfig{Partial: &Partial{Request: true, GroupTTL: 3}})
		name := func() string { return fmt.Sprint("n", rapid.IntRange(0, 3).Draw(rt, "peer")) }
		grp := func() []byte { return fmt.Append(nil, rapid.IntRange(0, 5).Draw(rt, "group")) }
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			switch rapid.IntRange(0, 8).Draw(rt, "step") {
			case 0, 1:
				g.partialPeer(name(), rapid.Bool().Draw(rt, "requests"), rapid.Bool().Draw(rt, "supports"))
			case 2:
				g.r.Down(g.now, g.id(name()))
			case 3:
				g.r.Began(g.now, g.id(name()))
			case 4:
				g.recv(name(), rpc.AppendSub(nil, rapid.Bool().Draw(rt, "subscribe"), "t"))
			case 5:
				g.run(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "ms")) * time.Millisecond)
			case 6:
				g.publishParts(string(grp()), string(rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(rt, "metadata")))
			case 7:
				g.r.Shut(g.now, g.id(name()))
			default:
				g.parts(name(), rpc.Partial{Group: grp(), Metadata: rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(rt, "metadata")})
			}
			g.check()
		}
		for i := range 4 {
			g.r.Down(g.now, g.id(fmt.Sprint("n", i)))
		}
		g.check()
		if g.r.partsBytes != 0 {
			rt.Fatalf("%d bytes of peers that are gone", g.r.partsBytes)
		}
		g.r.Leave(g.now, "t")
		g.run(3 * time.Hour)
		noResidue(t, g.r)
	})
}
