package portal

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// Rows A12 to A17: lookups, the care for the table, start and stop.

func TestA12LookupAsksEachOnceAndFindsTheNearest(t *testing.T) {
	w := village(t, 12, 40)
	a := w.nodes[5]
	target := id.ID{7, 7, 7}
	asked := map[id.ID]int{}
	flight, most := 0, 0
	w.meddle = func(from, to *host, request, answer []byte) ([]byte, bool) {
		if from == a && request[0] == byte(wire.KindFindNodes) {
			asked[to.id]++
		}
		return answer, true
	}
	tick := a.tick.Next()
	a.did(a.o.Lookup(w.now, tick, target))
	w.until(w.now.Add(time.Minute), func() bool {
		flight = 0
		for _, c := range a.o.calls.Values() {
			if c.want == wire.KindNodes {
				flight++
			}
		}
		most = max(most, flight)
		return a.times[tick] > 0
	})
	got := a.answers[tick]
	if len(got.Records) != 16 || most > 3 || most == 0 {
		t.Fatalf("%d nodes, %d in flight", len(got.Records), most)
	}
	for who, n := range asked {
		if n > 1 {
			t.Errorf("%s was asked %d times", who.Short(), n)
		}
	}
	for i, r := range got.Records {
		if i > 0 && id.CompareDistance(target, got.Records[i-1].ID(), r.ID()) >= 0 {
			t.Error("not in order")
		}
	}
	for _, h := range w.nodes {
		if h != a && id.CompareDistance(target, h.id, got.Records[8].ID()) < 0 && !named(got.Records, h.id) {
			t.Errorf("%s is nearer than the ninth and was missed", h.id.Short())
		}
	}
}

func named(records []*enr.Record, who id.ID) bool {
	for _, r := range records {
		if r.ID() == who {
			return true
		}
	}
	return false
}

func TestA13QueryReturnsEverybodyMet(t *testing.T) {
	w := village(t, 13, 40)
	a := w.add(nil) // knows few
	a.did(a.o.Start(w.now))
	a.did(a.o.Seed(w.now, []*enr.Record{w.nodes[3].record, w.nodes[7].record}))
	w.until(w.now.Add(time.Minute), func() bool { return a.o.calls.Len()+a.o.searches.Len()+a.o.jobs.Len() == 0 })
	asked := map[id.ID]bool{}
	w.meddle = func(from, to *host, request, answer []byte) ([]byte, bool) {
		if from == a && request[0] == byte(wire.KindFindNodes) {
			asked[to.id] = true
		}
		return answer, true
	}
	target := id.ID{1, 2, 3}
	all := a.ask(func(t id.Ticket) News { return a.o.Query(w.now, t, target) })
	if all.Err != nil || len(all.Records) <= 2 || len(asked) < 3 {
		t.Fatalf("%d met, %d asked: %v", len(all.Records), len(asked), all.Err)
	}
	for who := range asked {
		if !named(all.Records, who) {
			t.Errorf("%s was asked and is not among those met", who.Short())
		}
	}
	one := a.ask(func(t id.Ticket) News { return a.o.QueryRandom(w.now, t) })
	if one.Err != nil || len(one.Records) == 0 {
		t.Errorf("%+v", one)
	}
}

func TestA14TheTableIsSeededAndFilled(t *testing.T) {
	w := newWorld(t, 14)
	for range 30 {
		w.add(nil)
	}
	w.meet(20 * time.Second)
	late := w.add(func(c *Config) { c.Bootnodes = []*enr.Record{w.nodes[3].record} })
	from := w.now
	late.did(late.o.Start(w.now))
	if !w.until(w.now.Add(5*time.Second), func() bool { return late.o.table.Live() >= 16 }) {
		t.Fatalf("%d alive after 5 s", late.o.table.Live())
	}
	t.Logf("16 alive after %v", w.now.Sub(from))
	// What discv5 knows comes in as it finds it; other networks' nodes do not.
	other := w.addRecord(wire.Entries(9), nil)
	plain := w.addRecord(nil, nil)
	fresh := w.add(nil)
	late.did(late.o.Seed(w.now, []*enr.Record{other.record, plain.record, fresh.record, late.record, nil}))
	if late.o.table.Has(other.id) || !late.o.table.Has(fresh.id) || late.o.table.Has(late.id) {
		t.Error("not the right ones are seeded")
	}
	// An empty table is seeded again.
	for _, h := range w.nodes {
		late.o.RemoveNode(w.now, h.id)
	}
	w.run(reseedEvery + 3*time.Second)
	if late.o.table.Live() == 0 {
		t.Error("an empty table stays empty")
	}
}

