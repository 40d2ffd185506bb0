package gossipsub

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

func big(n int) string { return strings.Repeat("x", n) }

// told is who got an IDONTWANT.
func told(got []string) (out []string) {
	for _, l := range got {
		if name, rest, _ := strings.Cut(l, " "); strings.HasPrefix(rest, "IDONTWANT") {
			out = append(out, name)
		}
	}
	return out
}

// hushRig has four peers in the mesh of t, one of which writes 1.1.
func hushRig(t *testing.T, tc TopicConfig) *rig {
	g := newRig(t, nil)
	tc.MessageID = func(m *Message) string { return string(m.Data[:4]) }
	g.join("t", tc)
	g.up("old", Meshsub11, false)
	g.recv("old", rpc.AppendSub(nil, true, "t"))
	g.graft("old", "t")
	g.ups(3, Meshsub12, "t")
	g.sent = nil
	return g
}

// IDONTWANT goes to mesh peers of 1.2 but the sender, for large messages, before
// they are checked, and for our own.
// Rule: N6, I7
func TestIDontWantIsSent(t *testing.T) {
	g := hushRig(t, TopicConfig{Validate: func(Message) Verdict { return Accept }})
	g.late = true
	g.recv("n0", plain("t", "tiny"+big(16<<10-5)))
	lines(t, told(g.said()))
	g.recv("n0", plain("t", "huge"+big(16<<10-4)))
	lines(t, told(g.said()), "n1", "n2")
	g.recv("n1", plain("t", "huge"+big(16<<10-4)))
	lines(t, told(g.said()))
	g.late = false
	g.publish("t", []byte("mine"+big(16<<10)))
	lines(t, told(g.said()), "n0", "n1", "n2")
}

// Each topic may have its own size.
// Rule: P4
func TestIDontWantThresholdOfTopic(t *testing.T) {
	g := hushRig(t, TopicConfig{IDontWantThreshold: 100})
	g.recv("n0", plain("t", "less"+big(95)))
	lines(t, told(g.said()))
	g.recv("n0", plain("t", "more"+big(96)))
	lines(t, told(g.said()), "n1", "n2")
}

// Where checking is slow, an IDONTWANT saves copies of smaller messages too.
// Rule: I14
func TestIDontWantWhereCheckingIsSlow(t *testing.T) {
	g := hushRig(t, TopicConfig{Validate: func(Message) Verdict { return Accept }})
	g.late = true
	for i := range 30 {
		g.recv("n0", plain("t", fmt.Sprintf("%04d", i)+big(1<<10)))
		g.now = g.now.Add(100 * time.Millisecond)
		g.take(g.jobs[i]())
	}
	g.sent = nil
	g.recv("n0", plain("t", "next"+big(1<<10-4)))
	g.recv("n0", plain("t", "tiny"+big(1<<10-5)))
	lines(t, told(g.said()), "n1", "n2")
}

// What came in one RPC is said in one, ten IDs each, to nobody who wrote it.
// Rule: I7, I14
func TestIDontWantCoalesces(t *testing.T) {
	g := hushRig(t, TopicConfig{IDontWantThreshold: 8})
	var frame []byte
	for i := range 25 {
		frame = append(frame, plain("t", fmt.Sprintf("%04d", i)+"12345678")...)
	}
	g.recv("n0", frame)
	got := g.said()
	for _, n := range []string{"n1", "n2"} {
		if count(got, n+" IDONTWANT") != 3 || count(got, n+" IDONTWANT 0020 0021 0022 0023 0024") != 1 {
			t.Fatalf("said %q", told(got))
		}
	}
	lines(t, told(got), "n1", "n1", "n1", "n2", "n2", "n2")

	g = newRig(t, func(c *Config) { c.Sign = LaxNoSign })
	g.join("t", TopicConfig{IDontWantThreshold: 1, MessageID: func(m *Message) string { return string(m.Data) }})
	g.ups(3, Meshsub12, "t")
	g.sent = nil
	authored := rpc.AppendPublish(nil, rpc.AppendMessage(nil, &rpc.Message{
		From: []byte(newAuthor("n1").pid), Seqno: []byte("12345678"), Data: []byte("of n1"), Topic: []byte("t"),
	}, false))
	g.recv("n0", append(plain("t", "x"), authored...))
	got = g.said()
	if count(got, "n1 IDONTWANT x") != 1 || count(got, "n1 IDONTWANT x of n1")+count(got, "n1 IDONTWANT of n1") != 0 || count(got, "n2 IDONTWANT x of n1") != 1 {
		t.Fatalf("said %q", got)
	}
}

// An IDONTWANT takes the queued copy out, and stops answers to IWANT.
// Rule: I8
func TestIDontWantCancels(t *testing.T) {
	g := hushRig(t, TopicConfig{})
	g.queued = true
	g.recv("n0", plain("t", "abcd"))
	g.control("n1", rpc.AppendIDontWant(nil, []string{"abcd"}))
	g.control("n1", rpc.AppendIDontWant(nil, []string{"abcd"}))
	lines(t, g.said(), `n2 MESSAGE t "abcd"`, `old MESSAGE t "abcd"`)
	if n := g.r.Stats().Cancelled; n.N != 1 || n.Bytes == 0 {
		t.Fatalf("cancelled %+v", n)
	}
	g.control("n1", append(rpc.AppendIWant(nil, []string{"abcd"}), rpc.AppendIDontWant(nil, []string{"abcd"})...))
	lines(t, g.said())
}

