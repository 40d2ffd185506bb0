package score

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// event is something that happens on a board; histories are made of them so that
// they can be run again with one event more or less.
type event struct {
	kind     string
	peer     int
	topic    int
	d        time.Duration
	before   []int // who sends the message before the verdict, in order
	after    []int // and after it
	verdict  Verdict
	breaches float64
}

const propertyPeers, propertyTopics = 4, 2

// play runs a history on a new board and gives the score of peer 0 after each event.
func play(t testing.TB, cfg Config, history []event) (*rig, []float64) {
	g := newRig(t, cfg)
	var topics []*Topic
	for i := range propertyTopics {
		topics = append(topics, g.topic(fmt.Sprint(i), nil))
	}
	ps := make([]*Peer, propertyPeers)
	ip := func(n int) string { return fmt.Sprintf("198.51.100.%d", n%3) } // one network, some share an address
	for n := range ps {
		ps[n] = g.up(n, ip(n))
	}
	var out []float64
	for _, e := range history {
		p, tp := ps[e.peer], topics[e.topic]
		switch e.kind {
		case "wait":
			g.wait(e.d)
		case "reconnect":
			g.b.Down(g.now, p)
			g.wait(e.d)
			ps[e.peer] = g.up(e.peer, ip(e.peer))
		case "graft":
			g.b.Graft(g.now, p, tp)
		case "prune":
			g.b.Prune(g.now, p, tp)
		case "breach":
			g.b.Penalty(g.now, p, e.breaches)
		case "message":
			k := g.key()
			for _, n := range e.before {
				g.b.Copy(g.now, ps[n], tp, k)
			}
			g.b.Judge(g.now, tp, k, e.verdict)
			g.wait(e.d)
			for _, n := range e.after {
				g.b.Copy(g.now, ps[n], tp, k)
			}
		}
		out = append(out, g.b.Score(g.now, ps[0]))
	}
	sound(t, g.b)
	return g, out
}

func drawEvent(rt *rapid.T) event {
	peers := rapid.SliceOfN(rapid.IntRange(0, propertyPeers-1), 0, 4)
	e := event{
		kind:    rapid.SampledFrom([]string{"wait", "wait", "reconnect", "graft", "graft", "prune", "breach", "message", "message", "message"}).Draw(rt, "kind"),
		peer:    rapid.IntRange(0, propertyPeers-1).Draw(rt, "peer"),
		topic:   rapid.IntRange(0, propertyTopics-1).Draw(rt, "topic"),
		d:       time.Duration(rapid.IntRange(0, 4000).Draw(rt, "d")) * time.Millisecond,
		verdict: Verdict(rapid.IntRange(0, 2).Draw(rt, "verdict")),
	}
	switch e.kind {
	case "message":
		e.before, e.after = peers.Draw(rt, "before"), peers.Draw(rt, "after")
	case "breach":
		e.breaches = rapid.Float64Range(0, 3).Draw(rt, "breaches")
	}
	return e
}

// drawPropertyConfig is random, or what is shipped, or that with P3.
func drawPropertyConfig(rt *rapid.T) Config {
	switch rapid.IntRange(0, 3).Draw(rt, "config") {
	case 0:
		return DefaultConfig()
	case 1:
		return full()
	}
	cfg := drawConfig(rt)
	cfg.Gossip, cfg.Publish, cfg.Graylist = -2, -10, -20
	return cfg
}

// moved compares the scores of two histories, event by event.
func moved(rt *rapid.T, what string, better, worse []float64) {
	for i := range better {
		if worse[i] > better[i]+1e-9*(1+math.Abs(better[i])) {
			rt.Fatalf("%s: %v is above %v after event %d", what, worse[i], better[i], i)
		}
	}
}

