package portal

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// The same wrong bytes under a key are judged once, whoever sends them and by which way
// they come. Other bytes are judged, and the same ones again after a while.
func TestThreatC1TheSameWrongBytes(t *testing.T) {
	w := newWorld(t, 41)
	judged := 0
	a := w.add(func(c *Config) {
		c.Network = blobs()
		check := c.Network.Check
		c.Network.Check = func(key, value []byte) error { judged++; return check(key, value) }
	})
	for range 12 {
		w.add(nil)
	}
	w.meet(10 * time.Second)
	key, value := w.blob(3000)
	wrong := bytes.Clone(value)
	wrong[7] ^= 1
	for i, h := range w.nodes[1:7] {
		if i%2 == 0 {
			h.ask(func(t id.Ticket) News {
				return h.o.Offer(w.now, t, a.record, []content.Item{{Key: key, Value: wrong}})
			})
		} else {
			h.have(key, wrong)
			a.ask(func(t id.Ticket) News { return a.o.FindContent(w.now, t, h.record, key) })
		}
		w.run(time.Second)
		if !a.o.known(h.id).bannedNow(w.now) {
			t.Errorf("sender %d is not to blame", i)
		}
	}
	if judged != 1 {
		t.Errorf("the same bytes were judged %d times", judged)
	}
	other := bytes.Clone(value)
	other[8] ^= 1
	send := func(h *host, key, value []byte) {
		h.ask(func(t id.Ticket) News {
			return h.o.Offer(w.now, t, a.record, []content.Item{{Key: key, Value: value}})
		})
		w.run(time.Second)
	}
	if send(w.nodes[7], key, other); judged != 2 {
		t.Error("other bytes were not judged")
	}
	if send(w.nodes[8], key, value); judged != 3 || len(a.store) != 1 {
		t.Error("the right bytes did not come in")
	}
	delete(a.store, id.ID(key[1:]))
	w.run(refusedLately)
	if send(w.nodes[9], key, wrong); judged != 4 {
		t.Error("a verdict is for ever")
	}
	// Its memory has bounds, whatever is sent.
	for i := range 3 * refusedKeys {
		k := keyOf([]byte{byte(i), byte(i >> 8)})
		for j := range 2 * refusedEach {
			a.o.refusals.add(w.now, k, [32]byte{byte(j)})
		}
	}
	if n, each := a.o.refusals.keys.len(), len(a.o.refusals.of(w.now, keyOf([]byte{255, 11}))); n != refusedKeys || each != refusedEach {
		t.Errorf("%d keys are remembered, of one %d values", n, each)
	}
}

// A node that names strangers by the thousand makes us neither forget whom we know nor
// whom we banned.
func TestThreatManyAreNamed(t *testing.T) {
	w := village(t, 42, 4)
	a, liar, foe := w.nodes[0], w.nodes[1], w.nodes[2]
	a.o.blamePeer(w.now, foe.id, banAt, "a test")
	named, before := 0, a.o.peers.len()
	w.meddle = func(_, to *host, request, answer []byte) ([]byte, bool) {
		if to != liar || wire.Kind(request[0]) != wire.KindFindContent {
			return answer, true
		}
		var m wire.Content
		for m.Form = wire.FormRecords; len(m.Records) < 8; named++ {
			m.Records = append(m.Records, sign(t, w.newKey(), 1, uint16(2000+named%60000), wire.Entries(1)).Bytes())
		}
		b, err := m.Append(nil)
		return b, err == nil
	}
	for named < peersMax+100 {
		key, _ := w.blob(10)
		if got := a.ask(func(t id.Ticket) News { return a.o.FindContent(w.now, t, liar.record, key) }); len(got.Records) != 8 {
			t.Fatalf("%+v", got)
		}
	}
	if !a.o.known(foe.id).bannedNow(w.now) {
		t.Error("who was banned is forgotten")
	}
	// Those of the table are asked whether they are there: they are met, the others not.
	if n := a.o.peers.len(); n > before+2*len(a.o.table.Buckets())*(kad.BucketMax+10) {
		t.Errorf("%d nodes are remembered, %d before", n, before)
	}
	w.meddle = nil
	w.settle()
}

