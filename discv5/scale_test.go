package discv5

import (
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// Over a round trip of 50 ms, 64 requests at a time to one node make more than a thousand
// a second: requests do not wait for each other.
func TestManyAtATime(t *testing.T) {
	w := newWorld(t, 41)
	w.delay = 25 * time.Millisecond
	a, b := w.add(0, public(0)), w.add(1, public(1))
	echoes(t, b)
	a.answer(a.talk(b, "echo", nil))
	start, asked := w.now, 0
	out := map[id.Ticket]bool{}
	for w.now.Sub(start) < 2*time.Second {
		for _, tick := range keysOf(out) {
			if got, ok := a.answers[tick]; ok {
				if got.Err != nil {
					t.Fatal(got.Err)
				}
				delete(out, tick)
			}
		}
		for len(out) < 64 {
			out[a.talk(b, "echo", []byte("x"))] = true
			asked++
		}
		w.run(time.Millisecond)
	}
	if rate := float64(asked-len(out)) / 2; rate < 1000 {
		t.Errorf("%.0f answers a second", rate)
	}
}

func keysOf(m map[id.Ticket]bool) (out []id.Ticket) {
	for k := range m {
		out = append(out, k)
	}
	return out
}

// The same machines without cipher, as simulations use them.
func TestPlain(t *testing.T) {
	w := newWorld(t, 42)
	first := w.add(0, public(0), func(c *Config) { c.Plain = true })
	for i := 1; i < 20; i++ {
		w.add(i, public(i), func(c *Config) { c.Plain, c.Bootnodes = true, []*enr.Record{first.cfg.Record} })
	}
	echoes(t, w.all...)
	w.run(20 * time.Second)
	for _, m := range w.all {
		if m.Stats().Live < 16 {
			t.Errorf("%v: %d live nodes", m, m.Stats().Live)
		}
	}
	if got := w.all[3].answer(w.all[3].talk(w.all[17], "echo", []byte("x"))); string(got.Body) != "x" {
		t.Errorf("%+v", got)
	}
}

// A run of one seed is the same each time.
func TestSameTwice(t *testing.T) {
	run := func() (packets []string) {
		w := newWorld(t, 43)
		w.loss, w.jitter = 0.05, 20*time.Millisecond
		w.tap = func(from, to netip.AddrPort, p []byte) bool {
			packets = append(packets, from.String()+to.String()+string(p))
			return true
		}
		w.net(12)
		w.run(5 * time.Second)
		return packets
	}
	x, y := run(), run()
	if len(x) != len(y) {
		t.Fatalf("%d packets and %d", len(x), len(y))
	}
	for i := range x {
		if x[i] != y[i] {
			t.Fatalf("packet %d of %d differs", i, len(x))
		}
	}
}

// WHOAREYOU counts from where the packet was sent to, once.
func TestForgedWhoareyou(t *testing.T) {
	w := newWorld(t, 44)
	a, b := w.add(0, public(0)), w.add(1, public(1))
	var nonce wire.Nonce
	w.tap = func(from, _ netip.AddrPort, p []byte) bool {
		var q wire.Packet
		if from == a.addr && q.Decode(p, wire.Real.Mask(b.key.ID())) == nil {
			nonce = q.Nonce
		}
		return false
	}
	tick := a.ping(b)
	who := func(n wire.Nonce) []byte {
		p, _ := wire.AppendWhoareyou(nil, w.rng, wire.Real.Mask(a.key.ID()), n, 0)
		return p
	}
	for _, c := range []struct {
		at    netip.AddrPort
		nonce wire.Nonce
		works bool
	}{
		{public(7), nonce, false}, {b.addr, wire.Nonce{1}, false}, {b.addr, nonce, true}, {b.addr, nonce, false},
	} {
		n := a.Packet(w.now, c.at, who(c.nonce))
		if (len(n.Jobs) > 0) != c.works {
			t.Errorf("from %v with %x: %d jobs", c.at, c.nonce, len(n.Jobs))
		}
		a.take(n)
	}
	w.tap = nil
	if got := a.answer(tick); got.Err != nil {
		t.Errorf("the request itself: %v", got.Err)
	}
}

// While a handshake's job runs, packets behind it wait, so many of one node and no more.
func TestHeld(t *testing.T) {
	w := newWorld(t, 45)
	w.working = 100 * time.Millisecond
	a, b := w.add(0, public(0)), w.add(1, public(1))
	echoes(t, b)
	for range 60 {
		a.talk(b, "echo", nil)
	}
	for range 400 {
		w.run(time.Millisecond)
		if b.held > heldEach {
			t.Fatalf("%d packets held", b.held)
		}
	}
	w.run(10 * time.Second)
	if b.held != 0 || len(b.requests) != 60 {
		t.Errorf("%d held, %d of 60 requests came", b.held, len(b.requests))
	}
}
