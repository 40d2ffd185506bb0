package gossipsub

import (
	"fmt"
	"testing"
)

// lineRig has some topics with a check, whose jobs are kept.
func lineRig(t testing.TB, topics ...string) *rig {
	g := newRig(t, nil)
	g.late = true
	for _, name := range topics {
		g.join(name, TopicConfig{Validate: func(Message) Verdict { return Accept }})
	}
	return g
}

// On default settings no check is dropped while a topic has 64 messages in flight,
// nor while it has a thousand of each of four peers.
// Rule: V9
func TestNoCheckIsDropped(t *testing.T) {
	for _, n := range []int{64, flightsPerPeerMax} {
		g := lineRig(t, "t")
		g.ups(4, Meshsub12)
		for i := range n {
			for p := range 4 {
				g.recv(fmt.Sprint("n", p), plain("t", fmt.Sprint(i, p)))
			}
		}
		g.work()
		if len(g.got) != 4*n || g.counted("reject") != 0 {
			t.Fatalf("%d of %d delivered, %d rejected", len(g.got), 4*n, g.counted("reject"))
		}
	}
}

// A busy topic does not starve a quiet one: its check is among the jobs at once.
// Rule: V4
func TestQuietTopicIsNotStarved(t *testing.T) {
	g := lineRig(t, "busy", "quiet")
	g.ups(2, Meshsub12)
	for i := range 1000 {
		g.recv("n0", plain("busy", fmt.Sprint(i)))
	}
	g.recv("n1", plain("quiet", "hi"))
	for i := 0; len(g.got) == 0 || g.got[len(g.got)-1].Topic != "quiet"; i++ {
		if i > checksPerTopicMax {
			t.Fatalf("not checked after %d jobs", i)
		}
		do := g.jobs[0]
		g.jobs = g.jobs[1:]
		g.take(do())
	}
}

// Topics take turns: of several busy ones none gets ahead.
// Rule: V4
func TestTopicsTakeTurns(t *testing.T) {
	topics := []string{"a", "b", "c", "d"}
	g := lineRig(t, topics...)
	g.ups(4, Meshsub12)
	for p, name := range topics {
		for i := range 500 {
			g.recv(fmt.Sprint("n", p), plain(name, fmt.Sprint(i)))
		}
	}
	for range 1000 {
		do := g.jobs[0]
		g.jobs = g.jobs[1:]
		g.take(do())
	}
	done := map[string]int{}
	for _, m := range g.got {
		done[m.Topic]++
	}
	for _, name := range topics {
		if done[name] < 250-checksPerTopicMax || done[name] > 250+checksPerTopicMax {
			t.Errorf("%s: %d of 1000 checks", name, done[name])
		}
	}
}

// A full line turns messages away without remembering them, and leaving the topic
// empties it.
// Rule: V4
func TestFullLine(t *testing.T) {
	g := lineRig(t, "t", "u")
	g.ups(6, Meshsub12)
	for p := range 6 {
		for i := range 1000 {
			g.recv(fmt.Sprint("n", p), plain("t", fmt.Sprint(p, i)))
		}
	}
	full := 6000 - flightsPerTopicMax
	if n := g.counted("reject"); n != full {
		t.Fatalf("%d turned away, want %d", n, full)
	}
	g.recv("n5", plain("u", "hi"))
	g.work()
	if len(g.got) != flightsPerTopicMax+1 {
		t.Fatalf("%d delivered", len(g.got))
	}
	g.recv("n5", plain("t", "5 999")) // comes once more
	g.work()
	if len(g.got) != flightsPerTopicMax+2 {
		t.Fatal("what was turned away does not come in later")
	}
	for i := range 100 {
		g.recv("n0", plain("t", fmt.Sprint("more", i)))
	}
	g.r.Leave(g.now, "t")
	if n := len(g.r.flights.byKey); n != checksPerTopicMax {
		t.Fatalf("%d in checking after leaving", n)
	}
	g.work()
	if len(g.r.flights.byKey) != 0 || g.r.flights.aloft != 0 || g.r.flights.bytes != 0 {
		t.Fatalf("%d left, %d aloft", len(g.r.flights.byKey), g.r.flights.aloft)
	}
}

// A copy that comes while its message waits for a check waits with it.
func TestCopyOfAWaitingMessage(t *testing.T) {
	g := lineRig(t, "t")
	g.ups(3, Meshsub12, "t")
	for i := range checksPerTopicMax + 1 {
		g.recv("n0", plain("t", fmt.Sprint(i)))
	}
	last := fmt.Sprint(checksPerTopicMax)
	g.recv("n1", plain("t", last))
	g.said()
	g.work()
	if said := g.said(); len(g.got) != checksPerTopicMax+1 || count(said, fmt.Sprintf("MESSAGE t %q", last)) != 1 {
		t.Fatalf("%d delivered, said %q", len(g.got), said)
	}
}
