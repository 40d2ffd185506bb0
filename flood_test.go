package ropewalk

import (
	"context"
	"math"
	"testing"
	"time"
)

// floodFor is how long BenchmarkFlood floods.
const floodFor = 3 * time.Second

// BenchmarkFlood sends messages of 256 bytes from one node through a second to a
// third, over libp2p, as fast as they go, and reports what the loop of the node in
// the middle does meanwhile. An operation is the whole flood; -benchtime 1x.
func BenchmarkFlood(b *testing.B) {
	for _, sign := range []string{"none", "strict"} {
		b.Run("sign="+sign, func(b *testing.B) {
			for range b.N {
				flood(b, sign)
			}
		})
	}
}

func flood(b *testing.B, sign string) {
	cfg := libConfig()
	cfg.Gossip.Topics = map[string]TopicConfig{"flood": {Sign: sign}}
	var nodes [3]*Node
	for i := range nodes {
		nodes[i] = started(b, cfg)
	}
	first, middle, last := nodes[0], nodes[1], nodes[2]
	join(b, first, middle)
	join(b, last, middle)
	through, out, in := follow(b, middle, "flood"), follow(b, last, "flood"), follow(b, first, "flood")
	defer through.Close()
	defer in.Close()
	meshed(b, middle, "flood", 2)
	meshed(b, first, "flood", 1)
	meshed(b, last, "flood", 1)
	go drainMessages(through)
	go drainMessages(in)
	got := make(chan int)
	go func() { got <- drainMessages(out) }()

	before := steps(b, middle)
	ctx, cancel := context.WithTimeout(b.Context(), floodFor)
	defer cancel()
	sent, data := 0, make([]byte, 256)
	for b.ResetTimer(); ctx.Err() == nil; sent++ {
		data = append([]byte(nil), data...)
		for i, v := 0, sent; i < 8; i, v = i+1, v>>8 {
			data[i] = byte(v)
		}
		if _, err := first.Publish(ctx, "flood", data, 0); err != nil {
			break
		}
	}
	b.StopTimer()
	after := steps(b, middle)
	out.Close()
	b.ReportMetric(float64(sent)/floodFor.Seconds(), "sent/s")
	b.ReportMetric(float64(<-got)/floodFor.Seconds(), "through/s")
	for _, what := range []string{"message", "call", "advance"} {
		b.ReportMetric(quantile(before[what], after[what], 0.99)*1e6, "p99-"+what+"-µs")
	}
	b.ReportMetric(quantile(before[""], after[""], 0.99)*1e6, "p99-step-µs")
	b.ReportMetric(quantile(before[""], after[""], 0.999)*1e6, "p99.9-step-µs")
	for _, n := range nodes {
		if err := n.Close(); err != nil {
			b.Error(err)
		}
	}
}

func drainMessages(s *Subscription) (n int) {
	for range s.Messages() {
		n++
	}
	return n
}

// steps are a node's step histograms by input; "" is all together: how many steps
// took at most so many seconds.
func steps(t testing.TB, n *Node) map[string]map[float64]uint64 {
	t.Helper()
	all, err := n.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[float64]uint64{"": {}}
	for _, family := range all {
		if family.GetName() != "ropewalk_loop_step_seconds" {
			continue
		}
		for _, m := range family.GetMetric() {
			h := map[float64]uint64{math.Inf(1): m.GetHistogram().GetSampleCount()}
			for _, bucket := range m.GetHistogram().GetBucket() {
				h[bucket.GetUpperBound()] = bucket.GetCumulativeCount()
			}
			for le, count := range h {
				out[""][le] += count
			}
			out[m.GetLabel()[0].GetValue()] = h
		}
	}
	return out
}

// quantile is the upper bound, in seconds, of the bucket where the q-th of the
// steps between two states of a histogram lies.
func quantile(before, after map[float64]uint64, q float64) float64 {
	total := float64(after[math.Inf(1)] - before[math.Inf(1)])
	best := math.Inf(1)
	for le, count := range after {
		if le < best && float64(count-before[le]) >= q*total {
			best = le
		}
	}
	return best
}
