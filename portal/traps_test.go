package portal

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// Mistakes of other clients, each with what ours does instead.

// Empty requests, empty keys and answers of a byte end other processes.
func TestTrapEmptyRequestsAndKeys(t *testing.T) {
	w := village(t, 1, 2)
	a, b := w.nodes[0], w.nodes[1]
	for name, body := range map[string][]byte{
		"nothing":         {},
		"empty key":       message(t, wire.FindContent{}),
		"an empty key":    message(t, wire.Offer{Keys: [][]byte{{}}}),
		"one of them bad": message(t, wire.Offer{Keys: [][]byte{keyOf([]byte("x")), {}}}),
		"no keys":         {6, 4, 0, 0, 0},
	} {
		if got := a.reply(b, body); len(got) != 0 {
			t.Errorf("%s: answered with %x", name, got)
		}
	}
	for _, short := range [][]byte{{}, {5}, {5, 0}, {5, 0, 1}, {5, 2, 1}, {5, 3}} {
		w.meddle = func(*host, *host, []byte, []byte) ([]byte, bool) { return short, true }
		got := a.ask(func(t id.Ticket) News { return a.o.FindContent(w.now, t, b.record, keyOf([]byte("x"))) })
		if got.Err == nil {
			t.Errorf("%x is taken for an answer", short)
		}
		a.o.peer(b.id, nil).blame = 0
	}
	if a.o.claims.Len() != 0 {
		t.Error("a refused offer keeps claims")
	}
}

// A radius is little-endian on the wire and compared as a whole number.
func TestTrapRadiusEndsAndFullDistance(t *testing.T) {
	w := newWorld(t, 2)
	r := content.Distance{0: 0x12, 31: 0x34}
	a, b := w.add(func(c *Config) { c.Radius = r }), w.add(nil)
	w.meet(3 * time.Second)
	body, _ := wire.Ping{Type: wire.TypeRadius, Payload: make([]byte, 32)}.AppendPing(nil)
	m, err := wire.DecodePong(a.reply(b, body))
	if err != nil || m.Payload[0] != 0x34 || m.Payload[31] != 0x12 {
		t.Errorf("%x %v", m.Payload, err)
	}
	// Two points at one log distance, one within the radius.
	in, out := a.id, a.id
	in[0] ^= 0x11
	out[0] ^= 0x13
	if id.LogDistance(a.id, in) != id.LogDistance(a.id, out) {
		t.Fatal("the test is wrong")
	}
	if c, known := b.o.covers(w.now, a.id, in); !c || !known {
		t.Error("what lies within the radius is not covered")
	}
	if c, known := b.o.covers(w.now, a.id, out); c || !known {
		t.Error("what lies beyond the radius is covered")
	}
	if _, known := b.o.covers(w.now, id.ID{1}, in); known {
		t.Error("the radius of a stranger counts as known")
	}
}

// An item is not in progress for longer than it is, whatever became of it.
func TestTrapItemsAreReleasedOnAllPaths(t *testing.T) {
	w := village(t, 6, 3)
	a, b, c := w.nodes[0], w.nodes[1], w.nodes[2]
	w.nodes[2].o.cfg.Network.Gossip = content.Silent
	offer := func(from *host, key, value []byte) Answer {
		items := []content.Item{{Key: key, Value: value}}
		return from.ask(func(t id.Ticket) News { return from.o.Offer(w.now, t, a.record, items) })
	}
	key, value := w.blob(3000)
	if got := offer(b, key, value); got.Err != nil || got.Codes[0] != byte(wire.Accepted) {
		t.Fatalf("%+v", got)
	}
	w.run(time.Second)
	if got := offer(c, key, value); got.Codes[0] != byte(wire.Stored) {
		t.Errorf("stored: code %d", got.Codes[0])
	}
	delete(a.store, id.ID(key[1:]))
	if got := offer(b, key, value); got.Codes[0] != byte(wire.Accepted) {
		t.Errorf("dropped and offered again: code %d", got.Codes[0])
	}
	w.run(time.Second)
	// The sender has it no longer, and says so: the others are taken.
	gone, _ := w.blob(10)
	other, rest := w.blob(2000)
	body := a.reply(b, message(t, wire.Offer{Keys: [][]byte{gone, other}}))
	m, err := wire.DecodeAccept(body, 2, 2)
	if err != nil || !m.Any() {
		t.Fatal(err)
	}
	tick := id.Ticket{Owner: "x", N: 1}
	b.Open(w.now, tick, a.record, m.Conn)
	w.run(time.Second)
	b.Write(w.now, tick, []byte{0}, wire.AppendLength(nil, len(rest)), rest)
	b.Finish(w.now, tick)
	w.run(time.Second)
	if _, ok := a.store[id.ID(other[1:])]; !ok {
		t.Error("the second item is lost with the first")
	}
	if a.o.peer(b.id, nil).blame != 0 {
		t.Error("an item that is gone is counted against who said so")
	}
	// Refused by the store.
	a.radius = content.Distance{}
	key, value = w.blob(100)
	offer(b, key, value)
	w.settle()
}

