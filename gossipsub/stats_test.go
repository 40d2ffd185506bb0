package gossipsub

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
)

// A story with one of each, and the figures it must leave.
// Rule: O3
func TestStats(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Params.IDontWantThreshold = 100; c.Params.MessageBytesMax = 1000 })
	byData := TopicConfig{MessageID: func(m *Message) string { return string(m.Data[:min(len(m.Data), 20)]) }}
	g.ups(3, Meshsub12, "t")
	g.up("old", Meshsub11, false)
	g.up("f", Floodsub, false)
	g.join("t", byData)
	g.recv("n0", plain("t", "one"))
	g.recv("n1", plain("t", "one"))
	g.recv("n1", plain("elsewhere", "lost"))
	g.recv("n1", plain("t", strings.Repeat("x", 2000)))
	g.control("n2", rpc.AppendIDontWant(nil, []string{"own", "two"}))
	g.publish("t", []byte("own"))
	g.recv("n0", plain("t", strings.Repeat("large", 40)))
	g.control("n1", rpc.AppendIWant(nil, []string{"one", "never"}))
	for range 5 {
		g.control("old", rpc.AppendIWant(nil, []string{"one"}))
	}
	g.control("n2", rpc.AppendIHave(nil, "t", []string{"promised", "one"}))
	g.control("n0", rpc.AppendPrune(nil, "t", 60))
	g.graft("n0", "t")
	g.run(10 * time.Second)

	s := g.r.Stats()
	for _, c := range []struct {
		what      string
		have, has any
	}{
		{"received", s.Received, Volume{4, 3 + 3 + 2000 + 200}},
		{"duplicates", s.Duplicates, Volume{1, 3}},
		{"delivered", s.Delivered, Volume{2, 3 + 200}},
		{"lost", s.Lost, Volume{1, 4}},
		{"published", s.Published, Volume{1, 3}},
		{"rejected", s.Rejected, Tally{{whyLarge, 1}}},
		{"sent", s.Sent.N, uint64(2 + 2 + 2)},
		{"withheld", s.Withheld.N, uint64(1)},
		{"refusals", s.Refusals, Tally{{"backoff, graft flood", 1}}},
		{"prunes", s.Prunes, Tally{{"pruned by peer", 1}}},
		{"grafts", s.Grafts, uint64(3)},
		{"iwant in", s.IWantIn, uint64(7)},
		{"served", s.Served, uint64(1 + 3)},
		{"unknown", s.Unknown, uint64(1)},
		{"refused", s.Refused, uint64(2)},
		{"ihave in", s.IHaveIn, uint64(2)},
		{"iwant out", s.IWantOut, uint64(1)},
		{"broken promises", s.BrokenPromises, uint64(1)},
		{"idontwant in", s.IDontWantIn, uint64(2)},
		{"idontwant out", s.IDontWantOut, uint64(2)},
		{"peers", s.Peers, [versions]int{1, 0, 1, 3, 0}},
		{"topics", s.KnownTopics, 1},
	} {
		if !reflect.DeepEqual(c.have, c.has) {
			t.Errorf("%s: %v, want %v", c.what, c.have, c.has)
		}
	}
	if s.IHaveOut == 0 || s.RPCsIn.N < 15 || s.RPCsOut.N != uint64(len(g.sent)) {
		t.Errorf("IHAVE %d, RPCs %d in, %d out for %d", s.IHaveOut, s.RPCsIn.N, s.RPCsOut.N, len(g.sent))
	}
	g.countsSent(t)
	info := g.r.Topics()[0]
	want := TopicStats{Received: s.Received, Duplicates: s.Duplicates, Delivered: s.Delivered, Published: s.Published, Rejected: 1}
	if info.Stats != want {
		t.Errorf("of the topic: %+v, want %+v", info.Stats, want)
	}
	g.r.Leave(g.now, "t")
	g.join("t", byData)
	if g.r.Topics()[0].Stats != (TopicStats{}) {
		t.Error("a topic joined anew has old figures")
	}
}

// Reasons are words of this package, so a Tally cannot be grown by a remote.
// Rule: O4
func TestTallyIsSmall(t *testing.T) {
	g := newRig(t, nil)
	g.ups(40, Meshsub12, "t")
	g.join("t", TopicConfig{})
	for i := range 400 {
		name := fmt.Sprintf("n%d", i%40)
		g.recv(name, plain("t", strings.Repeat(fmt.Sprint(i), 3)))
		g.graft(name, "t")
		g.control(name, rpc.AppendPrune(nil, "t", int64(i)))
		g.recv(name, rpc.AppendSub(nil, true, strings.Repeat("é", 200+i)))
		g.run(100 * time.Millisecond)
	}
	s := g.r.Stats()
	for _, tally := range []Tally{s.Rejected, s.Prunes, s.Refusals, s.Excess} {
		if len(tally) > 16 {
			t.Errorf("%d reasons", len(tally))
		}
	}
}

