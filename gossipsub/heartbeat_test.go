package gossipsub

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
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
				cfg = testScore()
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

// testScore is a scoring configuration with simple numbers.
func testScore() *score.Config { return &score.Config{} }