// Fifty offers without ever a stream from one node leave room for others.
func TestTrapOffersWithoutAStream(t *testing.T) {
	w := village(t, 7, 3)
	a, b, c := w.nodes[0], w.nodes[1], w.nodes[2]
	accepted := 0
	for i := range 50 {
		key, _ := w.blob(10)
		m, err := wire.DecodeAccept(a.reply(b, message(t, wire.Offer{Keys: [][]byte{key}})), 2, 1)
		if err != nil {
			t.Fatal(err)
		}
		if m.Any() {
			accepted++
		} else if m.Codes[0] != wire.RateLimited || m.Conn != 0 {
			t.Fatalf("offer %d: %+v", i, m)
		}
	}
	if accepted > transfersPerPeer {
		t.Errorf("%d streams are kept for one node", accepted)
	}
	key, value := w.blob(5000)
	got := c.ask(func(t id.Ticket) News {
		return c.o.Offer(w.now, t, a.record, []content.Item{{Key: key, Value: value}})
	})
	if got.Err != nil || got.Codes[0] != byte(wire.Accepted) {
		t.Errorf("another node's offer: %+v", got)
	}
	w.run(openWithin + time.Second)
	if n := a.o.peer(b.id, nil).receives; n != 0 {
		t.Errorf("%d streams are still waited for", n)
	}
	w.settle()
}

// A transfer that stalls leaves time for another node.
func TestTrapAStallLeavesTimeForOthers(t *testing.T) {
	w := village(t, 14, 4)
	a := w.nodes[0]
	key, value := w.blob(200_000)
	for _, h := range w.nodes[1:] {
		h.have(key, value)
	}
	nearest := w.nodes[1]
	for _, h := range w.nodes[2:] {
		if id.CompareDistance(id.ID(key[1:]), h.id, nearest.id) < 0 {
			nearest = h
		}
	}
	nearest.mute = true // opens its stream and brings nothing
	from := w.now
	got := a.get(key)
	if got.Err != nil || !bytes.Equal(got.Value, value) || got.From == nearest.id {
		t.Fatalf("%+v", got.Err)
	}
	if took := w.now.Sub(from); took > hedgeAfter+time.Second {
		t.Errorf("another node was asked after %v", took)
	}
	w.settle()
}

// Content that was found and failed does not end the search, one that was found and is
// good does not wait for others.
func TestTrapFailedAndGoodFinds(t *testing.T) {
	w := village(t, 15, 6)
	a := w.nodes[0]
	key, value := w.blob(900)
	var liars []*host
	for i, h := range w.nodes[1:] {
		if i < 4 {
			bad := bytes.Clone(value)
			bad[i] ^= 1
			h.have(key, bad)
			liars = append(liars, h)
		} else {
			h.have(key, value)
			h.o.cfg.Network.Gossip = content.Silent
		}
	}
	got := a.get(key)
	if got.Err != nil || !bytes.Equal(got.Value, value) {
		t.Fatalf("%v: %+v", got.Err, got.Trace)
	}
	for _, h := range liars {
		if p := a.o.known(h.id); named(failedNodes(got.Trace), h.id) && !p.bannedNow(w.now) {
			t.Error("who sent something else is not banned")
		}
	}
	// The rest answers never: that is not waited for.
	w.run(time.Second)
	key, value = w.blob(900)
	var has *host
	for _, h := range w.nodes[1:] {
		if !a.o.known(h.id).bannedNow(w.now) {
			if has == nil {
				has = h
				has.have(key, value)
				continue
			}
			h.slow, h.down = true, true
		}
	}
	from := w.now
	if got := a.get(key); got.Err != nil {
		t.Fatal(got.Err)
	}
	if took := w.now.Sub(from); took > callTimeout {
		t.Errorf("it took %v", took)
	}
}

func failedNodes(d *Trace) (out []*enr.Record) {
	for _, f := range d.Failures {
		for _, n := range d.Nodes {
			if n.Node == f.Node {
				out = append(out, n.Record)
			}
		}
	}
	return out
}

