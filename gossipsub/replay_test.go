package gossipsub

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/work"
)

// The window against the set of all numbers.
func TestWindowAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w window
		came := map[uint64]bool{}
		top := uint64(0)
		base := rapid.SampledFrom([]uint64{0, 1, 1 << 40, 1<<64 - 5000}).Draw(t, "base")
		for range rapid.IntRange(1, 200).Draw(t, "n") {
			n := base + rapid.OneOf(rapid.Uint64Range(0, 70), rapid.Uint64Range(0, 4000)).Draw(t, "number")
			old := n <= top && top-n >= replayWindow
			if got, want := w.has(n), came[n] || old; n > 0 && got != want {
				t.Fatalf("%d with top %d: %v, want %v", n, top, got, want)
			}
			if n == 0 || w.has(n) {
				continue
			}
			w.add(n)
			came[n], top = true, max(top, n)
		}
	})
}

// A place in the bitmap is free again when the window has moved on.
func TestWindowMoves(t *testing.T) {
	var w window
	for _, n := range []uint64{100, 600, 1200} {
		w.add(n)
	}
	for n, want := range map[uint64]bool{1200: true, 600: true, 1124: false, 177: false, 176: true, 100: true, 1201: false} {
		if w.has(n) != want {
			t.Errorf("%d: %v", n, !want)
		}
	}
}

// replayRig is a router that minds replays, with peers to bring them.
func replayRig(t testing.TB, policy Policy) *rig {
	g := newRig(t, func(c *Config) { penalties(c); c.Params.SeenTTL = 5 * time.Second })
	g.join("t", TopicConfig{Sign: &policy, Replay: true})
	g.ups(2, Meshsub11, "t")
	return g
}

// save keeps what the router wants written.
func (g *rig) save(files map[string][]byte, saves []work.Save) {
	for _, s := range saves {
		files[s.File] = s.Data
	}
}

func from(files map[string][]byte) func(string) ([]byte, bool) {
	return func(name string) ([]byte, bool) { b, ok := files[name]; return b, ok }
}

// A message is delivered once: within the memory of the seen cache and beyond it,
// also when numbers overtake each other; and bringing it again costs nobody.
// Rule: M11
func TestReplayBeyondTheSeenCache(t *testing.T) {
	for _, replay := range []bool{true, false} {
		g := newRig(t, func(c *Config) { penalties(c); c.Sign, c.Params.SeenTTL = StrictSign, 5*time.Second })
		g.join("t", TopicConfig{Replay: replay})
		g.ups(2, Meshsub11, "t")
		a := newAuthor("author")
		frame := func(n uint64) []byte { return rpc.AppendPublish(nil, a.message("t", n, fmt.Append(nil, n))) }
		for _, n := range []uint64{2000, 1999, 2001, 978, 977, 1500} { // 977 is 1024 below 2001
			g.recv("n0", frame(n))
		}
		if len(g.got) != 6 && !replay || replay && len(g.got) != 5 {
			t.Fatalf("replay %v: %d delivered", replay, len(g.got))
		}
		n := len(g.got)
		for range 3 { // over several lives of the seen cache
			g.run(6 * time.Second)
			g.recv("n1", frame(2000))
			g.recv("n1", frame(978))
			if g.late = replay; len(g.jobs) != 0 {
				t.Fatal("a known number was verified once more")
			}
		}
		if again := len(g.got) - n; replay != (again == 0) {
			t.Fatalf("replay %v: %d delivered again", replay, again)
		}
		p, _ := g.r.peers.Get(g.id("n1"))
		if g.r.standing(p) < 0 {
			t.Fatalf("a replay cost its bringer %v", g.r.standing(p))
		}
	}
}

// Only what was verified moves a window: a forged number does not lock its author out.
// Rule: M11
func TestForgedNumbersAreNotRemembered(t *testing.T) {
	g := replayRig(t, StrictSign)
	a := newAuthor("author")
	var m rpc.Message
	_ = m.Decode(a.message("t", 5, []byte("x")))
	m.Seqno, m.Raw = binary.BigEndian.AppendUint64(nil, 1<<63), nil
	g.recv("n0", rpc.AppendPublish(nil, rpc.AppendMessage(nil, &m, false)))
	g.recv("n0", rpc.AppendPublish(nil, a.message("t", 6, []byte("y"))))
	if len(g.got) != 1 {
		t.Fatalf("%d delivered", len(g.got))
	}
}

// Two messages of one number that are checked at the same time: one is delivered.
func TestReplayWhileChecking(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Sign = StrictSign })
	g.join("t", TopicConfig{Replay: true, MessageID: func(m *Message) string { return string(m.Data) }})
	g.ups(2, Meshsub11, "t")
	g.late = true
	a := newAuthor("author")
	g.recv("n0", rpc.AppendPublish(nil, a.message("t", 5, []byte("x"))))
	g.recv("n1", rpc.AppendPublish(nil, a.message("t", 5, []byte("y"))))
	if len(g.jobs) != 2 {
		t.Fatalf("%d jobs", len(g.jobs))
	}
	g.take(g.jobs[0]())
	g.take(g.jobs[1]())
	if len(g.got) != 1 {
		t.Fatalf("%d delivered", len(g.got))
	}
}

