package gossipsub

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
)

// scored turns scoring on.
func scored(c *Config) { c.Score = new(score.DefaultConfig()) }

func (g *rig) ihave(name string, ids ...string) { g.control(name, rpc.AppendIHave(nil, "t", ids)) }

// penalties counts those for a reason, by peer.
func (g *rig) penalties(why string) map[string]int {
	out := map[string]int{}
	for _, e := range g.events {
		if e.Kind == "penalty" && e.Err == why {
			out[g.names[e.Peer]] += int(e.N) / penaltiesInUnit
		}
	}
	return out
}

// listeners are peers outside the mesh that follow t.
func askRig(t *testing.T, n int, edit func(*Config)) *rig {
	g := newRig(t, func(c *Config) {
		scored(c)
		c.Params.NoMesh = true
		if edit != nil {
			edit(c)
		}
	})
	g.join("t", TopicConfig{MessageID: func(m *Message) string { return string(m.Data) }})
	g.ups(n, Meshsub12, "t")
	g.sent = nil
	return g
}

// One request per ID is open; the next advertiser is asked after half the follow-up
// time, and all who promised and did not send are charged once for a request.
// Rule: I3, I4
func TestG3BrokenPromises(t *testing.T) {
	g := askRig(t, 3, nil)
	ids := make([]string, 100)
	for i := range ids {
		ids[i] = fmt.Sprintf("%03d", i)
	}
	g.ihave("n0", ids...)
	g.ihave("n1", ids[0], ids[1])
	g.ihave("n2", ids[0])
	if got := g.said(); count(got, "IWANT") != 1 || count(got, "n0 IWANT") != 1 {
		t.Fatalf("asked %q", got)
	}
	g.run(1499 * time.Millisecond)
	lines(t, g.said())
	g.run(time.Millisecond)
	lines(t, g.said(), "n1 IWANT 000 001")
	g.run(1500 * time.Millisecond)
	lines(t, g.said(), "n2 IWANT 000")
	g.run(5 * time.Second)
	if got := g.penalties("broken promise"); got["n0"] != 1 || got["n1"] != 1 || got["n2"] != 1 {
		t.Fatalf("penalties %v, want one each", got)
	}
	if g.r.wants.len() != 0 {
		t.Fatalf("%d wants left", g.r.wants.len())
	}
	g.ihave("n1", ids[5])
	if count(g.said(), "n1 IWANT 005") != 1 {
		t.Fatal("what was given up is not asked for again")
	}
}

// A promise is kept when the message comes, from whomever, even if we cannot use it.
// Rule: I11
func TestPromisesKept(t *testing.T) {
	g := askRig(t, 2, nil)
	g.ihave("n0", "a")
	g.recv("n1", plain("t", "a"))
	g.run(10 * time.Second)
	if got := g.penalties("broken promise"); len(got) != 0 {
		t.Fatalf("penalties %v though the message came", got)
	}

	g = askRig(t, 1, nil)
	g.join("t", TopicConfig{MessageID: func(m *Message) string { return string(m.Data) }, Validate: func(Message) Verdict { return Accept }})
	g.late = true
	g.ihave("n0", "a")
	p := g.r.peer(g.id("n0"))
	p.flights = flightsPerPeerMax // our own checking has no room
	g.recv("n0", plain("t", "a"))
	p.flights = 0
	g.run(10 * time.Second)
	if got := g.penalties("broken promise"); len(got) != 0 {
		t.Fatalf("penalties %v though we dropped it", got)
	}
	g.sent = nil
	g.ihave("n0", "a") // and it can be fetched again
	lines(t, g.said(), "n0 IWANT a")
}

// An IWANT that found no room makes no promise; somebody else is asked, or the same
// when it advertises again.
// Rule: I11
func TestIWantWithoutRoom(t *testing.T) {
	g := askRig(t, 2, nil)
	g.jam("n0")
	g.ihave("n0", "a", "b")
	if g.r.wants.len() != 0 {
		t.Fatal("asked for without an IWANT")
	}
	g.jam()
	g.ihave("n0", "a")
	lines(t, g.said(), "n0 IWANT a")
	g.ihave("n1", "a")
	g.jam("n1")
	g.run(10 * time.Second)
	if got := g.penalties("broken promise"); got["n0"] != 1 || got["n1"] != 0 {
		t.Fatalf("penalties %v, want one for n0", got)
	}
}

// The promises of a peer that we did not hear are void.
// Rule: I11
func TestPromisesOfTheUnheard(t *testing.T) {
	g := askRig(t, 1, nil)
	g.ihave("n0", "a")
	g.r.excuse(g.now, g.r.peer(g.id("n0")))
	g.run(10 * time.Second)
	if got := g.penalties("broken promise"); len(got) != 0 {
		t.Fatalf("penalties %v", got)
	}
}

// G3: who advertises what does not exist is graylisted within ten heartbeats.
// Rule: I4
func TestG3LiarIsGraylisted(t *testing.T) {
	g := newRig(t, scored)
	g.join("t", TopicConfig{})
	g.ups(1, Meshsub12, "t")
	for beat := range 10 {
		for i := range 10 {
			ids := make([]string, 100)
			for j := range ids {
				ids[j] = fmt.Sprint(beat, i, j)
			}
			g.ihave("n0", ids...)
		}
		g.run(time.Second)
	}
	p := g.r.peer(g.id("n0"))
	if s := g.r.standing(p); s >= g.r.bars.Graylist {
		t.Fatalf("score %v after ten heartbeats of lies, graylisted below %v", s, g.r.bars.Graylist)
	}
}

