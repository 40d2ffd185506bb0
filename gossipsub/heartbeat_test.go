package gossipsub

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// crowd is a router with peers that all follow all topics.
func crowd(t testing.TB, peers, topics int, scored *score.Config) (*Router, time.Time) {
	self := nodeKey("self")
	cfg := Config{Self: self.ID(), PeerID: self.Public().PeerID(), Sign: StrictNoSign, Score: scored, Params: Params{FloodPublish: new(false)}}
	r, err := New(cfg, rand.New(rand.NewPCG(1, 2)), &sink{})
	if err != nil {
		t.Fatal(err)
	}
	var subs []byte
	for i := range topics {
		name := fmt.Sprint("topic ", i)
		if err := r.Join(epoch, name, TopicConfig{}); err != nil {
			t.Fatal(err)
		}
		subs = rpc.AppendSub(subs, true, name)
	}
	for i := range peers {
		a := newAuthor(fmt.Sprint(i))
		r.Up(epoch, a.id, Remote{PeerID: a.pid, Stream: Meshsub11, Outbound: i%4 == 0})
		must(r.Recv(epoch, a.id, subs))
	}
	return r, epoch.Add(time.Minute)
}

// beat publishes to every topic and lets one heartbeat pass; each step is handed
// to step with the time it took.
func beatOnce(r *Router, now time.Time, topics, messages int, step func(time.Duration)) {
	for i := range topics {
		for k := range messages {
			r.Publish(now, id.Ticket{Owner: "test"}, fmt.Sprint("topic ", i), fmt.Appendf(nil, "%d %d %d", r.beat, i, k))
		}
	}
	for {
		start := time.Now()
		r.Advance(now)
		step(time.Since(start))
		if !r.beating.on {
			return
		}
	}
}

// A heartbeat of 1,000 peers in 100 topics with 20 messages each. The figures are
// the whole beat, its steps, its longest step (the median of the beats), and the
// longest of all, in which a collection of garbage or a busy machine shows.
func BenchmarkHeartbeat(b *testing.B) {
	for _, scored := range []bool{false, true} {
		b.Run(map[bool]string{false: "plain", true: "scored"}[scored], func(b *testing.B) {
			var cfg *score.Config
			if scored {
				cfg = new(score.DefaultConfig())
			}
			r, now := crowd(b, 1000, 100, cfg)
			var longests []time.Duration
			var sum time.Duration
			steps, beats := 0, 0
			b.ReportAllocs()
			for b.Loop() {
				now = now.Add(time.Second)
				var longest time.Duration
				beatOnce(r, now, 100, 20, func(d time.Duration) {
					if beats > 2 { // the first ones fill the cache
						longest, sum = max(longest, d), sum+d
						steps++
					}
				})
				if beats++; beats > 3 {
					longests = append(longests, longest)
				}
			}
			if n := beats - 3; n > 0 {
				b.ReportMetric(float64(sum.Microseconds())/float64(n), "µs/beat")
				b.ReportMetric(float64(steps)/float64(n), "steps/beat")
				slices.Sort(longests)
				b.ReportMetric(float64(longests[len(longests)/2].Microseconds()), "longest-µs")
				b.ReportMetric(float64(longests[len(longests)-1].Microseconds()), "worst-µs")
			}
		})
	}
}

