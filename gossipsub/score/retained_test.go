package score

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// Above zero: forgotten at once. Zero or less: kept for the time of retention,
// without decay; first deliveries are reset, a deficit is charged, the mesh left.
// Rule: C11
func TestRetain(t *testing.T) {
	cfg := Config{RetainScore: time.Minute}
	cfg.Topic = *plain(func(w *TopicParams) {
		deliveries(w)
		w.FirstMessageDeliveriesWeight, w.FirstMessageDeliveriesDecay, w.FirstMessageDeliveriesCap = 1, 0.9, 10
		w.InvalidMessageDeliveriesWeight, w.InvalidMessageDeliveriesDecay = -10, 0.5
	})
	g := newRig(t, cfg)
	tp := g.topic("t", nil)
	good, bad, none := g.up(1, ""), g.up(2, ""), g.up(3, "")
	g.b.Graft(g.now, bad, tp)
	g.wait(4 * time.Second)
	g.say(tp, Accepted, good)
	g.say(tp, Accepted, bad)
	g.say(tp, Rejected, bad)
	g.want(bad, 2*(1-9-10), "delivered one, missed three, one invalid")
	for _, p := range []*Peer{good, bad, none} {
		g.b.Down(g.now, p)
	}
	if _, ok := g.b.byID[name(1)]; ok || len(g.b.peers) != 2 {
		t.Errorf("%d peers known", len(g.b.peers))
	}
	g.want(bad, 2*(-4.5-10), "retained")
	g.wait(59 * time.Second)
	back := g.up(2, "")
	if back != bad || bad.in(tp).inMesh {
		t.Error("came back as another, or into the mesh")
	}
	g.want(back, 2*(-4.5-10), "after 59 s")
	if again := g.up(3, ""); again != none {
		t.Error("a score of zero was forgotten")
	}
	g.b.Down(g.now, back)
	g.wait(time.Minute)
	if len(g.b.peers) != 1 {
		t.Errorf("%d peers known after a minute", len(g.b.peers))
	}
	g.want(g.up(2, ""), 0, "forgotten after a minute")
	sound(t, g.b)
}

// A verdict finds a peer that left meanwhile.
func TestInvalidAndGone(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	p := g.up(1, "")
	k := g.key()
	g.b.Copy(g.now, p, tp, k)
	g.b.Down(g.now, p)
	g.b.Judge(g.now, tp, k, Rejected)
	g.want(g.up(1, ""), -2, "back")
}

// Too many: those with nothing against them go first, the oldest of them first.
// Rule: C18
func TestRetainedCap(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	bad := g.up(0, "192.0.2.1")
	g.say(tp, Rejected, bad)
	g.b.Down(g.now, bad)
	for i := 1; i < retainedMax+100; i++ {
		g.b.Down(g.now, g.up(i, ""))
		g.now = g.now.Add(time.Millisecond)
	}
	known := func(n int) bool { return g.b.byID[name(n)] != nil }
	if len(g.b.peers) != retainedMax || !known(0) || known(100) || !known(101) {
		t.Errorf("%d kept, the bad one %v, clean ones from %v", len(g.b.peers), known(0), known(101))
	}
	sound(t, g.b)
}

// threats, identity reset: a new identity from where bad ones came starts lower;
// one from elsewhere, from here, or from a private network does not.
func TestNewcomers(t *testing.T) {
	tests := []struct {
		name, bad, fresh string
		spent            int // invalid messages of each of two identities
		want             float64
	}{
		{"same address", "198.51.100.7", "198.51.100.7", 10, -5},
		{"same /24", "198.51.100.7", "198.51.100.8", 10, -5},
		{"little to answer for", "198.51.100.7", "198.51.100.8", 1, -0.5},
		{"another /24", "198.51.100.7", "198.51.101.7", 10, 0},
		{"same /56", "2001:db8::1", "2001:db8:0:ff::1", 10, -5},
		{"another /56", "2001:db8::1", "2001:db8:0:100::1", 10, 0},
		{"loopback", "127.0.0.1", "127.0.0.1", 10, 0},
		{"private", "10.1.2.3", "10.1.2.3", 10, 0},
		{"unknown", "", "", 10, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t, DefaultConfig())
			tp := g.topic("t", nil)
			for i := range 2 {
				p := g.up(i, tc.bad)
				for range tc.spent {
					g.say(tp, Rejected, p)
				}
				g.b.Down(g.now, p)
			}
			fresh := g.up(10, tc.fresh)
			g.want(fresh, tc.want, "at first")
			if s := g.b.Score(g.now, fresh); s < g.b.cfg.Gossip/2 {
				t.Errorf("%v is out of gossip", s)
			}
			g.wait(10 * time.Minute)
			g.want(fresh, 0, "in the end")
			sound(t, g.b)
		})
	}
}

// Who comes back answers for itself and not twice, and what a group owes ends with
// those who owe it.
func TestDebtEnds(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	p := g.up(1, "198.51.100.7")
	for range 4 {
		g.say(tp, Rejected, p)
	}
	g.b.Down(g.now, p)
	g.want(g.up(1, "198.51.100.7"), -32, "its own score, and no more")
	g.want(g.up(2, "198.51.100.8"), 0, "while it is here")
	g.b.Down(g.now, p)
	g.want(g.up(3, "198.51.100.8"), -4, "while it is retained")
	g.wait(time.Hour)
	g.want(g.up(4, "198.51.100.8"), 0, "after retention")
	sound(t, g.b)
}