// Only RPCs with IHAVE count against their limit.
// Rule: I2
func TestOtherControlIsNotCountedAsIHave(t *testing.T) {
	g := askRig(t, 1, nil)
	for i := range 50 {
		g.control("n0", rpc.AppendIDontWant(nil, []string{fmt.Sprint(i)}))
		g.control("n0", rpc.AppendIWant(nil, []string{fmt.Sprint(i)}))
	}
	g.ihave("n0", "a")
	lines(t, g.said(), "n0 IWANT a")
}

// Advertising one ID twice in one entry is harmless.
func TestIHaveTwiceInOneEntry(t *testing.T) {
	g := askRig(t, 1, nil)
	g.ihave("n0", "a", "b", "a", "a")
	lines(t, g.said(), "n0 IWANT a b")
}

// An answer that found no room does not count as fetched.
func TestAnswerWithoutRoomIsNotCounted(t *testing.T) {
	for _, size := range []int{10, answerCopyMax + 1} {
		g := askRig(t, 2, nil)
		id := strings.Repeat("x", 100)
		g.r.byName["t"].own.messageID = func(*Message) string { return id }
		g.recv("n0", plain("t", strings.Repeat("y", size)))
		g.sent = nil
		g.jam("n1")
		for range 10 {
			g.control("n1", rpc.AppendIWant(nil, []string{id}))
		}
		g.jam()
		for range 10 {
			g.control("n1", rpc.AppendIWant(nil, []string{id}))
		}
		if n := count(g.said(), "n1 MESSAGE"); n != g.r.p.GossipRetransmission {
			t.Fatalf("%d answers", n)
		}
	}
}

// The table of wants against a map.
func TestWantTable(t *testing.T) {
	var w wants
	have := map[key]*want{}
	rng := newRig(t, nil).r.rng
	for range 20_000 {
		var k key
		k[0], k[1] = byte(rng.IntN(8)), byte(rng.IntN(64)) // many fall together
		k[15] = 1
		if x := w.get(k); x != have[k] {
			t.Fatal("table and map differ")
		}
		if have[k] == nil {
			x := &want{k: k, of: &batch{live: 1}}
			w.put(x)
			have[k] = x
		} else if rng.IntN(2) == 0 {
			w.remove(k)
			delete(have, k)
		}
		if w.len() != len(have) {
			t.Fatalf("%d wants, want %d", w.len(), len(have))
		}
	}
	var keys []key
	for k := range have {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b key) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		w.remove(k)
	}
	if w.slots != nil {
		t.Fatal("an empty table holds memory")
	}
}

// A flood of requests goes in frames of their own, none above the bound; what found
// no room is not waited for, and asked for again when it is advertised again.
// Rule: I11
func TestManyIWants(t *testing.T) {
	g := askRig(t, 2, nil)
	ids := make([]string, 2000)
	for i := range ids {
		ids[i] = fmt.Sprintf("%032d", i)
	}
	g.full = map[string]bool{}
	g.jamAfter("n0", 2)
	g.ihave("n0", ids...)
	asked := 0
	for _, s := range g.sent {
		if len(s.frame) > controlBytesOut || s.f.Class != Control {
			t.Fatalf("a frame of %d bytes, class %v", len(s.frame), s.f.Class)
		}
		for i, id := range strings.Fields(describe(t, s)[0])[2:] {
			if id != ids[asked+i] {
				t.Fatalf("asked for %s, want %s", id, ids[asked+i])
			}
		}
		asked += len(strings.Fields(describe(t, s)[0])) - 2
	}
	if len(g.sent) != 2 || asked < 900 || g.r.wants.len() != asked {
		t.Fatalf("%d frames ask for %d, %d are waited for", len(g.sent), asked, g.r.wants.len())
	}
	g.jam()
	g.sent = nil
	g.run(time.Second)
	g.ihave("n1", ids...)
	g.check()
	if g.r.wants.len() != len(ids) || count(g.said(), "n1 IWANT "+ids[asked]) != 1 {
		t.Fatalf("%d of %d waited for", g.r.wants.len(), len(ids))
	}
	g.run(time.Second) // n0 has not answered, so n1 is asked for the rest
	if got := g.said(); count(got, "n1 IWANT "+ids[0]) != 1 {
		t.Fatalf("%d lines said: %.100q", len(got), got)
	}
	g.run(10 * time.Second)
	if got := g.penalties("broken promise"); got["n1"] < 1 || g.r.wants.len() != 0 {
		t.Fatalf("penalties %v, %d wants left", got, g.r.wants.len())
	}
}

// When all that one advert made us ask for has come, its memory is let go though its
// timer runs.
func TestBatchLetsGo(t *testing.T) {
	g := askRig(t, 1, nil)
	g.ihave("n0", "x") // so that the table is not emptied
	g.ihave("n0", "a", "b")
	g.recv("n0", plain("t", "a"))
	b := g.r.wants.timer.at(1).of
	if b.live != 1 || b.wants == nil {
		t.Fatalf("%d live", b.live)
	}
	g.recv("n0", plain("t", "b"))
	if b.live != 0 || b.wants != nil || b.text != nil || b.one[0].sworn != nil {
		t.Fatalf("%d live, %d bytes held", b.live, len(b.text))
	}
}