func TestA15NodesArePingedAndNewerRecordsFetched(t *testing.T) {
	w := village(t, 15, 4)
	a, b, gone := w.nodes[0], w.nodes[1], w.nodes[2]
	b.record = sign(t, b.key, 9, 20001, append(wire.Entries(1), enr.Pair{Key: "zz", Value: []byte{1}}))
	b.did(b.o.SetRecord(w.now, b.record))
	gone.down = true
	pings := w.talks["ping"]
	w.run(2 * time.Minute)
	if r, _ := a.o.Node(b.id); r.Seq() != 9 {
		t.Errorf("record %d, want the newer", r.Seq())
	}
	if n := w.talks["ping"] - pings; n < 8 || n > 4*3*8 {
		t.Errorf("%d pings in two minutes among four nodes", n)
	}
	if e, ok := a.o.table.Get(gone.id); ok && e.Live {
		t.Error("who is gone counts as alive")
	}
	// A node that has gone to another chain leaves the table.
	b.record = sign(t, b.key, 10, 20001, wire.Entries(5))
	b.did(b.o.SetRecord(w.now, b.record))
	w.run(8 * time.Minute)
	if a.o.table.Has(b.id) {
		t.Error("a node of another chain stays in the table")
	}
}

func TestA16ARandomQueryKeepsTheTableFresh(t *testing.T) {
	w := village(t, 16, 5)
	w.run(time.Minute)
	a := w.nodes[0]
	from := w.talks["findnodes"]
	w.run(refreshAfter - time.Minute - 5*time.Second)
	if w.talks["findnodes"] != from {
		t.Error("a query before five minutes without one have passed")
	}
	w.run(time.Minute + 10*time.Second)
	if w.talks["findnodes"] == from {
		t.Error("no query after five minutes")
	}
	// A lookup of a user's counts as one.
	w.run(4 * time.Minute)
	a.ask(func(t id.Ticket) News { return a.o.Lookup(w.now, t, id.ID{1}) })
	if a.o.looked.Before(w.now.Add(-time.Minute)) {
		t.Error("a lookup is not noted")
	}
}

func TestA17StartAndStopInAnyOrder(t *testing.T) {
	w := newWorld(t, 17)
	a, b := w.add(nil), w.add(nil)
	a.did(a.o.Stop(w.now))
	a.did(a.o.Stop(w.now))
	w.meet(5 * time.Second)
	a.did(a.o.Start(w.now))
	key, value := w.blob(100_000)
	b.have(key, value)
	tick := a.tick.Next()
	a.did(a.o.Get(w.now, tick, key, false))
	w.until(w.now.Add(time.Second), func() bool { return a.o.flows.Len() > 0 })
	a.did(a.o.Stop(w.now))
	if got := a.answers[tick]; !errors.Is(got.Err, ErrStopped) {
		t.Errorf("a verb under way: %+v", got)
	}
	if err := a.quiet(); err != nil {
		t.Error(err)
	}
	if !a.o.Deadline().IsZero() {
		t.Error("a stopped overlay has a deadline")
	}
	if got := a.reply(b, message(t, wire.FindNodes{Distances: []uint16{0}})); len(got) != 0 {
		t.Error("a stopped overlay answers")
	}
	if got := a.get(key); !errors.Is(got.Err, ErrNotFound) {
		t.Errorf("%v", got.Err)
	}
	if got := a.ask(func(t id.Ticket) News { return a.o.Ping(w.now, t, b.record, PingBest, nil) }); !errors.Is(got.Err, ErrStopped) {
		t.Errorf("%v", got.Err)
	}
	if got := a.put(key, value); got.Err != nil || !got.Put.Stored || got.Put.Replicas() != 0 {
		t.Errorf("%+v", got)
	}
	a.did(a.o.Start(w.now))
	w.run(5 * time.Second)
	if a.o.table.Live() != 1 {
		t.Error("nobody is there after the second start")
	}
	key, value = w.blob(100_000)
	b.have(key, value)
	if got := a.get(key); got.Err != nil || !bytes.Equal(got.Value, value) {
		t.Error(got.Err)
	}
	a.did(a.o.Stop(w.now))
	b.did(b.o.Stop(w.now))
	w.run(time.Minute)
	if err := errors.Join(a.quiet(), b.quiet()); err != nil {
		t.Error(err)
	}
}