// A large heartbeat is done in steps. Between them other inputs are taken, also such
// as take its topics and peers away, and it still reaches everybody who is left.
// Rule: H11
func TestHeartbeatInSlices(t *testing.T) {
	const peers, topics = 200, 60
	r, now := crowd(t, peers, topics, nil)
	for i := range topics {
		r.Publish(now, id.Ticket{Owner: "test"}, fmt.Sprint("topic ", i), fmt.Appendf(nil, "m%d", i))
	}
	count := map[string]int{}
	r.cfg.Trace = func(_ time.Time, e trace.Event) {
		if e.Kind == "ihave" {
			count[e.Topic]++
		}
	}
	gone := newAuthor("7")
	steps := 0
	for r.Advance(now); r.beating.on; r.Advance(now) {
		if at := r.Deadline(); !at.Equal(now) {
			t.Fatalf("deadline %v within a heartbeat at %v", at, now)
		}
		checkInvariants(t, r)
		switch steps++; steps {
		case 1: // inputs between two steps
			n, _ := r.Recv(now, newAuthor("3").id, plain("topic 59", "between"))
			if len(n.Deliveries) != 1 {
				t.Error("a message had to wait")
			}
			r.Leave(now, "topic 58")
			r.Down(now, gone.id)
			r.Shut(now, newAuthor("8").id)
			if err := r.Join(now, "late", TopicConfig{}); err != nil {
				t.Error(err)
			}
		case 2:
			r.Up(now, gone.id, Remote{PeerID: gone.pid, Stream: Meshsub11})
		}
		now = now.Add(time.Millisecond)
	}
	if steps < 3 {
		t.Errorf("%d steps", steps)
	}
	for i := range topics {
		name := fmt.Sprint("topic ", i)
		switch n := count[name]; {
		case i == 58 && n != 0:
			t.Error("gossip of a topic that was left")
		case i != 58 && n < 40:
			t.Errorf("%s was told to %d", name, n)
		}
	}
	if r.Deadline().Sub(now) > time.Second || !r.Deadline().After(now) {
		t.Errorf("the next beat is at %v, now %v", r.Deadline(), now)
	}
	for i := range r.peers.Len() {
		if _, p := r.peers.At(i); p.lazy != nil {
			t.Fatal("gossip is left behind")
		}
	}
}

// Equal inputs give equal frames, slices included.
func TestSlicesRepeat(t *testing.T) {
	run := func() (out []string) {
		g := newRig(t, nil)
		for i := range 40 {
			g.join(fmt.Sprint("topic ", i), TopicConfig{})
		}
		for k := range 100 {
			name := fmt.Sprint("n", k)
			g.up(name, Meshsub11, k%3 == 0)
			var subs []byte
			for i := range 40 {
				subs = rpc.AppendSub(subs, true, fmt.Sprint("topic ", i))
			}
			g.recv(name, subs)
		}
		for i := range 40 {
			g.publish(fmt.Sprint("topic ", i), fmt.Appendf(nil, "m%d", i))
		}
		g.run(1500 * time.Millisecond)
		return g.said()
	}
	a, b := run(), run()
	if len(a) < 1000 || !slices.Equal(a, b) {
		t.Errorf("%d and %d lines, equal %v", len(a), len(b), slices.Equal(a, b))
	}
}

// A peer gets its gossip of all topics in few RPCs: receivers heed ten with IHAVE in
// a heartbeat.
// Rule: H12
func TestGossipIsCoalesced(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Params.NoMesh = true })
	g.ups(1, Meshsub11)
	for i := range 30 {
		topic := fmt.Sprint("topic ", i)
		g.join(topic, TopicConfig{})
		g.recv("n0", rpc.AppendSub(nil, true, topic))
		for k := range 40 {
			g.publish(topic, fmt.Appendf(nil, "%d %d", i, k))
		}
	}
	g.sent = nil
	g.beat()
	if frames, said := len(g.sent), g.said(); frames != 3 || count(said, "IHAVE") != 30 {
		t.Errorf("%d entries in %d frames", count(said, "IHAVE"), frames)
	}
}

// More IDs than one peer may get are dealt: each gets its full number, and all are
// told to somebody.
// Rule: I6
func TestGossipOfAFlood(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Params = Params{NoMesh: true, MaxIHaveLength: 100, Dlazy: 30} })
	g.ups(30, Meshsub11, "t")
	g.join("t", data)
	for k := range 301 {
		g.publish("t", fmt.Appendf(nil, "m%d.", k))
	}
	g.sent = nil
	g.beat()
	said := g.said()
	told := map[string]bool{}
	for i := range 30 {
		n := 0
		for _, line := range said {
			if w := strings.Fields(line); w[0] == fmt.Sprint("n", i) && w[1] == "IHAVE" {
				n += len(w) - 3
				for _, m := range w[3:] {
					told[m] = true
				}
			}
		}
		if n <= 90 || n > 100 {
			t.Errorf("n%d was told of %d", i, n)
		}
	}
	if len(told) != 301 {
		t.Errorf("%d of 301 were told to somebody", len(told))
	}
}