// Who sends all of it and it is wrong is banned; who is cut off is not.
func TestTrapIncompleteIsNotInvalid(t *testing.T) {
	w := village(t, 16, 2)
	a, b := w.nodes[0], w.nodes[1]
	key, value := w.blob(50_000)
	b.have(key, value)
	w.spoil = func(_, _ *host, data []byte) []byte { return data[:len(data)/2] }
	got := a.ask(func(t id.Ticket) News { return a.o.FindContent(w.now, t, b.record, key) })
	if !errors.Is(got.Err, ErrIncomplete) || a.o.known(b.id).bannedNow(w.now) {
		t.Errorf("half of it: %v, banned %v", got.Err, a.o.known(b.id).bannedNow(w.now))
	}
	w.spoil = func(_, _ *host, data []byte) []byte {
		out := bytes.Clone(data)
		out[len(out)-1] ^= 1
		return out
	}
	got = a.ask(func(t id.Ticket) News { return a.o.FindContent(w.now, t, b.record, key) })
	if !errors.Is(got.Err, ErrInvalid) || got.Value != nil || !a.o.known(b.id).bannedNow(w.now) {
		t.Errorf("wrong: %v, banned %v", got.Err, a.o.known(b.id).bannedNow(w.now))
	}
	w.spoil = nil
	w.run(banInvalid + time.Second)
	if a.o.known(b.id).bannedNow(w.now) {
		t.Error("a ban is for ever")
	}
}

// Records in an answer need not be nearer to the content than who sends them.
func TestTrapFartherRecordsAreUsed(t *testing.T) {
	w := newWorld(t, 17)
	a, b, c := w.add(nil), w.add(nil), w.add(nil)
	for _, h := range w.nodes {
		h.did(h.o.Start(w.now))
	}
	w.meddle = func(_, _ *host, request, answer []byte) ([]byte, bool) {
		return answer, request[0] != byte(wire.KindFindNodes) || w.now.IsZero()
	}
	a.o.AddNode(w.now, b.record)
	b.o.AddNode(w.now, c.record)
	var key, value []byte
	for { // nearer to b than to c
		key, value = w.blob(100)
		if id.CompareDistance(id.ID(key[1:]), b.id, c.id) < 0 {
			break
		}
	}
	c.have(key, value)
	if got := a.get(key); got.Err != nil || got.From != c.id {
		t.Errorf("%+v", got)
	}
}

// Every version speaks with every other, by what the records say.
func TestTrapVersions(t *testing.T) {
	list := func(v ...byte) []enr.Pair {
		return []enr.Pair{{Key: "pv", Value: rlp.AppendBytes(nil, v)}}
	}
	only2 := []enr.Pair{{Key: "p", Value: []byte{0xc3, 2, 2, 1}}}
	for name, pairs := range map[string][]enr.Pair{
		"no entry": nil, "0": list(0), "1": list(1), "0 and 1": list(0, 1), "2 only": only2, "all": wire.Entries(1),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 26)
			a, b := w.add(nil), w.addRecord(pairs, nil)
			w.meet(5 * time.Second)
			version, speaks := negotiate(b.record, 1)
			if a.o.table.Has(b.id) != speaks {
				t.Fatalf("version %d, in the table: %v", version, a.o.table.Has(b.id))
			}
			// The model of b speaks as a negotiates: what they agree on is one version.
			b.o.peer(a.id, a.record).version = version
			key, value := w.blob(40_000)
			got := a.ask(func(t id.Ticket) News {
				return a.o.Offer(w.now, t, b.record, []content.Item{{Key: key, Value: value}})
			})
			w.run(time.Second)
			if _, ok := b.store[id.ID(key[1:])]; got.Err != nil || !ok {
				t.Errorf("offer: %+v", got)
			}
			key, value = w.blob(40_000)
			b.have(key, value)
			if got := a.get(key); got.Err != nil || !bytes.Equal(got.Value, value) {
				t.Errorf("find: %v", got.Err)
			}
		})
	}
}

// A store that is slow does not make us slow.
func TestTrapSlowStore(t *testing.T) {
	w := village(t, 27, 3)
	a, b := w.nodes[0], w.nodes[1]
	a.slow = true
	key, _ := w.blob(10)
	for _, body := range [][]byte{message(t, wire.FindContent{Key: key}), message(t, wire.Offer{Keys: [][]byte{key}})} {
		from := w.now
		if got := a.reply(b, body); len(got) == 0 {
			t.Error("nothing is answered")
		}
		if took := w.now.Sub(from); took > replyWithin {
			t.Errorf("answered after %v", took)
		}
	}
	if a.o.claims.Len() != 0 {
		t.Error("an offer that was declined keeps its claim")
	}
	// As many as may wait do, and the next is answered at once.
	for range readsPerPeer {
		a.request(b, message(t, wire.FindContent{Key: key}), func([]byte) {})
	}
	from := w.now
	a.reply(b, message(t, wire.FindContent{Key: key}))
	if w.now != from {
		t.Error("one request too many waits")
	}
}

