package score

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// crowd is a board with peers in topics, all of them with something to decay.
func crowd(b testing.TB, peers, topics int) (*rig, []*Peer, []*Topic) {
	g := newRig(b, DefaultConfig())
	var ts []*Topic
	for i := range topics {
		ts = append(ts, g.topic(fmt.Sprint(i), nil))
	}
	var ps []*Peer
	for i := range peers {
		p := g.up(i, fmt.Sprintf("192.0.%d.%d", i/200, i%200))
		ps = append(ps, p)
		for _, t := range ts {
			g.b.Graft(g.now, p, t)
		}
	}
	return g, ps, ts
}

// A message that twelve peers send, with its verdict after the third copy; two
// minutes of history are remembered.
func BenchmarkMessage(b *testing.B) {
	g, ps, ts := crowd(b, 12, 1)
	b.ReportAllocs()
	for b.Loop() {
		k := g.key()
		for i, p := range ps {
			if i == 3 {
				g.b.Judge(g.now, ts[0], k, Accepted)
			}
			g.b.Copy(g.now, p, ts[0], k)
		}
		g.now = g.now.Add(time.Millisecond)
	}
}

// One more copy of a message whose verdict is a while ago.
func BenchmarkCopyLate(b *testing.B) {
	g, ps, ts := crowd(b, 12, 1)
	var keys []Key
	for range 10000 {
		keys = append(keys, g.say(ts[0], Accepted, ps[0]))
	}
	g.wait(time.Minute)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		g.b.Copy(g.now, ps[1], ts[0], keys[i%len(keys)])
	}
}

func BenchmarkInvalid(b *testing.B) {
	g, ps, ts := crowd(b, 12, 1)
	b.ReportAllocs()
	for b.Loop() {
		g.b.Invalid(g.now, ps[0], ts[0])
	}
}

func BenchmarkScoreUnchanged(b *testing.B) {
	g, ps, _ := crowd(b, 12, 100)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		g.b.Score(g.now, ps[i%len(ps)])
	}
}

// The score of a peer in a hundred topics after something happened in one.
func BenchmarkScoreChanged(b *testing.B) {
	g, ps, ts := crowd(b, 12, 100)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		g.b.first(0, ps[0], ts[i%len(ts)])
		g.b.Score(g.now, ps[0])
	}
}

func BenchmarkStarves(b *testing.B) {
	g, ps, ts := crowd(b, 12, 1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		g.b.Starves(g.now, ps[i%len(ps)], ts[0])
	}
}

// A whole round of a thousand peers in a hundred topics, and the slowest of a
// hundred steps.
func BenchmarkDecay1000x100(b *testing.B) {
	g, ps, ts := crowd(b, 1000, 100)
	for _, p := range ps {
		for _, t := range ts {
			g.b.first(0, p, t)
		}
	}
	var took []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		g.now = g.now.Add(time.Second)
		for !g.b.Deadline().After(g.now) {
			t := time.Now()
			g.b.Advance(g.now)
			took = append(took, time.Since(t))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs/step-p99")
	b.ReportMetric(float64(len(took))/float64(b.N), "steps/op")
}