// A peer that sends us what waits for it needs it no more.
// Rule: I12
func TestDuplicateCancels(t *testing.T) {
	g := hushRig(t, TopicConfig{})
	g.queued = true
	g.publish("t", []byte("mine"))
	g.recv("n0", plain("t", "abcd"))
	g.recv("n1", plain("t", "abcd"))
	g.recv("n2", plain("t", "mine"))
	lines(t, g.said(), `n0 MESSAGE t "mine"`, `n1 MESSAGE t "mine"`, `n2 MESSAGE t "abcd"`, `old MESSAGE t "mine"`, `old MESSAGE t "abcd"`)
}

// The same data in two topics has one ID and is two messages: a copy of one leaves
// the other in the queue.
// Rule: I12
func TestCopyCancelsItsOwnTopicOnly(t *testing.T) {
	g := hushRig(t, TopicConfig{})
	g.join("u", TopicConfig{MessageID: func(m *Message) string { return string(m.Data[:4]) }})
	g.ups(2, Meshsub12, "u")
	g.recv("n0", plain("t", "abcd"))
	g.sent, g.queued = nil, true
	g.recv("n0", plain("u", "abcd"))
	g.recv("n1", plain("t", "abcd")) // it crossed ours
	lines(t, g.said(), `n1 MESSAGE u "abcd"`)
	g.recv("n0", plain("t", "efgh"))
	g.recv("n1", plain("t", "efgh"))
	if said := g.said(); count(said, `n1 MESSAGE t "efgh"`) != 0 {
		t.Fatalf("said %q", said)
	}
}

// A frame of thousands of copies does not search the queue for each.
func TestCopiesCancelFewAFrame(t *testing.T) {
	g := hushRig(t, TopicConfig{})
	g.queued = true
	var frame []byte
	for i := range 3 * cancelsMax {
		msg := plain("t", fmt.Sprintf("%04d", i))
		g.recv("n0", msg)
		frame = append(frame, msg...)
	}
	g.recv("n1", frame)
	if n := g.r.Stats().Cancelled.N; n != cancelsMax {
		t.Fatalf("%d cancelled, want %d", n, cancelsMax)
	}
}

// Whom we asked for a large message hears that it came from elsewhere.
func TestIDontWantTakesBackAnIWant(t *testing.T) {
	g := hushRig(t, TopicConfig{IDontWantThreshold: 100})
	g.r.peers.Get(g.id("n2"))
	g.control("n2", rpc.AppendPrune(nil, "t", 60)) // outside the mesh
	g.ihave("n2", "abcd", "efgh")
	g.sent = nil
	g.recv("n0", plain("t", "abcd"+big(100)))
	g.recv("n0", plain("t", "efgh"))
	lines(t, told(g.said()), "n1", "n2")
}

// Messages say what they are to the queues below.
// Rule: V7
func TestFramesOfMessages(t *testing.T) {
	g := hushRig(t, TopicConfig{})
	g.publish("t", []byte("mine"))
	g.recv("n0", plain("t", "abcd"))
	for _, s := range g.sent {
		own := count(describe(t, s), "mine") == 1
		want := Frame{Class: Forwarded, Tag: tag(g.r.topicSalt("t"), []byte("abcd")), Until: g.now.Add(forwardedWait)}
		if own {
			want = Frame{Class: Own, Tag: tag(g.r.topicSalt("t"), []byte("mine")), Until: g.now.Add(ownWait)}
		}
		if s.f.Class != want.Class || s.f.Tag != want.Tag || s.f.Until != want.Until {
			t.Fatalf("frame %+v, want %+v", s.f, want)
		}
	}
	g = hushRig(t, TopicConfig{TTL: time.Second})
	g.recv("n0", plain("t", "abcd"))
	if got := g.sent[0].f.Until; got != g.now.Add(time.Second) {
		t.Fatalf("waits until %v", got)
	}
}

// What was published is counted by what the peers are to us.
// Rule: F8
func TestPublishedByClass(t *testing.T) {
	g := newRig(t, func(c *Config) {
		c.Params.FloodPublish = new(true)
		c.Direct = append(c.Direct, newAuthor("n9").id)
	})
	g.join("t", TopicConfig{})
	g.ups(10, Meshsub12, "t", "u")
	mesh := len(g.r.Mesh("t"))
	out := 0
	for i := range 9 {
		p := g.r.peer(g.id(fmt.Sprint("n", i)))
		if !g.r.byName["t"].own.mesh.has(p) {
			out++
			g.jam(fmt.Sprint("n", i))
		}
	}
	got := g.publish("t", []byte("x"))
	if got.Mesh != mesh || got.Direct != 1 || got.Flood != out-1 || got.Dropped != 1 || got.Fanout != 0 || got.Peers != mesh+out {
		t.Fatalf("published %+v with a mesh of %d and %d others", got, mesh, out)
	}
	g.jam()
	g.r.p.FloodPublish = new(false)
	if got := g.publish("u", []byte("y")); got.Fanout != 6 || got.Direct != 1 || got.Peers != 7 {
		t.Fatalf("published %+v", got)
	}
}
