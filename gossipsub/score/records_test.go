package score

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Records against a map, with keys that fall together in the index.
func TestRecordsAgainstModel(t *testing.T) {
	type entry struct {
		made time.Duration
		from []uint32
	}
	rapid.Check(t, func(rt *rapid.T) {
		rs := records{ttl: time.Duration(rapid.IntRange(1, 30).Draw(rt, "ttl")) * time.Second}
		model := map[Key]*entry{}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		keys := rapid.SampledFrom([]int{3, 100, 3000}).Draw(rt, "keys")
		at := time.Duration(0)
		for range rapid.IntRange(1, 4000).Draw(rt, "steps") {
			n := rng.IntN(keys)
			k := Key{byte(n % 3), 4: byte(n / 500), 14: byte(n >> 8), 15: byte(n)}
			if rng.IntN(20) == 0 {
				at += time.Duration(rng.IntN(3000)) * time.Millisecond
			}
			if rng.IntN(100) == 0 {
				rs.expire(at)
			}
			m := model[k]
			if m != nil && at-m.made >= rs.ttl {
				m = nil
			}
			r, num := rs.find(at, k)
			if (r == nil) != (m == nil) {
				rt.Fatalf("at %v key %v: found %v, want %v", at, k, r, m)
			}
			if r == nil {
				r, m = rs.add(at, k), &entry{made: at}
				model[k] = m
				_, num = rs.find(at, k)
			}
			if r.key != k || r.made != m.made || rs.at(num) != r {
				rt.Fatalf("record %+v, want key %v made %v", r, k, m.made)
			}
			who := uint32(1 + rng.IntN(70))
			was := false
			for _, w := range m.from {
				was = was || w == who
			}
			known, ok := rs.senders.join(&r.list, who)
			if known != was || ok != (was || len(m.from) < sendersMax) {
				rt.Fatalf("%d senders: known %v, ok %v", len(m.from), known, ok)
			}
			if ok && !known {
				m.from = append(m.from, who)
			}
			if rng.IntN(10) == 0 && len(m.from) > 0 {
				i := rng.IntN(len(m.from))
				rs.senders.remove(r.list, m.from[i])
				m.from = append(m.from[:i:i], m.from[i+1:]...)
			}
			var got []uint32
			for w := range rs.senders.all(r.list) {
				got = append(got, w)
			}
			if len(got) != len(m.from) {
				rt.Fatalf("senders %v, want %v", got, m.from)
			}
			for i := range got {
				if got[i] != m.from[i] {
					rt.Fatalf("senders %v, want %v", got, m.from)
				}
			}
		}
		for at += rs.ttl; rs.head != rs.tail; {
			rs.expire(at)
		}
		for _, p := range rs.index {
			if p.n != 0 || p.slots != nil {
				rt.Fatal("an emptied store keeps its index")
			}
		}
		if rs.chunks != nil || rs.spare != nil || rs.fresh != nil || rs.senders.blocks != nil {
			rt.Fatal("an emptied store keeps memory")
		}
	})
}

// A flood of a million and a half messages stays within the caps, and no step of
// it is long; then all of it goes.
// Rule: C18
func TestRecordsFlood(t *testing.T) {
	if testing.Short() {
		t.Skip("a million records")
	}
	g := newRig(t, DefaultConfig())
	tp := g.topic("t", nil)
	p := g.up(1, "192.0.2.1")
	for i := range recordsMax * 3 / 2 {
		k := g.key()
		g.b.Copy(g.now, p, tp, k)
		if i%2 == 0 {
			g.b.Judge(g.now, tp, k, Accepted)
		}
		g.now = g.now.Add(10 * time.Microsecond)
	}
	rs := &g.b.records
	if n := rs.tail - rs.head; n != recordsMax {
		t.Errorf("%d records", n)
	}
	if rs.senders.used > blocksMax || len(rs.senders.blocks) > blocksMax {
		t.Errorf("%d blocks of senders", rs.senders.used)
	}
	steps := 0
	for g.now = g.now.Add(time.Hour); rs.head != rs.tail; steps++ {
		g.b.Advance(g.now)
	}
	if least := recordsMax / recordsPerStep; steps < least {
		t.Errorf("all gone in %d steps", steps)
	}
	if rs.chunks != nil || rs.senders.blocks != nil {
		t.Error("memory kept")
	}
}

// A thousand messages a second for some minutes: the index neither
// grows nor clogs.
func TestRecordsSteady(t *testing.T) {
	rs := records{ttl: 10 * time.Second}
	g := newRig(t, DefaultConfig())
	size := func() (n int) {
		for i := range rs.index {
			n += len(rs.index[i].slots)
		}
		return n
	}
	at := time.Duration(0)
	for range 20_000 {
		at += time.Millisecond
		rs.add(at, g.key())
	}
	full := size()
	for range 200_000 {
		at += time.Millisecond
		rs.add(at, g.key())
	}
	if n := size(); n > 2*full {
		t.Errorf("the index went from %d to %d slots", full, n)
	}
	for range 100 { // a hundredth of the traffic
		at += 100 * time.Millisecond
		rs.add(at, g.key())
		rs.expire(at)
	}
	if n := size(); n > full/4 {
		t.Errorf("the index still has %d of %d slots", n, full)
	}
}