// What a group owes is nothing when nobody owes it, however the sums were rounded.
func TestDebtRounding(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Topic.InvalidMessageDeliveriesWeight = -0.1
	g := newRig(t, cfg)
	tp := g.topic("t", nil)
	for i := range 3 {
		p := g.up(i, "198.51.100.7")
		for range i + 1 {
			g.say(tp, Rejected, p)
		}
		g.b.Down(g.now, p)
	}
	for _, i := range []int{1, 0, 2} {
		g.up(i, "198.51.100.7")
	}
	sound(t, g.b)
}

// gossipsub-v1.1 "P6": the surplus over the threshold, squared, for each address
// the peer is counted under; retained peers count on.
// Rule: C7
func TestColocation(t *testing.T) {
	tests := []struct {
		name string
		ip   func(i int) string
		want float64 // of the last of five, threshold 2
	}{
		{"IPv4", func(int) string { return "198.51.100.7" }, -9},
		{"IPv4 in IPv6", func(i int) string { return []string{"198.51.100.7", "::ffff:198.51.100.7"}[i%2] }, -9},
		{"IPv4 neighbours", func(i int) string { return fmt.Sprintf("198.51.100.%d", i) }, 0},
		{"IPv6", func(int) string { return "2001:db8::1" }, -18},
		{"IPv6 /64", func(i int) string { return fmt.Sprintf("2001:db8::%d", i) }, -9},
		{"IPv6 neighbours", func(i int) string { return fmt.Sprintf("2001:db8:0:%d::1", i) }, 0},
		{"loopback", func(int) string { return "127.0.0.9" }, 0},
		{"IPv6 loopback", func(int) string { return "::1" }, 0},
		{"private", func(int) string { return "10.0.0.1" }, -9},
		{"allowed", func(int) string { return "203.0.113.5" }, 0},
		{"unknown", func(int) string { return "" }, 0},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			g := newRig(t, Config{
				IPColocationFactorWeight: -1, IPColocationFactorThreshold: 2, RetainScore: time.Minute,
				IPColocationAllow: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")},
			})
			var ps []*Peer
			for i := range 5 {
				ps = append(ps, g.up(i, tc.ip(i)))
			}
			for _, p := range ps {
				g.want(p, tc.want, "five of them")
			}
			g.b.Down(g.now, ps[0])
			g.want(ps[4], tc.want, "one retained")
			g.wait(time.Minute)
			for _, p := range ps[1:] {
				g.b.Down(g.now, p)
			}
			g.wait(time.Minute)
			if g.b.groups.by != nil || g.b.peers != nil {
				t.Error("groups of nobody")
			}
		})
	}
}

// A peer that comes back from elsewhere is counted there.
func TestMoves(t *testing.T) {
	g := newRig(t, Config{IPColocationFactorWeight: -1, IPColocationFactorThreshold: 1, RetainScore: time.Minute})
	a, c := g.up(1, "198.51.100.7"), g.up(2, "198.51.100.7")
	g.want(a, -1, "two")
	g.b.Down(g.now, c)
	g.up(2, "203.0.113.5")
	g.want(a, 0, "one")
	sound(t, g.b)
}

// threats, house rule 1: a hundred thousand identities come and go, each with a bit
// of everything; what they leave is bounded, and gone after retention.
// Rule: C18
func TestResidue(t *testing.T) {
	g := newRig(t, DefaultConfig())
	tp, other := g.topic("t", nil), g.topic("u", nil)
	for i := range 100_000 {
		p := g.up(i, fmt.Sprintf("%d.%d.%d.1", 11+i>>16, i>>8&255, i&255))
		g.b.Graft(g.now, p, tp)
		k := g.key()
		g.b.Copy(g.now, p, tp, k)
		g.b.Judge(g.now, tp, k, Verdict(i%3))
		g.b.Penalty(g.now, p, float64(i%9))
		g.b.Invalid(g.now, p, other)
		g.b.Down(g.now, p)
		if i%10 == 0 {
			g.wait(10 * time.Millisecond)
		}
		if len(g.b.peers) > retainedMax || len(g.b.groups.by) > 3*retainedMax || len(g.b.spare) > sparesMax {
			t.Fatalf("%d peers, %d groups, %d spare", len(g.b.peers), len(g.b.groups.by), len(g.b.spare))
		}
	}
	sound(t, g.b)
	g.wait(2 * time.Hour)
	b := g.b
	if b.peers != nil || b.byID != nil || b.bySerial != nil || b.groups.by != nil || b.spare != nil ||
		b.retained != (retained{}) || b.rounds.busy != nil || b.records.chunks != nil || !b.Deadline().IsZero() {
		t.Errorf("left: %d peers, %d groups, deadline %v", len(b.peers), len(b.groups.by), b.Deadline())
	}
	if len(tp.stats) != 0 || tp.mesh != 0 || cap(tp.stats) != 0 {
		t.Errorf("left in the topic: %d, mesh of %d", len(tp.stats), tp.mesh)
	}
}

// Handles that outlive their peer do nothing.
func TestGone(t *testing.T) {
	g := newRig(t, Config{Topic: full().Topic, BehaviourPenaltyWeight: -1, BehaviourPenaltyDecay: 0.5})
	tp := g.topic("t", nil)
	p := g.up(1, "")
	g.b.Down(g.now, p)
	g.b.Down(g.now, p)
	g.b.Graft(g.now, p, tp)
	g.b.Prune(g.now, p, tp)
	g.b.Invalid(g.now, p, tp)
	g.b.Penalty(g.now, p, 3)
	g.say(tp, Accepted, p)
	g.say(tp, Rejected, p)
	g.want(p, 0, "nobody")
	if len(tp.stats) != 0 || g.b.peers != nil {
		t.Error("left something")
	}
}