// threats S2, S3, S4: at no time after it does a breach, an invalid message or a
// message kept back leave a peer with a higher score, or a message delivered with a
// lower one; and a history has one outcome.
// Rule: C14
func TestConductMoves(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := drawPropertyConfig(rt)
		history := rapid.SliceOfN(rapid.Custom(drawEvent), 1, 60).Draw(rt, "history")
		at := rapid.IntRange(0, len(history)-1).Draw(rt, "at")
		_, plain := play(t, cfg, history)
		if _, again := play(t, cfg, history); !slices.Equal(plain, again) {
			rt.Fatal("S4: two runs of one history differ")
		}
		with := func(e event) []float64 {
			e.topic = history[at].topic
			_, out := play(t, cfg, slices.Insert(slices.Clone(history), at, e))
			return slices.Delete(out, at, at+1)
		}
		moved(rt, "S2, a breach", plain, with(event{kind: "breach", breaches: 2}))
		moved(rt, "S2, an invalid message", plain, with(event{kind: "message", before: []int{0}, verdict: Rejected}))
		moved(rt, "S2, a copy of an invalid message", plain, with(event{kind: "message", before: []int{1}, after: []int{0}, verdict: Rejected}))
		moved(rt, "S3, a first delivery", with(event{kind: "message", before: []int{0}}), plain)
		moved(rt, "S3, a delivery", with(event{kind: "message", before: []int{1, 0}}), with(event{kind: "message", before: []int{1}}))
		moved(rt, "S3, a late delivery", with(event{kind: "message", before: []int{1}, after: []int{0}}), with(event{kind: "message", before: []int{1}}))
		if e := history[at]; e.kind == "message" && e.verdict == Accepted {
			mute := slices.Clone(history)
			not := func(n int) bool { return n == 0 }
			mute[at].before = slices.DeleteFunc(slices.Clone(e.before), not)
			mute[at].after = slices.DeleteFunc(slices.Clone(e.after), not)
			_, silent := play(t, cfg, mute)
			moved(rt, "S2, a message kept back", plain, silent)
		}
	})
}

// threats S1: a mesh peer that for long does nothing good in one topic, in whichever
// way, is below zero or seen to starve it, however good it is elsewhere, under any
// parameters.
// Rule: C14
func TestPersistenceEndsInEviction(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := drawPropertyConfig(rt)
		cfg.App = nil // what the application grants is its own affair
		g := newRig(t, cfg)
		tp, rich := g.topic("t", nil), g.topic("rich", nil)
		ps := g.meshOf(tp, rapid.IntRange(2, 12).Draw(rt, "mesh"))
		senders := ps[1:]
		most := len(senders)
		way := rapid.SampledFrom([]string{"silent", "echoes", "invalid", "ignored"}).Draw(rt, "way")
		gap := time.Duration(rapid.IntRange(100, 20_000).Draw(rt, "gap")) * time.Millisecond
		sending := rapid.IntRange(1, most).Draw(rt, "sending")
		bad := ps[0]
		out := false
		each := gap
		if way == "echoes" {
			each += starveWindow
		}
		span := 2*tp.activation() + 12*time.Duration(starveMessages)*each
		for end := g.now.Add(2*span + time.Minute); g.now.Before(end) && !out; {
			g.say(rich, Accepted, bad)
			k := g.key()
			for i := range sending {
				g.b.Copy(g.now, senders[(i+int(g.n))%most], tp, k)
			}
			g.b.Judge(g.now, tp, k, Accepted)
			switch way {
			case "echoes":
				g.wait(starveWindow + time.Millisecond)
				g.b.Copy(g.now, bad, tp, k)
			case "invalid":
				g.say(tp, Rejected, bad)
			case "ignored":
				g.say(tp, Ignored, bad)
			}
			g.wait(gap)
			out = g.b.Score(g.now, bad) < 0 || g.b.Starves(g.now, bad, tp)
		}
		if !out {
			rt.Fatalf("%s for %v: score %v", way, g.now.Sub(epoch), g.b.Score(g.now, bad))
		}
	})
}
