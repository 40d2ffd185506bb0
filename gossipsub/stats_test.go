package gossipsub

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// A story with one of each, and the figures it must leave.
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
