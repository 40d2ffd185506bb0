package gossipsub

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

func lines(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("said %q\nwant %q", got, want)
	}
}

// A GRAFT that found no room is said at the next heartbeat, with its peer still in
// the mesh.
// Rule: G11
func TestGraftWithoutRoomIsRetried(t *testing.T) {
	g := newRig(t, nil)
	g.up("n1", Meshsub12, false)
	g.join("t", TopicConfig{})
	g.sent = nil
	g.jam("n1")
	g.recv("n1", rpc.AppendSub(nil, true, "t")) // grafts it
	g.run(3 * time.Second)
	lines(t, g.said())
	g.jam()
	g.run(time.Second)
	lines(t, g.said(), "n1 GRAFT t")
	g.run(5 * time.Second)
	lines(t, g.said())
}

// What is not true any more is not said.
// Rule: G11
func TestDebtsThatBecameUntrue(t *testing.T) {
	g := newRig(t, nil)
	g.up("n1", Meshsub12, false)
	g.join("t", TopicConfig{})
	g.sent = nil
	g.jam("n1")
	g.recv("n1", rpc.AppendSub(nil, true, "t"))
	g.control("n1", rpc.AppendPrune(nil, "t", 60)) // so the GRAFT is void
	g.jam()
	g.run(3 * time.Second)
	lines(t, g.said())

	g.up("n2", Meshsub12, false)
	g.recv("n2", rpc.AppendSub(nil, true, "t"))
	g.run(time.Second)
	g.sent = nil
	g.jam("n2")
	g.r.Leave(g.now, "t")
	g.join("t", TopicConfig{}) // n2 is backed off
	g.jam()
	g.run(2 * time.Second)
	lines(t, g.said(), "n1 UNSUBSCRIBE t", "n1 SUBSCRIBE t", "n2 PRUNE t 9s") // what is left of its backoff; the subscription stood all the while
}

// A PRUNE goes with the next control RPC to its peer.
// Rule: G11
func TestPruneWithoutRoomGoesWithTheNextRPC(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	g.join("u", TopicConfig{})
	g.ups(1, Meshsub12, "t")
	g.sent = nil
	g.jam("n0")
	g.r.Leave(g.now, "t")
	g.jam()
	g.now = g.now.Add(300 * time.Millisecond) // no heartbeat since
	g.recv("n0", rpc.AppendSub(nil, true, "u"))
	lines(t, g.said(), "n0 PRUNE t 9s", "n0 GRAFT u", "n0 UNSUBSCRIBE t")
	g.run(2 * time.Second)
	lines(t, g.said())
}

// Changes of subscriptions that found no room are said once, as what is true then.
// Rule: T7
func TestAnnouncementsCoalesce(t *testing.T) {
	g := newRig(t, nil)
	g.join("old", TopicConfig{})
	g.ups(2, Meshsub12)
	g.sent = nil
	g.jam("n1")
	g.r.Leave(g.now, "old")
	for i := range 300 {
		g.join(fmt.Sprint("t", i), TopicConfig{})
	}
	for i := range 299 {
		g.r.Leave(g.now, fmt.Sprint("t", i))
	}
	g.join("twice", TopicConfig{})
	g.r.Leave(g.now, "twice")
	g.join("twice", TopicConfig{})
	g.check()
	if n := count(g.said(), "n0 "); n != 1+300+299+3 {
		t.Fatalf("%d announcements to a peer with room", n)
	}
	g.jam()
	g.run(time.Second)
	lines(t, g.said(), "n1 UNSUBSCRIBE old", "n1 SUBSCRIBE t299", "n1 SUBSCRIBE twice")
}

// A hello that found no room is said whole before anything else, and what changed
// meanwhile with it.
// Rule: S3
func TestHelloWithoutRoom(t *testing.T) {
	g := newRig(t, nil)
	for i := range 3 * helloEntriesMax {
		g.join(fmt.Sprint("t", i), TopicConfig{})
	}
	room := 1 // frames
	g.full = map[string]bool{}
	g.jamAfter("n1", room)
	g.up("n1", Meshsub13, false)
	first := g.said()
	if len(first) != helloEntriesMax {
		t.Fatalf("%d entries in the first frame", len(first))
	}
	g.r.Leave(g.now, "t0") // it was told of
	g.join("more", TopicConfig{})
	g.graft("n1", "t5") // takes it in
	g.recv("n1", rpc.AppendSub(nil, true, "t6"))
	g.publish("t6", []byte("x"))
	if p := g.r.peer(g.id("n1")); !p.owesHello || len(g.sent) != 0 {
		t.Fatalf("%d frames overtook the hello", len(g.sent))
	}
	g.jam()
	g.publish("t6", []byte("y")) // there is room again, but the hello goes first
	g.run(time.Second)
	for i, s := range g.sent[:3] {
		if n := count(describe(t, s), "SUBSCRIBE"); n == 0 {
			t.Fatalf("frame %d after the hello's first is none of it: %q", i, describe(t, s))
		}
	}
	all := g.said()
	if count(all, "n1 SUBSCRIBE") != 3*helloEntriesMax || count(all, "n1 UNSUBSCRIBE t0") != 1 || count(all, "n1 SUBSCRIBE more") != 1 || count(all, "GRAFT t6") != 1 {
		t.Fatalf("%d lines: %q", len(all), all[len(all)-5:])
	}
}

// A hello that is larger than a queue is said as room comes up.
// Rule: S4
func TestHelloGoesOnWhereItStopped(t *testing.T) {
	g := newRig(t, nil)
	for i := range 5 * helloEntriesMax {
		g.join(fmt.Sprint("t", i), TopicConfig{})
	}
	g.full = map[string]bool{}
	g.jamAfter("n1", 2)
	g.up("n1", Meshsub12, false)
	for range 3 {
		g.jamAfter("n1", len(g.sent)+1)
		g.run(time.Second)
	}
	if got := g.said(); len(got) != 5*helloEntriesMax {
		t.Fatalf("%d entries", len(got))
	}
}

// A peer that takes nothing does not make us remember without end, and nothing is
// left of it.
func TestDebtsResidue(t *testing.T) {
	g := newRig(t, nil)
	g.ups(1, Meshsub12)
	g.jam("n0")
	for i := range debtsMax + 10 {
		name := fmt.Sprint("t", i)
		g.r.Join(g.now, name, TopicConfig{})
		if p := g.r.peer(g.id("n0")); len(p.untold) > debtsMax {
			t.Fatalf("%d topics remembered", len(p.untold))
		}
	}
	if g.drops != 1 {
		t.Fatalf("dropped %d times", g.drops)
	}
	for i := range debtsMax + 10 {
		g.r.Leave(g.now, fmt.Sprint("t", i))
	}
	g.r.Down(g.now, g.id("n0"))
	noResidue(t, g.r)
}
