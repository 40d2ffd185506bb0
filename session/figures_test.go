package session

import (
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// sixty is sixty nodes on loopback with default settings that know one seed.
func sixty(t *testing.T) (w *network, nodes []*member) {
	w = newNetwork(t)
	w.lag = 20 * time.Millisecond // a handshake on a busy machine
	seed := w.join("127.0.0.1", Config{Localnet: true, Outbound: -1, Inbound: 512})
	for range 60 {
		nodes = append(nodes, w.join("127.0.0.1", Config{Localnet: true, Seeds: []link.Addr{seed.addr}}))
	}
	return w, nodes
}

// shareOf is the slots that the median node has filled, of what is possible.
func shareOf(nodes []*member, possible int) float64 {
	var all []int
	for _, m := range nodes {
		if !m.down {
			all = append(all, m.k.filled())
		}
	}
	slices.Sort(all)
	return float64(all[(len(all)-1)/2]) / float64(min(OutboundDefault, possible))
}

// until runs until the share of the median is reached.
func (w *network) until(nodes []*member, want float64, most time.Duration) time.Duration {
	at := w.now
	for shareOf(nodes, len(nodes)-1) < want && w.now.Sub(at) < most {
		w.run(50 * time.Millisecond)
	}
	return w.now.Sub(at)
}

// TestColdStart and what follows it are the figures of sixty nodes: from nothing the
// median node has 90 % of its slots filled within 10 s; when half of them are killed
// without a word, the median of the others has 90 % within 3 s and all within 10 s; after
// a restart with its book a node has its first peer within 2 s and asks no seed.
func TestColdStart(t *testing.T) {
	w, nodes := sixty(t)
	for _, m := range w.members {
		m.start()
	}
	took := w.until(nodes, 0.9, time.Minute)
	t.Logf("the median node has 90 %% of its slots after %s", took)
	if took > 10*time.Second {
		t.Error("more than 10 s")
	}
	took = w.until(nodes, 1, time.Minute)
	t.Logf("and all of them after %s more", took)

	w.run(2 * time.Minute)
	for _, m := range nodes {
		if m.k.filled() != OutboundDefault {
			t.Errorf("n%d: %d slots filled after two minutes", m.n, m.k.filled())
		}
		noStorm(t, m)
	}
	for _, m := range nodes[30:] {
		m.kill()
	}
	nodes = nodes[:30]
	lost := w.now
	t.Logf("half are killed: the median survivor has %.0f %% left", 100*shareOf(nodes, 29))
	soon := w.until(nodes, 0.9, time.Minute)
	all := soon + w.until(nodes, 1, time.Minute)
	t.Logf("90 %% after %s, all after %s", soon, all)
	if soon > 3*time.Second || all > 10*time.Second {
		t.Error("more than 3 s, 10 s")
	}
	w.run(lost.Add(10 * time.Second).Sub(w.now))
	for _, m := range nodes {
		if m.k.filled() != OutboundDefault {
			t.Errorf("n%d: %d slots filled 10 s after the loss", m.n, m.k.filled())
		}
	}

	me := nodes[7]
	w.run(time.Minute)
	me.restart(t, Config{Localnet: true, Seeds: []link.Addr{w.members[0].addr}}, true)
	up := w.now
	for me.peers() == 0 && w.now.Sub(up) < time.Minute {
		w.run(10 * time.Millisecond)
	}
	t.Logf("after a restart the first peer is there after %s", w.now.Sub(up))
	if w.now.Sub(up) > 2*time.Second {
		t.Error("more than 2 s")
	}
	w.run(time.Minute)
	if n := me.logged("seed_contact"); n > 0 || me.k.filled() != OutboundDefault {
		t.Errorf("%d contacts with seeds, %d slots filled", n, me.k.filled())
	}
}
