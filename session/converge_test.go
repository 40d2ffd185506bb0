package session

import (
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// young makes n nodes on loopback that know one seed, which is the first member.
func young(t *testing.T, n int, seedSlots int) *network {
	w := newNetwork(t)
	seed := w.join("127.0.0.1", Config{Localnet: true, Outbound: seedSlots, Inbound: 500})
	for range n - 1 {
		w.join("127.0.0.1", Config{Localnet: true, Seeds: []link.Addr{seed.addr}})
	}
	return w
}

// TestYoungNetworkConverges: the figures of the devnet, eight nodes that know one
// seed, whether it is a node like the others or a seed only.
func TestYoungNetworkConverges(t *testing.T) {
	for _, c := range []struct {
		name      string
		seedSlots int
		from      int // members that need peers
	}{{"seed is a node", 0, 0}, {"seed only", -1, 1}} {
		w := young(t, 8+c.from, c.seedSlots)
		for _, m := range w.members {
			m.start()
		}
		enough := func() bool {
			return !slices.ContainsFunc(w.members[c.from:], func(m *member) bool { return m.peers() < 3 })
		}
		for !enough() {
			if w.run(100 * time.Millisecond); w.now.Sub(t0) > 10*time.Second {
				t.Fatalf("%s: too few peers after 10 s", c.name)
			}
		}
		t.Logf("%s: at least 3 peers each after %s", c.name, w.now.Sub(t0))
		if w.now.Sub(t0) > 4*time.Second {
			t.Errorf("%s: took %s", c.name, w.now.Sub(t0))
		}
		w.run(20 * time.Second)
		for _, m := range w.members[c.from+5:] {
			m.kill()
		}
		w.run(10 * time.Second)
		for _, m := range w.members[c.from : c.from+5] {
			if m.peers() != 4 {
				t.Errorf("%s: n%d has %d peers of 4 ten seconds after the loss", c.name, m.n, m.peers())
			}
		}
		for _, m := range w.members {
			if !m.down {
				noStorm(t, m)
			}
		}
	}
}

// noStorm: never more than ten dials within one second.
func noStorm(t *testing.T, m *member) {
	t.Helper()
	for i := dialsPerSecond; i < len(m.dials); i++ {
		if m.dials[i].Sub(m.dials[i-dialsPerSecond]) < time.Second {
			t.Errorf("n%d: more than %d dials within a second, at %s", m.n, dialsPerSecond, m.dials[i].Sub(t0))
			return
		}
	}
}

// TestLargerNetworkFillsItsSlots: forty nodes, most slots filled soon.
func TestLargerNetworkFillsItsSlots(t *testing.T) {
	w := young(t, 40, -1)
	for i, m := range w.members {
		w.after(time.Duration(i)*20*time.Millisecond, m.start)
	}
	w.run(15 * time.Second)
	filled := 0
	for _, m := range w.members[1:] {
		filled += m.k.filled()
		if m.peers() < 3 {
			t.Errorf("n%d has %d peers", m.n, m.peers())
		}
		noStorm(t, m)
	}
	if filled < 39*OutboundDefault*9/10 {
		t.Errorf("%d of %d slots filled after 15 s", filled, 39*OutboundDefault)
	}
	if got := w.members[0].peers(); got > 10 {
		t.Errorf("%d nodes still hold on to the seed", got)
	}
}

// TestNobodyLeftIsQuiet: in a network of three everybody is connected, most slots
// stay empty, and nobody dials for it.
func TestNobodyLeftIsQuiet(t *testing.T) {
	w := young(t, 3, 0)
	for _, m := range w.members {
		m.start()
	}
	w.run(time.Minute)
	for _, m := range w.members {
		m.dials, m.finds = nil, nil
	}
	w.run(time.Hour)
	for _, m := range w.members {
		if m.peers() != 2 {
			t.Errorf("n%d has %d peers", m.n, m.peers())
		}
		if len(m.dials) > 20 || len(m.finds) > 240 {
			t.Errorf("n%d: %d dials and %d questions in a quiet hour", m.n, len(m.dials), len(m.finds))
		}
		quiet := 0
		for _, s := range m.k.Slots() {
			if s.Role == Outbound && s.State == Sleeping && s.Why == nobodyLeft {
				quiet++
			}
		}
		if quiet < OutboundDefault-2 {
			t.Errorf("n%d: slots %+v", m.n, m.k.Slots())
		}
	}
}

// TestRecoveryIsNotSynchronised: nodes that lost everybody in
// one moment do not come back in one.
func TestRecoveryIsNotSynchronised(t *testing.T) {
	w := young(t, 30, -1)
	for _, m := range w.members {
		m.start()
	}
	w.run(2 * time.Minute)
	for _, m := range w.members { // the network is gone
		m.mode, m.dials = "network unreachable", nil
	}
	for _, m := range w.members {
		for _, r := range w.members {
			if x := m.links[r.key.ID()]; x != nil {
				w.cut(x, "connection reset")
			}
		}
	}
	w.run(2 * time.Minute)
	perSecond := map[int]int{}
	total := 0
	for _, m := range w.members[1:] {
		noStorm(t, m)
		for _, at := range m.dials {
			if s := at.Sub(t0.Add(2 * time.Minute)); s > 30*time.Second {
				perSecond[int(s.Seconds())]++
				total++
			}
		}
	}
	top := 0
	for _, n := range perSecond {
		top = max(top, n)
	}
	if mean := float64(total) / 90; float64(top) > 6*mean+6 {
		t.Errorf("%d dials in one second, %.1f on average", top, mean)
	}
	for _, m := range w.members {
		m.mode = ""
	}
	w.run(3 * time.Minute)
	for _, m := range w.members[1:] {
		if m.peers() < 3 {
			t.Errorf("n%d has %d peers three minutes after the outage", m.n, m.peers())
		}
	}
}