// Nodes of a local network are named to those within it, and to nobody else.
func TestNodesOfALocalNetworkAreNotTold(t *testing.T) {
	w := newWorld(t, 43)
	a, asker := w.add(nil), w.add(nil)
	a.did(a.o.Start(w.now))
	var want []*enr.Record
	for i, ip := range []string{"192.168.1.9", "127.0.0.1", "20.1.2.3", "fd00::1", "2a01::1"} {
		b := enr.Builder{Seq: 1, UDP: 9000, IP: netip.MustParseAddr(ip), Extra: wire.Entries(1)}
		if b.IP.Is6() {
			b.IP, b.IP6, b.UDP, b.UDP6 = netip.Addr{}, b.IP, 0, b.UDP
		}
		r, err := b.Sign(w.newKey())
		if err != nil {
			t.Fatal(err)
		}
		if !a.o.AddNode(w.now, r) {
			t.Fatalf("%s is not in the table", ip)
		}
		if i == 2 || i == 4 {
			want = append(want, r)
		}
	}
	var distances []uint16
	for d := uint16(256); d > 240; d-- {
		distances = append(distances, d)
	}
	key, _ := w.blob(10)
	asks := uint64(1 << 40)
	ask := func(from string, body []byte) (out [][]byte) {
		asks++
		a.replies[asks] = func(b []byte) {
			switch kind, err := wire.KindOf(b); {
			case err != nil:
				t.Fatal(err)
			case kind == wire.KindNodes:
				m, _ := wire.DecodeNodes(b)
				out = m.Records
			default:
				m, _ := wire.DecodeContent(b)
				out = m.Records
			}
		}
		r := Request{From: asker.id, Record: asker.record, At: netip.MustParseAddrPort(from), Body: body, N: asks}
		a.did(a.o.Request(w.now, r))
		w.run(time.Second / 10)
		return out
	}
	for _, body := range [][]byte{message(t, wire.FindNodes{Distances: distances}), message(t, wire.FindContent{Key: key})} {
		got := ask("30.1.2.3:9000", body)
		for _, raw := range got {
			r, err := enr.Decode(raw)
			if err != nil || !kad.Tellable(netip.MustParseAddr("30.1.2.3"), r) {
				t.Errorf("a stranger is told of %v", kad.Endpoint(r))
			}
		}
		if len(got) != len(want) {
			t.Errorf("a stranger is told of %d nodes, want %d", len(got), len(want))
		}
		if got := ask("127.0.0.1:9000", body); len(got) != 5 {
			t.Errorf("somebody here is told of %d nodes, want all", len(got))
		}
	}
}

// Sixty-four equal keys: one is taken, the others are on their way, and one stream of one
// item is all that is waited for.
func TestSixtyFourEqualKeys(t *testing.T) {
	w := newWorld(t, 44)
	short := func(c *Config) { // keys that go 64 to an offer
		c.Network = blobs()
		c.Network.ID = func(key []byte) (out id.ID, err error) {
			if len(key) != 9 {
				return out, content.ErrKey
			}
			copy(out[:], key)
			return out, nil
		}
		c.Network.Check = func([]byte, []byte) error { return nil }
	}
	a, b := w.add(short), w.add(short)
	w.meet(5 * time.Second)
	key := []byte("nine byte")
	m, err := wire.DecodeAccept(a.reply(b, message(t, wire.Offer{Keys: repeated(key, wire.KeysMax)})), 2, wire.KeysMax)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range m.Codes {
		if want := []wire.Code{wire.Accepted, wire.InProgress}[min(i, 1)]; c != want {
			t.Fatalf("key %d: code %d, want %d", i, c, want)
		}
	}
	if a.o.claims.Len() != 1 || a.o.peer(b.id, nil).receives != 1 {
		t.Errorf("%d claims, %d streams", a.o.claims.Len(), a.o.peer(b.id, nil).receives)
	}
	// All 64 in one stream are more than were accepted: that is a lie.
	tick := id.Ticket{Owner: "x", N: 1}
	b.Open(w.now, tick, a.record, m.Conn)
	w.run(time.Second)
	for range wire.KeysMax {
		b.Write(w.now, tick, wire.AppendLength(nil, 3), []byte("abc"))
	}
	b.Finish(w.now, tick)
	w.run(time.Second)
	if a.o.peer(b.id, nil).blame < blameLie || len(a.store) != 1 {
		t.Errorf("blame %g, %d items", a.o.peer(b.id, nil).blame, len(a.store))
	}
	w.settle()
}

func repeated(key []byte, n int) (out [][]byte) {
	for range n {
		out = append(out, key)
	}
	return out
}
