package portal

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// Attacks on overlay content, each with the bound it cannot exceed.

// Nothing that is not what its key promises is returned, stored or passed on, whatever
// half of the nodes answer and send.
func TestThreatC1PoisonedBytes(t *testing.T) {
	for seed := range uint64(6) {
		w := village(t, seed, 16)
		liars := map[*host]bool{}
		for i, h := range w.nodes {
			if i%2 == 1 {
				liars[h] = true
			}
		}
		chance := rand.New(rand.NewPCG(seed, 9))
		spoil := func(b []byte) []byte {
			out := bytes.Clone(b)
			for range 1 + chance.IntN(3) {
				if len(out) > 2 {
					out[2+chance.IntN(len(out)-2)] ^= 1 << chance.IntN(8)
				}
			}
			return out
		}
		w.meddle = func(_, to *host, _, answer []byte) ([]byte, bool) {
			if liars[to] && chance.IntN(2) == 0 {
				return spoil(answer), true
			}
			return answer, true
		}
		w.spoil = func(from, _ *host, data []byte) []byte {
			if liars[from] && chance.IntN(2) == 0 {
				return spoil(data)
			}
			return data
		}
		found := 0
		for i := range 30 {
			key, value := w.blob(1 + chance.IntN(4000))
			w.nodes[2*chance.IntN(8)].put(key, value)
			if i%3 == 0 {
				bad := spoil(append([]byte{0, 0}, value...))[2:]
				w.nodes[1].have(key, bad) // a poisoned server
			}
			got := w.nodes[2*chance.IntN(8)].get(key)
			if got.Err == nil {
				found++
				if !bytes.Equal(got.Value, value) {
					t.Fatal("wrong bytes are returned")
				}
			}
		}
		if found < 25 {
			t.Errorf("seed %d: %d of 30 found", seed, found)
		}
		for _, h := range w.nodes {
			for at, it := range h.store {
				if h != w.nodes[1] && !bytes.Equal(keyOf(it.Value)[1:], at[:]) {
					t.Fatal("wrong bytes are stored")
				}
			}
			for _, it := range h.took {
				if h != w.nodes[1] && !bytes.Equal(keyOf(it.Value), it.Key) {
					t.Fatal("wrong bytes are handed on")
				}
			}
		}
		w.meddle, w.spoil = nil, nil
		w.settle()
	}
}

// Who accepts and stalls does not keep a Put from its replicas, who offers and vanishes
// does not keep an item from coming.
func TestThreatC2StallsAndVanishing(t *testing.T) {
	w := village(t, 2, 8)
	a, b, c := w.nodes[0], w.nodes[1], w.nodes[2]
	key, value := w.blob(200_000)
	// Two of the nearest accept and never take a byte.
	w.spoil = func(_, to *host, data []byte) []byte {
		if to == b || to == c {
			return nil
		}
		return data
	}
	put := a.put(key, value)
	if put.Put.Replicas() < 3 {
		t.Errorf("%+v", put.Put)
	}
	w.spoil = nil
	w.settle()
	// b offers an item and vanishes; c, which offered it meanwhile, is asked.
	key, value = w.blob(3000)
	c.have(key, value)
	w.nodes[3].radius = content.DistanceMax
	d := w.nodes[3]
	body := message(t, wire.Offer{Keys: [][]byte{key}})
	if m, err := wire.DecodeAccept(d.reply(b, body), 2, 1); err != nil || !m.Any() {
		t.Fatal(err)
	}
	if m, err := wire.DecodeAccept(d.reply(c, body), 2, 1); err != nil || m.Codes[0] != wire.InProgress {
		t.Fatalf("%+v %v", m, err)
	}
	w.run(openWithin + 2*time.Second)
	if _, ok := d.store[id.ID(key[1:])]; !ok {
		t.Error("the other who offered it was not asked")
	}
	// A trickle below the least rate ends.
	key, value = w.blob(2 << 20)
	w.streamRate = slowBytes / 10
	from := w.now
	got := b.ask(func(t id.Ticket) News {
		return b.o.Offer(w.now, t, d.record, []content.Item{{Key: key, Value: value}})
	})
	if got.Err == nil || w.now.Sub(from) > 3*slowEvery {
		t.Errorf("%v after %v", got.Err, w.now.Sub(from))
	}
	w.streamRate = 0
	w.settle()
}

