package portal

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
)

// mayTake is how long a Put or a Get beside dead nodes may take: one slow question, and
// some round trips.
const mayTake = slowUnknown + 500*time.Millisecond

// dying is a village of which half has just died, the first not.
func dying(t *testing.T, seed uint64, n int) *world {
	w := village(t, seed, n)
	for i := 1; i < n; i += 2 {
		w.nodes[i].down = true
	}
	return w
}

// A Put does not wait for the dead among those it chose.
func TestPutBesideTheDead(t *testing.T) {
	for seed := range uint64(10) {
		w := dying(t, 50+seed, 8)
		a := w.nodes[0]
		for i := range 4 {
			key, value := w.blob(5000)
			from := w.now
			got := a.put(key, value)
			if took := w.now.Sub(from); got.Err != nil || got.Put.Replicas() < 3 || took > mayTake {
				t.Errorf("seed %d, put %d: %+v after %v", seed, i, got.Put, took)
			}
		}
		w.settle()
	}
}

// Who is known to be silent is offered nothing as long as there are others.
func TestPutAvoidsTheSilent(t *testing.T) {
	w := village(t, 60, 8)
	a := w.nodes[0]
	for _, h := range w.nodes[1:4] {
		h.down = true
		a.o.peer(h.id, h.record).silent = true
	}
	for range 8 {
		key, value := w.blob(5000)
		from := w.now
		if got, took := a.put(key, value), w.now.Sub(from); got.Put.Peers < 3 || took >= slowLeast {
			t.Errorf("%+v after %v", got.Put, took)
		}
	}
	w.settle()
}

// Where only few are, an offer to a slow node is waited for all the same.
func TestPutWaitsForTheOnlyOne(t *testing.T) {
	w := village(t, 61, 2)
	a, b := w.nodes[0], w.nodes[1]
	w.latency = 900 * time.Millisecond
	key, value := w.blob(5000)
	if got := a.put(key, value); got.Err != nil || got.Put.Replicas() != 1 {
		t.Errorf("%+v", got.Put)
	}
	if a.o.silent(b.record) {
		t.Error("who has answered is silent")
	}
	w.settle()
}

// Offers that wait for a silent node are not made when their Put has ended without it.
func TestPutLeavesNothingBehind(t *testing.T) {
	w := village(t, 62, 6)
	a, late := w.nodes[0], w.nodes[1]
	late.down = true
	var keys [][]byte
	for range 12 {
		key, value := w.blob(5000)
		keys = append(keys, key)
		tk := a.tick.Next()
		a.did(a.o.Put(w.now, tk, key, value, content.Durable))
	}
	w.run(3 * time.Second)
	late.down = false
	w.settle()
	for _, key := range keys {
		at, _ := a.o.point(key)
		have := 0
		for _, h := range w.nodes[2:] {
			if _, ok := h.store[at]; ok {
				have++
			}
		}
		if have < 3 {
			t.Errorf("%d nodes have an item", have)
		}
	}
	if c, ok := a.o.couriers.Get(late.id); ok {
		t.Errorf("%d offers wait for who was dead", c.waiting())
	}
}

// A Get does not wait for the dead, whoever else has the item.
func TestGetBesideTheDead(t *testing.T) {
	for seed := range uint64(10) {
		w := village(t, 70+seed, 24)
		key, value := w.blob(5000)
		if got := w.nodes[0].put(key, value); got.Err != nil {
			t.Fatal(got.Err)
		}
		w.settle()
		at, _ := w.nodes[0].o.point(key)
		holders := 0
		for _, h := range w.nodes {
			if _, ok := h.store[at]; ok {
				if holders++; holders > 1 || h == w.nodes[0] {
					h.down = true
				}
			}
		}
		for _, h := range w.nodes {
			if _, ok := h.store[at]; h.down || ok {
				continue
			}
			from := w.now
			if got, took := h.get(key), w.now.Sub(from); got.Err != nil || took > 2*mayTake {
				t.Errorf("seed %d: %v after %v", seed, got.Err, took)
			}
			break
		}
		w.settle()
	}
}

// A node is silent from when it does not answer in its time until it is heard again.
func TestSilent(t *testing.T) {
	w := village(t, 63, 2)
	a, b := w.nodes[0], w.nodes[1]
	if p := a.o.known(b.id); p.rtt == 0 || p.slowAfter() != slowLeast {
		t.Fatalf("%v for a round trip of %v", p.slowAfter(), p.rtt)
	}
	b.down = true
	slow := 0
	a.o.findNodes(w.now, b.record, []uint16{0}, func(time.Time) { slow++ }, func(time.Time, []*enr.Record, error) {})
	w.run(slowLeast - 1)
	if a.o.silent(b.record) || slow != 0 {
		t.Fatal("too early")
	}
	w.run(1)
	if !a.o.silent(b.record) || slow != 1 {
		t.Fatal("not noticed")
	}
	w.run(time.Minute)
	if !a.o.silent(b.record) || slow != 1 {
		t.Fatal("forgotten, or told again")
	}
	b.down = false
	a.request(b, nil, func([]byte) {})
	if a.o.silent(b.record) {
		t.Fatal("who has just written is silent")
	}
}