// In a node the router always has somebody to report decisions to. While nobody
// watches single messages, a duplicate allocates nothing even so.
func TestUnwatchedDuplicateAllocatesNothing(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Watched = func(string) bool { return false } })
	g.ups(2, Meshsub12, "t")
	g.join("t", TopicConfig{})
	frame := plain("t", strings.Repeat("x", 256))
	g.recv("n0", frame)
	who := g.id("n1")
	if n := testing.AllocsPerRun(100, func() { _, _ = g.r.Recv(g.now, who, frame) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Figures and events agree, whatever happens: a random story is counted twice.
// Rule: O3
func TestStatsAgreeWithEvents(t *testing.T) {
	key := newAuthor("author")
	g := newRig(t, func(c *Config) {
		c.Params = Params{D: 3, Dlo: 2, Dhi: 4, IDontWantThreshold: 64, MessageBytesMax: 500}
		c.Score = new(score.DefaultConfig())
	})
	signed := StrictSign
	g.join("t", TopicConfig{MessageID: func(m *Message) string { return string(m.Data[:min(len(m.Data), 16)]) }})
	g.join("s", TopicConfig{Sign: &signed, Validate: func(m Message) Verdict { return Verdict(len(m.Data) % 3) }})
	g.ups(8, Meshsub12, "t", "s")
	rng := rand.New(rand.NewPCG(7, 7))
	for i := range 3000 {
		name := fmt.Sprintf("n%d", rng.IntN(8))
		data := strings.Repeat("x", 1+rng.IntN(100)) + fmt.Sprint(rng.IntN(400))
		switch rng.IntN(10) {
		case 0, 1, 2:
			g.recv(name, plain("t", fmt.Sprint(rng.IntN(400))+data))
		case 3, 4:
			g.recv(name, rpc.AppendPublish(nil, key.message("s", uint64(rng.IntN(300)), []byte(data))))
		case 5:
			g.graft(name, []string{"t", "s"}[rng.IntN(2)])
		case 6:
			g.control(name, rpc.AppendPrune(nil, "t", int64(rng.IntN(5))))
		case 7:
			g.control(name, rpc.AppendIHave(nil, "t", []string{fmt.Sprint(i), "b"}))
		case 8:
			g.publish([]string{"t", "elsewhere"}[rng.IntN(2)], []byte(fmt.Sprint(i)+data))
		case 9:
			g.control(name, rpc.AppendIDontWant(nil, []string{fmt.Sprint(rng.IntN(400))}))
		}
		g.run(time.Duration(rng.IntN(300)) * time.Millisecond)
	}
	s := g.r.Stats()
	sum := func(t Tally) (n uint64) {
		for _, c := range t {
			n += c.N
		}
		return n
	}
	for _, c := range []struct {
		kind string
		n    uint64
	}{
		{"deliver", s.Delivered.N}, {"duplicate", s.Duplicates.N}, {"reject", sum(s.Rejected)}, {"undeliverable", s.Lost.N},
		{"graft", s.Grafts}, {"grafted", s.Grafted}, {"prune", sum(s.Prunes)}, {"refuse", sum(s.Refusals)},
		{"penalty", sum(s.Penalties)}, {"excess", sum(s.Excess)}, {"graylisted", s.Graylisted}, {"promise", s.BrokenPromises},
	} {
		if n := uint64(g.counted(c.kind)); n != c.n {
			t.Errorf("%s: %d events, counted %d", c.kind, n, c.n)
		}
	}
	if s.Delivered.N < 200 || sum(s.Rejected) < 50 || s.BrokenPromises < 10 || sum(s.Penalties) < 10 || s.Published.N < 50 {
		t.Errorf("too little happened: %+v", s)
	}
	inTopics := uint64(0)
	for _, x := range g.r.Topics() {
		inTopics += x.Stats.Received.N
	}
	if inTopics != s.Received.N {
		t.Errorf("topics received %d, all together %d", inTopics, s.Received.N)
	}
}

// countsSent holds the figures of what was said against the frames.
func (g *rig) countsSent(t *testing.T) {
	t.Helper()
	var subs, grafts, prunes, parts int
	for _, x := range g.sent {
		var m rpc.RPC
		if err := m.Decode(x.frame, rpc.DefaultLimits(1)); err != nil {
			t.Fatal(err)
		}
		subs, grafts, prunes = subs+len(m.Subs), grafts+len(m.Graft), prunes+len(m.Prune)
		if m.HasPartial {
			parts++
		}
	}
	s := g.r.Stats()
	if have, has := [4]uint64{s.SubsOut, s.GraftsOut, s.PrunesOut, s.PartsOut}, [4]uint64{uint64(subs), uint64(grafts), uint64(prunes), uint64(parts)}; have != has {
		t.Errorf("subscriptions, grafts, prunes, parts: counted %v, sent %v", have, has)
	}
}

// What RPCs hold is counted by type: heeded or not when it comes, and when there was
// room for it when it goes.
func TestContentsAreCounted(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{Partial: &Partial{Request: true}})
	g.join("u", TopicConfig{})
	g.partialPeer("n0", true, true)
	g.up("n1", Meshsub11, false)
	g.full = map[string]bool{"n1": true}
	g.join("v", TopicConfig{})
	g.full = nil
	g.publishParts("g", "m")
	g.parts("n0", rpc.Partial{Group: []byte("g"), Message: []byte("x")})
	g.graft("n1", "nowhere")
	g.graft("n1", "t")
	g.control("n0", rpc.AppendPrune(nil, "t", 60))
	g.run(3 * time.Second)
	if err := g.r.Join(g.now, "v", TopicConfig{}); err != nil {
		t.Fatal(err)
	}
	g.r.Leave(g.now, "v")
	g.r.Leave(g.now, "t")
	g.countsSent(t)
	s := g.r.Stats()
	if have, has := [4]uint64{s.SubsIn, s.GraftsIn, s.PrunesIn, s.PartsIn}, [4]uint64{1, 3, 1, 1}; have != has {
		t.Errorf("subscriptions, grafts, prunes, parts: counted %v that came, want %v", have, has)
	}
	if s.SubsOut < 6 || s.PrunesOut == 0 || s.PartsOut == 0 {
		t.Errorf("%d subscriptions, %d prunes, %d parts were sent", s.SubsOut, s.PrunesOut, s.PartsOut)
	}
}