// In a lax topic only what is signed has a number that means something.
func TestReplayInALaxTopic(t *testing.T) {
	g := replayRig(t, LaxSign)
	a := newAuthor("author")
	unsigned := func(n uint64, data string) []byte {
		m := rpc.Message{From: []byte(a.pid), Seqno: binary.BigEndian.AppendUint64(nil, n), Data: []byte(data), Topic: []byte("t")}
		return rpc.AppendPublish(nil, rpc.AppendMessage(nil, &m, false))
	}
	g.recv("n0", unsigned(1<<40, "x"))
	g.recv("n0", rpc.AppendPublish(nil, a.message("t", 5000, []byte("y"))))
	g.recv("n0", unsigned(5, "z"))
	if len(g.got) != 3 {
		t.Fatalf("%d delivered", len(g.got))
	}
}

// Authors are bounded; who was heard longest ago is forgotten first, also across
// the file.
func TestReplayAuthorsAreBounded(t *testing.T) {
	var rs replays
	name := func(i int) []byte { return append([]byte{0x12, 32}, fmt.Appendf(nil, "%032d", i)...) }
	one := binary.BigEndian.AppendUint64(nil, 1)
	for i := range replayAuthorsMax {
		rs.add(name(i), one)
	}
	rs.add(name(0), binary.BigEndian.AppendUint64(nil, 2)) // heard again
	var loaded replays
	if err := loaded.decode(rs.encode()); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*replays{&rs, &loaded} {
		r.add(name(replayAuthorsMax), one)
		if len(r.byName) != replayAuthorsMax || !r.has(name(0), one) || r.has(name(1), one) || !r.has(name(2), one) {
			t.Fatalf("%d authors", len(r.byName))
		}
	}
}

// No ID is delivered twice across a restart: random messages and replays, with
// stops that save and start again from the file.
// Rule: M11
func TestNothingIsDeliveredTwiceAcrossRestarts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files := map[string][]byte{}
		times := map[string]int{}
		var frames [][]byte
		next := uint64(1 << 40)
		g := replayRig(t, StrictSign)
		for range rapid.IntRange(5, 60).Draw(rt, "steps") {
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0: // stop and start
				g.save(files, append(g.saves, g.r.Saves()...))
				now := g.now
				g = replayRig(t, StrictSign)
				g.now = now
				if err := g.r.Load(from(files)); err != nil {
					rt.Fatal(err)
				}
			case 1:
				g.run(time.Duration(rapid.IntRange(0, 20).Draw(rt, "seconds")) * time.Second)
			case 2, 3:
				next += rapid.Uint64Range(0, 2).Draw(rt, "gap") + 1
				a := newAuthor(rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "author"))
				frames = append(frames, rpc.AppendPublish(nil, a.message("t", next, fmt.Append(nil, next))))
				g.recv("n0", frames[len(frames)-1])
			default:
				if len(frames) > 0 {
					g.recv("n1", rapid.SampledFrom(frames).Draw(rt, "old"))
				}
			}
			for _, m := range g.got {
				if times[m.ID]++; times[m.ID] > 1 {
					rt.Fatalf("%x delivered twice", m.ID)
				}
			}
			g.got = nil
		}
		if len(times) != len(frames) {
			rt.Fatalf("%d of %d delivered", len(times), len(frames))
		}
	})
}

// It is saved while it runs, so that a crash forgets ten seconds at most.
func TestReplaysAreSavedNowAndThen(t *testing.T) {
	g := replayRig(t, StrictSign)
	a := newAuthor("author")
	for i := range 20 {
		g.recv("n0", rpc.AppendPublish(nil, a.message("t", uint64(i+1), nil)))
		g.run(time.Second)
	}
	if n := len(g.saves); n < 2 || n > 3 {
		t.Fatalf("%d saves in twenty seconds", n)
	}
	g.run(time.Minute)
	if n := len(g.saves); n > 4 {
		t.Fatalf("%d saves with nothing new", n)
	}
	files := map[string][]byte{}
	g.save(files, g.saves)
	h := replayRig(t, StrictSign)
	if err := h.r.Load(from(files)); err != nil || !h.r.replays.has([]byte(a.pid), binary.BigEndian.AppendUint64(nil, 20)) {
		t.Fatalf("%v: not in the file", err)
	}
}

func FuzzReplayFile(f *testing.F) {
	var rs replays
	f.Add(rs.encode())
	rs.add([]byte(newAuthor("a").pid), binary.BigEndian.AppendUint64(nil, 1<<40))
	rs.add([]byte(newAuthor("b").pid), binary.BigEndian.AppendUint64(nil, 7))
	f.Add(rs.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		if n := len(data) - 4; n >= 0 { // let it get past the checksum
			data = sealed(data[:n:n])
		}
		var out replays
		if out.decode(data) != nil {
			if out.byName != nil {
				t.Fatal("a refused file left something")
			}
			return
		}
		if string(out.encode()) != string(data) {
			t.Fatal("written differently")
		}
		out.add([]byte(newAuthor("c").pid), binary.BigEndian.AppendUint64(nil, 9))
	})
}

func TestDamagedReplayFile(t *testing.T) {
	var rs replays
	rs.add([]byte(newAuthor("a").pid), binary.BigEndian.AppendUint64(nil, 7))
	good := rs.encode()
	for i := range good {
		bad := append([]byte(nil), good...)
		bad[i] ^= 1
		var out replays
		if out.decode(bad) == nil {
			t.Fatalf("byte %d changed", i)
		}
	}
	for i := range good {
		var out replays
		if out.decode(good[:i]) == nil {
			t.Fatalf("cut at %d", i)
		}
	}
}