// Who is banned, or of another chain, is answered all the same.
func TestTrapStrangersGetAnEmptyAnswer(t *testing.T) {
	w := village(t, 29, 2)
	a, b := w.nodes[0], w.nodes[1]
	other := w.addRecord(wire.Entries(11155111), nil)
	ask := message(t, wire.FindNodes{Distances: []uint16{0}})
	if got := a.reply(other, ask); len(got) != 0 {
		t.Errorf("another chain: %x", got)
	}
	if a.o.table.Has(other.id) {
		t.Error("a node of another chain is in the table")
	}
	a.o.blamePeer(w.now, b.id, banAt, "a test")
	if got := a.reply(b, ask); len(got) != 0 || a.o.table.Has(b.id) {
		t.Errorf("banned: %x", got)
	}
	if got := a.ask(func(t id.Ticket) News { return a.o.Ping(w.now, t, b.record, PingBest, nil) }); !errors.Is(got.Err, ErrVersion) {
		t.Errorf("a banned node is asked: %v", got.Err)
	}
	a.did(a.o.Request(w.now, Request{From: id.ID{5}, N: 77, Body: ask}).without(t, 77))
}

// without checks that a request was answered with nothing, and takes the reply out.
func (n News) without(t *testing.T, want uint64) News {
	t.Helper()
	if len(n.Replies) != 1 || n.Replies[0].N != want || len(n.Replies[0].Body) != 0 {
		t.Errorf("%+v", n.Replies)
	}
	n.Replies = nil
	return n
}

// Two keys at one point, as those of a chunk and of a manifest with one hash: what is
// stored under one is not given for the other, so nobody honest sends what fails its
// check.
func TestTwoKeysAtOnePoint(t *testing.T) {
	pair := func(c *Config) {
		n := blobs()
		n.ID = func(key []byte) (id.ID, error) {
			if len(key) != 33 || key[0] > 1 {
				return id.ID{}, content.ErrKey
			}
			return id.ID(key[1:]), nil
		}
		check := n.Check
		n.Check = func(key, value []byte) error {
			if key[0] == 1 && value[0] != 'm' {
				return content.ErrInvalid
			}
			return check(key, value)
		}
		c.Network = n
	}
	w := newWorld(t, 30)
	a, b := w.add(pair), w.add(pair)
	w.meet(3 * time.Second)
	value := []byte("a chunk")
	chunk := keyOf(value)
	manifest := bytes.Clone(chunk)
	manifest[0] = 1
	b.have(chunk, value)
	one, two := a.tick.Next(), a.tick.Next()
	a.did(a.o.Get(w.now, one, manifest, false))
	a.did(a.o.Get(w.now, two, chunk, false))
	w.run(time.Minute)
	if got := a.answers[one]; !errors.Is(got.Err, ErrNotFound) {
		t.Errorf("%+v", got)
	}
	if got := a.answers[two]; got.Err != nil || !bytes.Equal(got.Value, value) {
		t.Errorf("%+v", got)
	}
	if got := a.get(manifest); !errors.Is(got.Err, ErrNotFound) { // it is here now, under the other key
		t.Errorf("%+v", got)
	}
	if a.o.known(b.id).blame != 0 || a.o.known(b.id).bannedNow(w.now) {
		t.Error("who did nothing wrong is blamed")
	}
}

// What discv5 refuses to send says nothing about the node.
func TestRefusedCallsAreNotTheNodes(t *testing.T) {
	w := village(t, 31, 2)
	a, b := w.nodes[0], w.nodes[1]
	refuse := errors.New("too many requests under way")
	for range 10 {
		talk := id.Ticket{Owner: Owner("blobs"), N: a.o.tickets.Next().N + 2} // the verb's is between
		a.did(a.o.Ping(w.now, a.tick.Next(), b.record, PingBest, nil))
		a.did(a.o.Answered(w.now, talk, b.id, nil, refuse))
	}
	if e, _ := a.o.table.Get(b.id); e.Fails != 0 || !e.Live {
		t.Errorf("%+v", e)
	}
	if a.o.stats.CallsFailed != 10 {
		t.Errorf("%d calls failed", a.o.stats.CallsFailed)
	}
}