func TestThreatC3OfferFlood(t *testing.T) {
	w := village(t, 3, 3)
	a, b := w.nodes[0], w.nodes[1]
	judged := 0
	for range 100 {
		keys := make([][]byte, 31)
		for i := range keys {
			keys[i], _ = w.blob(8)
		}
		m, err := wire.DecodeAccept(a.reply(b, message(t, wire.Offer{Keys: keys})), 2, 31)
		if err != nil {
			t.Fatal(err)
		}
		if m.Codes[0] != wire.RateLimited {
			judged++
		}
		w.run(20 * time.Millisecond) // fifty a second
	}
	if judged > transfersPerPeer {
		t.Errorf("%d offers were taken", judged)
	}
	if n := a.o.claims.Len(); n > 31*transfersPerPeer {
		t.Errorf("%d claims", n)
	}
	key := bytes.Repeat([]byte{1}, 2048)
	if got := a.reply(b, message(t, wire.Offer{Keys: [][]byte{key}})); len(got) != 0 {
		t.Error("a key bomb is answered")
	}
	w.run(openWithin + time.Second)
	w.settle()
}

// Ten nodes offer one item at once: it comes once.
func TestThreatC4ThunderingHerd(t *testing.T) {
	w := village(t, 4, 12)
	a := w.nodes[0]
	for _, h := range w.nodes {
		h.o.cfg.Network.Gossip = content.Silent
	}
	key, value := w.blob(100_000)
	items := []content.Item{{Key: key, Value: value}}
	w.bytes, w.streamRate = 0, 20_000
	var tickets []id.Ticket
	for _, h := range w.nodes[1:11] {
		tick := h.tick.Next()
		tickets = append(tickets, tick)
		h.did(h.o.Offer(w.now, tick, a.record, items))
	}
	w.run(3 * time.Second)
	codes := map[byte]int{}
	for i, h := range w.nodes[1:11] {
		if got, ok := h.answers[tickets[i]]; ok {
			codes[got.Codes[0]]++
		}
	}
	if codes[byte(wire.InProgress)] != 9 || w.bytes > 101_000 {
		t.Errorf("codes %v, %d bytes", codes, w.bytes)
	}
	w.run(10 * time.Second)
	if _, ok := a.store[id.ID(key[1:])]; !ok {
		t.Error("it did not come")
	}
	// The first is slow, though not too slow: after ten seconds a second is let in.
	w.streamRate = 11_000
	key, value = w.blob(400_000)
	items = []content.Item{{Key: key, Value: value}}
	offer := func(h *host) byte {
		m, err := wire.DecodeAccept(a.reply(h, message(t, wire.Offer{Keys: [][]byte{key}})), 2, 1)
		if err != nil {
			t.Fatal(err)
		}
		return byte(m.Codes[0])
	}
	slow := w.nodes[1]
	slow.did(slow.o.Offer(w.now, slow.tick.Next(), a.record, items))
	w.run(secondAfter - time.Second)
	if c := offer(w.nodes[2]); c != byte(wire.InProgress) {
		t.Errorf("code %d while the first is young", c)
	}
	w.run(2 * time.Second)
	if c := offer(w.nodes[3]); c != byte(wire.Accepted) {
		t.Errorf("code %d after ten seconds", c)
	}
	if c := offer(w.nodes[4]); c != byte(wire.InProgress) {
		t.Errorf("code %d for a third", c)
	}
	w.streamRate = 0
	w.settle()
}

