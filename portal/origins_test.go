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
