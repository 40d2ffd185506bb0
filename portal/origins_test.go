package portal

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// Rows A of docs/origins.md.

// reply is what a node answers to a request of another.
func (h *host) reply(from *host, body []byte) []byte {
	h.w.t.Helper()
	var out []byte
	done := false
	h.request(from, body, func(b []byte) { out, done = b, true })
	if !h.w.until(h.w.now.Add(time.Second), func() bool { return done }) {
		h.w.t.Fatal("a request without a reply")
	}
	return out
}

// message encodes a request.
func message(t testing.TB, m interface{ Append([]byte) ([]byte, error) }) []byte {
	t.Helper()
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestA2PingIsAnsweredWithSeqAndRadius(t *testing.T) {
	w := newWorld(t, 1)
	small := content.Distance{0: 0x3f, 31: 0xaa}
	a, b := w.add(nil), w.add(func(c *Config) { c.Radius, c.Client = small, "rope/1" })
	w.meet(5 * time.Second)
	b.record = sign(t, b.key, 7, 20001, wire.Entries(1))
	b.did(b.o.SetRecord(w.now, b.record))
	for kind := uint16(0); kind < 3; kind++ {
		got := a.ask(func(t id.Ticket) News { return a.o.Ping(w.now, t, b.record, int(kind), nil) })
		if got.Err != nil || got.Pong.Seq != 7 || got.Pong.Radius != small || got.Pong.Type != kind {
			t.Errorf("type %d: %+v", kind, got)
		}
		if kind == 0 && (got.Pong.Client != "rope/1" || len(got.Pong.Capabilities) != 4) {
			t.Errorf("%+v", got.Pong)
		}
	}
	// The radius is the whole space unless configured otherwise.
	got := b.ask(func(t id.Ticket) News { return b.o.Ping(w.now, t, a.record, PingBest, nil) })
	if got.Pong.Radius != content.DistanceMax {
		t.Errorf("%x", got.Pong.Radius)
	}
}

// Types that we do not know, that are none of a ping, and payloads that are none.
func TestA2PingsThatCannotBeAnswered(t *testing.T) {
	w := village(t, 1, 2)
	a, b := w.nodes[0], w.nodes[1]
	for _, c := range []struct {
		kind    uint16
		payload []byte
		code    uint16
	}{
		{42, []byte{1, 2, 3, 4}, wire.PingUnsupported},
		{wire.TypeError, []byte{0, 0, 6, 0, 0, 0}, wire.PingSystem},
		{wire.TypeClient, []byte{1}, wire.PingUndecodable},
		{wire.TypeRadius, make([]byte, 31), wire.PingUndecodable},
		{wire.TypeHistory, nil, wire.PingUndecodable},
	} {
		body, _ := wire.Ping{Type: c.kind, Payload: c.payload}.AppendPing(nil)
		m, err := wire.DecodePong(a.reply(b, body))
		if err != nil || m.Type != wire.TypeError {
			t.Errorf("type %d: %v %v", c.kind, m, err)
			continue
		}
		if p, err := wire.DecodePayload(m.Type, m.Payload); err != nil || p.Code != c.code {
			t.Errorf("type %d: code %d, want %d (%v)", c.kind, p.Code, c.code, err)
		}
	}
}

func TestA3FindNodes(t *testing.T) {
	w := village(t, 3, 12)
	a, b := w.nodes[0], w.nodes[1]
	nodes := func(ds ...uint16) []*enr.Record {
		m, err := wire.DecodeNodes(a.reply(b, message(t, wire.FindNodes{Distances: ds})))
		if err != nil {
			t.Fatal(err)
		}
		return decodeAll(m.Records, enr.Decode)
	}
	if got := nodes(); len(got) != 0 {
		t.Errorf("no distances: %d nodes", len(got))
	}
	if got := nodes(0); len(got) != 1 || got[0].ID() != a.id {
		t.Errorf("distance 0: %v", got)
	}
	got := nodes(256, 255, 254, 253, 252)
	if len(got) == 0 || len(got) > 32 {
		t.Errorf("%d neighbours", len(got))
	}
	for _, r := range got {
		if r == nil || r.ID() == b.id || r.ID() == a.id || id.LogDistance(a.id, r.ID()) < 252 {
			t.Errorf("%v", r)
		}
		if e, ok := a.o.table.Get(r.ID()); !ok || !e.Live {
			t.Errorf("%s is not known to be alive", r.ID().Short())
		}
	}
	for name, body := range map[string][]byte{
		"above 256":  {2, 4, 0, 0, 0, 1, 1},
		"twice":      {2, 4, 0, 0, 0, 255, 0, 255, 0},
		"odd length": {2, 4, 0, 0, 0, 255},
		"bad offset": {2, 5, 0, 0, 0, 255, 0},
	} {
		if got := a.reply(b, body); len(got) != 0 {
			t.Errorf("%s: answered with %x", name, got)
		}
	}
}

func TestA4FindContent(t *testing.T) {
	w := village(t, 4, 8)
	a, b := w.nodes[0], w.nodes[1]
	find := func(key []byte) wire.Content {
		m, err := wire.DecodeContent(a.reply(b, message(t, wire.FindContent{Key: key})))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	key, value := w.blob(500)
	m := find(key)
	records := decodeAll(m.Records, enr.Decode)
	if m.Form != wire.FormRecords || len(records) != 6 {
		t.Fatalf("not stored: form %d, %d records", m.Form, len(records))
	}
	for i, r := range records {
		if r.ID() == a.id || r.ID() == b.id {
			t.Error("it names itself or who asked")
		}
		if i > 0 && id.CompareDistance(id.ID(key[1:]), records[i-1].ID(), r.ID()) > 0 {
			t.Error("not the nearest first")
		}
	}
	a.have(key, value)
	if m := find(key); m.Form != wire.FormValue || !bytes.Equal(m.Value, value) {
		t.Errorf("stored: %+v", m)
	}
	key, value = w.blob(5000)
	a.have(key, value)
	if m := find(key); m.Form != wire.FormStream || m.Conn == 0 {
		t.Errorf("large: %+v", m)
	}
	if got := a.reply(b, message(t, wire.FindContent{Key: []byte{9}})); len(got) != 0 {
		t.Errorf("no key of the network: %x", got)
	}
	// Its slot is free again when nobody comes for it.
	w.settle()
}

func TestA5OffersKeyByKey(t *testing.T) {
	w := newWorld(t, 5)
	near := content.Distance{0: 0x7f}
	a, b := w.add(func(c *Config) { c.Radius = near }), w.add(nil)
	w.meet(5 * time.Second)
	var items []content.Item
	var want []wire.Code
	for len(items) < 12 {
		key, value := w.blob(len(items) * 700)
		if len(value) == 0 {
			key, value = w.blob(1)
		}
		items = append(items, content.Item{Key: key, Value: value})
		switch in := near.Covers(a.id, id.ID(key[1:])); {
		case !in:
			want = append(want, wire.Outside)
		case len(items)%3 == 0:
			a.have(key, value)
			want = append(want, wire.Stored)
		default:
			want = append(want, wire.Accepted)
		}
	}
	items = append(items, items[0]) // the same key twice
	if want[0] == wire.Outside {
		want = append(want, wire.Outside)
	} else {
		want = append(want, wire.InProgress)
	}
	got := b.ask(func(t id.Ticket) News { return b.o.Offer(w.now, t, a.record, items) })
	if got.Err != nil || len(got.Codes) != len(want) {
		t.Fatalf("%+v", got)
	}
	w.run(time.Second)
	for i, c := range want {
		if wire.Code(got.Codes[i]) != c {
			t.Errorf("key %d: code %d, want %d", i, got.Codes[i], c)
		}
		if it, ok := a.store[id.ID(items[i].Key[1:])]; c == wire.Accepted && (!ok || !bytes.Equal(it.Value, items[i].Value)) {
			t.Errorf("key %d was accepted and is not stored", i)
		}
	}
	if len(a.took) == 0 {
		t.Error("nothing is told of what came in")
	}
	w.settle()
}

func TestA6NonsenseGetsAnEmptyAnswer(t *testing.T) {
	w := village(t, 6, 2)
	a, b := w.nodes[0], w.nodes[1]
	pong, _ := wire.Ping{}.AppendPong(nil)
	for _, body := range [][]byte{nil, {}, {0}, {8}, {0xff, 1, 2}, {2}, {4, 0}, {6, 4, 0, 0, 0}, pong, message(t, wire.Nodes{}), {5}, {7}} {
		if got := a.reply(b, body); len(got) != 0 {
			t.Errorf("%x is answered with %x", body, got)
		}
	}
}

func TestA7AnotherKindOfAnswerIsAnError(t *testing.T) {
	w := village(t, 7, 2)
	a, b := w.nodes[0], w.nodes[1]
	key, _ := w.blob(10)
	answers := [][]byte{message(t, wire.Nodes{}), message(t, wire.Content{Form: wire.FormRecords}), {1, 2, 3}, {200}}
	for i, verb := range []func(t id.Ticket) News{
		func(t id.Ticket) News { return a.o.Ping(w.now, t, b.record, PingBest, nil) },
		func(t id.Ticket) News { return a.o.FindContent(w.now, t, b.record, key) },
		func(t id.Ticket) News { return a.o.FindNodes(w.now, t, b.record, []uint16{256}) },
		func(t id.Ticket) News {
			return a.o.Offer(w.now, t, b.record, []content.Item{{Key: keyOf([]byte("x")), Value: []byte("x")}})
		},
	} {
		for j, body := range answers {
			if i == 1 && j == 1 || i == 2 && j == 0 {
				continue // the right kind
			}
			a.o.peer(b.id, nil).blame = 0
			w.meddle = func(from, to *host, _, answer []byte) ([]byte, bool) {
				if from == a {
					return body, true
				}
				return answer, true
			}
			if got := a.ask(verb); !errors.Is(got.Err, ErrAnswer) {
				t.Errorf("verb %d, answer %x: %v", i, body, got.Err)
			}
			w.meddle = nil
		}
	}
	if a.o.peer(b.id, nil).blame == 0 {
		t.Error("nobody is to blame")
	}
}

func TestA8CallsHaveAResultOrAnError(t *testing.T) {
	w := village(t, 8, 3)
	a, b, gone := w.nodes[0], w.nodes[1], w.nodes[2]
	gone.down = true
	key, _ := w.blob(10)
	for name, verb := range map[string]func(t id.Ticket, to *enr.Record) News{
		"ping":  func(t id.Ticket, to *enr.Record) News { return a.o.Ping(w.now, t, to, PingBest, nil) },
		"nodes": func(t id.Ticket, to *enr.Record) News { return a.o.FindNodes(w.now, t, to, []uint16{256}) },
		"find":  func(t id.Ticket, to *enr.Record) News { return a.o.FindContent(w.now, t, to, key) },
	} {
		if got := a.ask(func(t id.Ticket) News { return verb(t, b.record) }); got.Err != nil {
			t.Errorf("%s: %v", name, got.Err)
		}
		from := w.now
		if got := a.ask(func(t id.Ticket) News { return verb(t, gone.record) }); !errors.Is(got.Err, ErrTimeout) {
			t.Errorf("%s of who is gone: %v", name, got.Err)
		}
		if took := w.now.Sub(from); took != callTimeout {
			t.Errorf("%s of who is gone: after %v", name, took)
		}
		w.meddle = func(*host, *host, []byte, []byte) ([]byte, bool) { return nil, true }
		if got := a.ask(func(t id.Ticket) News { return verb(t, b.record) }); !errors.Is(got.Err, ErrEmpty) {
			t.Errorf("%s of who does not understand: %v", name, got.Err)
		}
		w.meddle = nil
	}
	if got := a.ask(func(t id.Ticket) News { return a.o.Ping(w.now, t, b.record, 77, nil) }); !errors.Is(got.Err, ErrPingType) {
		t.Error(got.Err)
	}
	if got := a.ask(func(t id.Ticket) News { return a.o.Ping(w.now, t, b.record, 1, []byte{1}) }); !errors.Is(got.Err, ErrPayload) {
		t.Error(got.Err)
	}
}

// Of the records of an answer the good ones are used, whatever stands beside them.
func TestA9RecordsAreVerifiedOneByOne(t *testing.T) {
	w := village(t, 9, 2)
	a, b := w.nodes[0], w.nodes[1]
	at := func(d int, pairs []enr.Pair) *enr.Record { // a record at a distance from b
		for {
			if k := w.newKey(); id.LogDistance(b.id, k.ID()) == d {
				return sign(t, k, 1, 4000, pairs)
			}
		}
	}
	good, wrong, other := at(256, wire.Entries(1)), at(255, wire.Entries(1)), at(256, wire.Entries(5))
	forged := append([]byte(nil), at(256, wire.Entries(1)).Bytes()...)
	forged[10] ^= 1
	answer := message(t, wire.Nodes{Records: [][]byte{
		forged, {1, 2}, nil, wrong.Bytes(), other.Bytes(), a.record.Bytes(), good.Bytes(), good.Bytes(),
	}})
	w.meddle = func(from, _ *host, request, x []byte) ([]byte, bool) {
		if from == a && request[0] == byte(wire.KindFindNodes) {
			return answer, true
		}
		return x, true
	}
	got := a.ask(func(t id.Ticket) News { return a.o.FindNodes(w.now, t, b.record, []uint16{256}) })
	if got.Err != nil || len(got.Records) != 1 || got.Records[0].ID() != good.ID() {
		t.Fatalf("%+v", got)
	}
	if !a.o.table.Has(good.ID()) || a.o.table.Has(wrong.ID()) || a.o.table.Has(other.ID()) {
		t.Error("the table has not the good one alone")
	}
	if e, _ := a.o.table.Get(good.ID()); e.Live {
		t.Error("who has not answered counts as alive")
	}
	if a.o.peer(b.id, nil).blame < blameRecord {
		t.Error("nobody is to blame for a forged record")
	}
}

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