func TestThreatC5RadiusLies(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	far := content.Distance{0: 0x80}
	near := content.Distance{0: 0x01}
	var r radius
	if _, known := r.covers(now, near); known {
		t.Error("who said nothing has a radius")
	}
	r.tell(now, content.DistanceMax) // says everything and refuses
	r.declined(now, near)
	if in, _ := r.covers(now, near); in {
		t.Error("its word counts for more than its refusal")
	}
	if in, _ := r.covers(now, content.Distance{}); !in {
		t.Error("a refusal counts for what is nearer")
	}
	if in, _ := r.covers(now.Add(refusedFor), near); !in {
		t.Error("a refusal counts for ever")
	}
	r = radius{}
	r.tell(now, content.Distance{}) // says nothing and accepts
	r.accepted(now, near)
	if in, _ := r.covers(now, near); !in {
		t.Error("its word counts for more than what it took")
	}
	if in, _ := r.covers(now, far); in {
		t.Error("taking what is near says nothing of what is far")
	}
	r = radius{} // flaps
	changes := 0
	for i := range 600 {
		old := r.told
		r.tell(now.Add(time.Duration(i)*time.Second), []content.Distance{near, far}[i%2])
		if r.told != old {
			changes++
		}
	}
	if changes > 600/30+1 {
		t.Errorf("%d changes in ten minutes", changes)
	}
	// A Put does not rest on what nodes say.
	w := newWorld(t, 5)
	w.add(nil)
	for range 7 {
		w.add(func(c *Config) { c.Radius = content.Distance{} })
	}
	w.meet(5 * time.Second)
	for _, h := range w.nodes[1:] {
		h.o.radius, h.o.cfg.Network.Radiusless = content.DistanceMax, true // they take all the same
		h.radius = content.DistanceMax
	}
	key, value := w.blob(100)
	if got := w.nodes[0].put(key, value); got.Err != nil || !got.Put.Stored {
		t.Errorf("%+v", got)
	}
}

// What comes from a node bears its name, so that the store can give it its share.
func TestThreatC6ItemsNameWhoSentThem(t *testing.T) {
	w := village(t, 6, 3)
	a, b := w.nodes[0], w.nodes[1]
	key, value := w.blob(2000)
	b.ask(func(t id.Ticket) News {
		return b.o.Offer(w.now, t, a.record, []content.Item{{Key: key, Value: value}})
	})
	w.run(time.Second)
	if it := a.store[id.ID(key[1:])]; it.From != b.id || it.Class != content.Cache {
		t.Errorf("from %s, class %d", it.From.Short(), it.Class)
	}
	key, value = w.blob(2000)
	b.have(key, value)
	a.get(key)
	if it := a.store[id.ID(key[1:])]; it.From != b.id || it.Class != content.Cache {
		t.Errorf("found: from %s, class %d", it.From.Short(), it.Class)
	}
}

// Lengths and counts that do not hold end the stream, cost the sender, and bring nothing.
func TestThreatC7LengthsThatLie(t *testing.T) {
	key1, key2 := keyOf([]byte("one")), keyOf([]byte("two"))
	for name, data := range map[string][]byte{
		"more items":      append(append([]byte{3}, "one"...), append(append([]byte{3}, "two"...), 1, 9)...),
		"too long":        {0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3},
		"no end":          {0x80, 0x80, 0x80, 0x80, 0x80, 0x80},
		"over-long":       {0x83, 0x80, 0x00, 'o'},
		"beyond the item": {0x81, 0x80, 0x80, 0x02},
	} {
		w := village(t, 7, 2)
		a, b := w.nodes[0], w.nodes[1]
		m, err := wire.DecodeAccept(a.reply(b, message(t, wire.Offer{Keys: [][]byte{key1, key2}})), 2, 2)
		if err != nil || !m.Any() {
			t.Fatal(err)
		}
		tick := id.Ticket{Owner: "x", N: 1}
		b.Open(w.now, tick, a.record, m.Conn)
		w.run(time.Second)
		b.Write(w.now, tick, data)
		w.run(time.Second)
		if a.o.peer(b.id, nil).blame < blameLie/2 {
			t.Errorf("%s: costs nothing", name)
		}
		if a.o.sums.receives != 0 || a.o.sums.held != 0 {
			t.Errorf("%s: goes on", name)
		}
		w.settle()
	}
}

