package gossipsub

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// What a message is worth sending for is its topic's: older ones are neither
// advertised nor served, and wait no longer in queues.
// Rule: V7
func TestTopicTTL(t *testing.T) {
	for _, c := range []struct {
		ttl          time.Duration
		after        time.Duration
		served, told bool
	}{
		{0, 2500 * time.Millisecond, true, true},
		{3 * time.Second, 2500 * time.Millisecond, true, true},
		{2 * time.Second, 2500 * time.Millisecond, false, false},
	} {
		g := newRig(t, func(c *Config) { c.Params = Params{D: 1, Dlo: 1, Dhi: 1, HistoryLength: 10, HistoryGossip: 9} })
		g.join("t", TopicConfig{TTL: c.ttl, MessageID: func(m *Message) string { return string(m.Data) }})
		g.ups(3, Meshsub11, "t")
		g.publish("t", []byte("msg"))
		if f := g.sent[len(g.sent)-1].f; c.ttl > 0 && !f.Until.Equal(g.now.Add(c.ttl)) {
			t.Fatalf("%v: waits until %v", c.ttl, f.Until.Sub(g.now))
		}
		g.run(c.after)
		g.said()
		g.run(time.Second)
		if told := count(g.said(), "IHAVE t msg") > 0; c.ttl != 3*time.Second && told != c.told {
			t.Errorf("TTL %v, after %v: advertised %v", c.ttl, c.after, told)
		}
		g.now = epoch.Add(c.after)
		g.control("n2", rpc.AppendIWant(nil, []string{"msg"}))
		if served := count(g.said(), "n2 MESSAGE") > 0; served != c.served {
			t.Errorf("TTL %v, after %v: served %v", c.ttl, c.after, served)
		}
	}
}

// A message that keeps coming is new again after each SeenTTL, or never, as the
// strategy says; both forget one that has stopped. Over several periods.
// Rule: V5
func TestSeenStrategies(t *testing.T) {
	const ttl = 8 * time.Second
	for _, c := range []struct {
		strategy SeenStrategy
		want     int
	}{{FirstSeen, 5}, {LastSeen, 1}} {
		g := newRig(t, func(cfg *Config) { cfg.Params.SeenTTL, cfg.Params.SeenStrategy = ttl, c.strategy })
		g.join("t", TopicConfig{})
		g.ups(2, Meshsub11, "t")
		for range 40 { // every second, for five periods
			g.recv("n0", plain("t", "msg"))
			g.run(time.Second)
		}
		if n := len(g.got); n != c.want {
			t.Errorf("strategy %d: delivered %d times, want %d", c.strategy, n, c.want)
		}
		if n := len(g.r.seen.pages); n > 10 {
			t.Errorf("strategy %d: %d pages", c.strategy, n)
		}
		g.run(ttl + ttl/seenPagesPerTTL + time.Second)
		if n := len(g.r.seen.pages); n != 0 || g.r.seen.bytes != 0 {
			t.Errorf("strategy %d: %d pages, %d bytes left", c.strategy, n, g.r.seen.bytes)
		}
		n := len(g.got)
		g.recv("n0", plain("t", "msg"))
		if len(g.got) != n+1 {
			t.Errorf("strategy %d: not forgotten", c.strategy)
		}
	}
}

// A flood of copies of one message costs one entry for each page's time.
func TestLastSeenDoesNotGrow(t *testing.T) {
	s := seen{ttl: 8 * time.Second, bytesMax: 1 << 20}
	now, k := epoch, key{1}
	s.add(now, k)
	s.add(now, key{2}) // comes once
	for range 100000 {
		now = now.Add(time.Millisecond)
		if !s.has(now, k) {
			t.Fatal("forgotten")
		}
		s.again(now, k)
	}
	if s.has(now, key{2}) {
		t.Fatal("what came once is remembered with what comes again")
	}
	n := 0
	for _, p := range s.pages {
		n += p.n
	}
	if n > seenPagesPerTTL+2 {
		t.Fatalf("%d entries", n)
	}
}