// Gossip ends by itself: every node that wants an item has it once, and it is offered no
// more often than the fan-out says.
func TestThreatC8GossipLoops(t *testing.T) {
	w := village(t, 8, 24)
	key, value := w.blob(5000)
	offers := 0
	pairs := map[[2]*host]int{}
	w.meddle = func(from, to *host, request, answer []byte) ([]byte, bool) {
		if request[0] == byte(wire.KindOffer) {
			offers++
			pairs[[2]*host{from, to}]++
		}
		return answer, true
	}
	w.bytes = 0
	w.nodes[0].put(key, value)
	w.run(time.Minute)
	have := 0
	for _, h := range w.nodes {
		if len(h.took) > 1 {
			t.Errorf("%s took it %d times", h.id.Short(), len(h.took))
		}
		if _, ok := h.store[id.ID(key[1:])]; ok {
			have++
		}
	}
	if have < 20 {
		t.Errorf("%d of 24 have it", have)
	}
	if most := 24 * (gossipNear + gossipFar) * 12 / 10; offers > most {
		t.Errorf("%d offers", offers)
	}
	if copies := float64(w.bytes) / float64(len(value)*have); copies > 1.2 {
		t.Errorf("%.2f copies for each node that has it", copies)
	}
	t.Logf("%d have it, %d offers, %.2f copies each", have, offers, float64(w.bytes)/float64(len(value)*have))
	// Later the same item starts nothing: everybody was told.
	offers = 0
	w.nodes[5].did(w.nodes[5].o.Gossip(w.now, w.nodes[5].tick.Next(), key, value))
	w.run(time.Minute)
	if offers > gossipNear+gossipFar {
		t.Errorf("%d offers for what everybody has", offers)
	}
	w.nodes[5].did(w.nodes[5].o.Gossip(w.now, w.nodes[5].tick.Next(), key, value))
	w.run(time.Minute)
	for who, n := range pairs {
		if n > 1 {
			t.Errorf("%s was offered it %d times by one node", who[1].id.Short(), n)
		}
	}
	w.settle()
}

// A request makes nobody fetch anything.
func TestThreatC9NobodyFetchesForAStranger(t *testing.T) {
	w := village(t, 9, 8)
	w.run(30 * time.Second)
	a, b := w.nodes[0], w.nodes[1]
	key, value := w.blob(500)
	w.nodes[3].have(key, value)
	before := w.talks["findcontent"] + w.talks["offer"]
	for range 20 {
		a.reply(b, message(t, wire.FindContent{Key: key}))
	}
	w.run(5 * time.Second)
	if after := w.talks["findcontent"] + w.talks["offer"]; after != before {
		t.Errorf("%d requests on behalf of a stranger", after-before)
	}
}

// Eight nodes that accept nothing less than all the streams there are leave some to a ninth,
// and four that fill the memory for what comes leave room to a fifth.
func TestThreatNobodyTakesAll(t *testing.T) {
	w := village(t, 11, 10)
	a := w.nodes[0]
	offer := func(from *host) bool {
		key, _ := w.blob(8)
		m, err := wire.DecodeAccept(a.reply(from, message(t, wire.Offer{Keys: [][]byte{key}})), 2, 1)
		if err != nil {
			t.Fatal(err)
		}
		return m.Any()
	}
	taken := 0
	for _, h := range w.nodes[1:9] {
		for range 2 * transfersPerPeer {
			if offer(h) {
				taken++
			}
		}
	}
	if taken != transfersMax-transfersPerPeer/2 {
		t.Errorf("%d streams taken of %d", taken, transfersMax)
	}
	if !offer(w.nodes[9]) {
		t.Error("the ninth is refused")
	}
	w.settle()
	var crowd []*peer
	for _, h := range w.nodes[1:5] {
		p := a.o.peer(h.id, h.record)
		for a.o.mayTakeIn(p) {
			a.o.hold(p, 1<<20)
		}
		crowd = append(crowd, p)
	}
	if p := a.o.peer(w.nodes[5].id, w.nodes[5].record); !a.o.mayTakeIn(p) {
		t.Errorf("%d bytes held, and no room for another", a.o.sums.held)
	}
	for _, p := range crowd {
		a.o.hold(p, -p.held)
	}
	w.settle()
}

// Bytes held for one node and in all stay within their bounds.
func TestThreatHeldBytes(t *testing.T) {
	w := village(t, 10, 2)
	a, b := w.nodes[0], w.nodes[1]
	most := 0
	for i := range 4 {
		var items []content.Item
		for range 30 {
			key, value := w.blob(1 << 20)
			items = append(items, content.Item{Key: key, Value: value})
		}
		b.did(b.o.Offer(w.now, id.Ticket{Owner: "x", N: uint64(i)}, a.record, items))
	}
	w.until(w.now.Add(time.Minute), func() bool {
		most = max(most, a.o.peer(b.id, nil).held)
		return false
	})
	if most > heldPerPeer+(4<<20) || most == 0 {
		t.Errorf("%d bytes held", most)
	}
	w.settle()
}
