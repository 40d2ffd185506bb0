package discv5

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
)

// The rows of the threat model for discv5 and TALK, V1 to V8.

// from is one of many addresses that belong to nobody.
func nobody(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{200, byte(n >> 16), byte(n >> 8), byte(n)}), uint16(2000+n%5000))
}

// V1: random packets from many ports. What they cost is bounded, in WHOAREYOU and in
// memory, and a session in use does not notice.
func TestV1(t *testing.T) {
	w := newWorld(t, 11)
	a, b := w.add(0, public(0)), w.add(1, public(1))
	if err := b.Register("echo"); err != nil {
		t.Fatal(err)
	}
	b.serve = func(r Request) ([]byte, bool) { return r.Body, true }
	a.answer(a.talk(b, "echo", nil))

	sent, toStrangers := 0, 0
	w.tap = func(from, to netip.AddrPort, p []byte) bool {
		if from == b.addr && to != a.addr {
			toStrangers++
			return false
		}
		return true
	}
	lost := 0
	start := w.now
	for w.now.Sub(start) < 2*time.Second {
		for range 50 { // 50,000 packets/s from 1,000 addresses
			sent++
			b.take(b.Packet(w.now, nobody(sent%1000), strange(w.rng, b.key.ID())))
		}
		if sent%5000 == 0 {
			tick := a.talk(b, "echo", []byte("x"))
			w.run(30 * time.Millisecond)
			if got, ok := a.answers[tick]; !ok || got.Err != nil {
				lost++
			}
		}
		w.run(time.Millisecond)
	}
	if lost > 0 {
		t.Errorf("%d requests in a session were lost", lost)
	}
	seconds := w.now.Sub(start).Seconds()
	if most := int(whosBurst + seconds*whosRate); toStrangers > most || toStrangers == 0 {
		t.Errorf("%d WHOAREYOU in %.1f s, at most %d", toStrangers, seconds, most)
	}
	if n := len(b.challenges.ring); n > challengesMax {
		t.Errorf("room for %d challenges", n)
	}
	if n := len(b.sessions.by); n != 1 {
		t.Errorf("%d sessions, want the one", n)
	}
	w.run(2 * challengeFor)
	b.challenges.expire(w.now)
	if b.challenges.n != 0 || len(b.challenges.by) != 0 {
		t.Errorf("%d challenges, %d by place, after their time", b.challenges.n, len(b.challenges.by))
	}
	for _, size := range []int{0, 1, wire.PacketMin - 1, wire.PacketMax + 1} {
		before := b.stats.PacketsOut
		b.take(b.Packet(w.now, nobody(1<<20), make([]byte, size)))
		if b.stats.PacketsOut != before {
			t.Errorf("a datagram of %d bytes was answered", size)
		}
	}
}

// V1: one address has sessions with ten of its nodes at most, and those that are there
// keep theirs; on loopback there is no such limit.
func TestV1Nodes(t *testing.T) {
	w := newWorld(t, 12)
	b := w.add(0, public(0))
	for i := range 15 {
		at := netip.AddrPortFrom(public(1).Addr(), uint16(5000+i))
		m := w.add(i+1, at)
		m.answers = map[id.Ticket]Answer{}
		m.ping(b)
		w.run(10 * time.Second) // the address has WHOAREYOU to spare again
	}
	if n := len(b.sessions.hosts[public(1).Addr()]); n != idsMax {
		t.Errorf("%d nodes of one address have sessions, want %d", n, idsMax)
	}
	if w.all[1].ping(b); len(w.all) != 16 {
		t.Fatal("who is there")
	}
	last := w.all[15]
	w.run(idsIdle)
	if got := last.answer(last.ping(b)); got.Err != nil {
		t.Errorf("after the others were silent: %v", got.Err)
	}
	if n := len(b.sessions.hosts[public(1).Addr()]); n != idsMax {
		t.Errorf("%d nodes of one address have sessions, want %d", n, idsMax)
	}
}

// V2: WHOAREYOU is never longer than what it answers, is limited by address and in all,
// and is never an answer to WHOAREYOU.
func TestV2(t *testing.T) {
	w := newWorld(t, 13)
	b := w.add(0, public(0))
	in, out, packets := map[netip.AddrPort]int{}, map[netip.AddrPort]int{}, map[netip.AddrPort]int{}
	w.tap = func(_, to netip.AddrPort, p []byte) bool {
		out[to] += len(p)
		packets[to]++
		return false
	}
	mask := wire.Real.Mask(b.key.ID())
	for i := range 3000 {
		from := nobody(i % 7)
		p := strange(w.rng, b.key.ID())
		switch i % 3 {
		case 1:
			p, _ = wire.AppendWhoareyou(nil, w.rng, mask, wire.Nonce{byte(i)}, 0)
		case 2:
			p = append(p, make([]byte, w.rng.IntN(1000))...)
		}
		before := packets[from]
		in[from] += len(p)
		b.take(b.Packet(w.now, from, p))
		if packets[from] != before && i%3 == 1 {
			t.Fatal("WHOAREYOU was answered")
		}
		if out[from] > in[from] {
			t.Fatalf("%d bytes to %v, which sent %d", out[from], from, in[from])
		}
		w.run(time.Millisecond)
	}
	for from, n := range packets {
		if most := whoBurst + 3*whoRate + 1; n > most {
			t.Errorf("%d packets to %v, at most %d", n, from, most)
		}
	}
}

// V3: a node's record that names somebody else's address brings that one no more than
// the packet that asks for a challenge, and the address is told to nobody.
func TestV3(t *testing.T) {
	w := newWorld(t, 14)
	a := w.add(0, public(0))
	victim := public(9)
	liar := w.add(1, public(1), func(c *Config) { c.Record = testRecord(t, c.Key, victim, 5) })
	got, size := 0, 0
	w.tap = func(from, to netip.AddrPort, p []byte) bool {
		if to == victim && from == a.addr {
			got, size = got+1, max(size, len(p))
		}
		return true
	}
	liar.take(liar.Talk(w.now, liar.next.Next(), a.cfg.Record, "x", nil))
	w.run(10 * time.Second)
	if got != 0 {
		t.Errorf("%d packets to an address that only a handshake's record names", got)
	}

	if a.table.Has(liar.key.ID()) {
		t.Error("who is not where its record says was taken into the table")
	}

	// In an answer to FINDNODE it is pinged before anything else is done with it.
	friend := w.add(2, public(2))
	friend.table.Add(w.now, liar.cfg.Record, kad.Found)
	friend.table.Alive(w.now, liar.key.ID(), 0)
	tick := a.next.Next()
	a.take(a.FindNode(w.now, tick, friend.cfg.Record, []uint16{uint16(id.LogDistance(friend.key.ID(), liar.key.ID()))}))
	if found := a.answer(tick); len(found.Records) != 1 {
		t.Fatalf("the friend's answer: %+v", found)
	}
	for range 30 { // and it answers meanwhile, from where it is
		liar.take(liar.Talk(w.now, liar.next.Next(), a.cfg.Record, "x", nil))
		w.run(2 * time.Second)
		tick := a.next.Next()
		a.take(a.Ping(w.now, tick, liar.cfg.Record))
	}
	if got == 0 || got > 3*2*tries || size > 100 {
		t.Errorf("%d packets of up to %d bytes to the victim", got, size)
	}
	if n := len(a.table.At([]uint16{uint16(id.LogDistance(a.key.ID(), liar.key.ID()))}, 16)); n != 0 {
		t.Error("it is told of without having answered")
	}
}

// V4: packets that come again, and answers that nobody asked for, change nothing.
func TestV4(t *testing.T) {
	w := newWorld(t, 15)
	a, b := w.add(0, public(0)), w.add(1, public(1))
	var seen []func()
	w.tap = func(from, to netip.AddrPort, p []byte) bool {
		p = append([]byte(nil), p...)
		seen = append(seen, func() { w.deliver(from, to, p) })
		return true
	}
	tick := a.next.Next()
	a.take(a.FindNode(w.now, tick, b.cfg.Record, []uint16{0, 256}))
	a.answer(tick)
	a.answer(a.ping(b))
	w.run(time.Second)
	w.tap = nil
	before, keysA, keysB := len(a.answers), a.only().keys[0].Session, b.only().keys[0].Session
	reports := len(a.reports)
	for range 3 {
		for _, again := range seen {
			again()
		}
		w.run(2 * time.Second)
	}
	if len(a.answers) != before || len(a.reports) != reports {
		t.Errorf("%d answers and %d reports became %d and %d", before, reports, len(a.answers), len(a.reports))
	}
	if a.only().keys[0].Session != keysA || b.only().keys[0].Session != keysB {
		t.Error("the session is another one")
	}

	// An answer with a number that is not out, of another kind, or from another endpoint.
	n := id.Ticket{Owner: "test", N: 99}
	a.take(a.Talk(w.now, n, b.cfg.Record, "x", nil))
	var number uint64
	for k := range a.calls {
		number = k
	}
	at := b.only()
	for _, text := range [][]byte{
		wire.AppendTalkResp(nil, wire.NumberedID(number+1), []byte("forged")),
		wire.AppendPong(nil, wire.NumberedID(number), 1, a.addr),
		wire.AppendNodes(nil, wire.NumberedID(number), 1, nil),
	} {
		b.reply(w.now, at, text)
	}
	elsewhere := *at
	elsewhere.at = public(0)
	packet, _, err := at.keys[0].Seal(nil, w.rng, wire.AppendTalkResp(nil, wire.NumberedID(number), []byte("forged")))
	if err != nil {
		t.Fatal(err)
	}
	a.take(a.Packet(w.now, public(3), packet))
	if got := a.answer(n); got.Err != nil || len(got.Body) != 0 {
		t.Errorf("forged: %+v", got)
	}
}

// only is the one session of a machine.
func (m *machine) only() *session {
	m.w.tb.Helper()
	if len(m.sessions.by) != 1 {
		m.w.tb.Fatalf("%d sessions", len(m.sessions.by))
	}
	return m.sessions.first
}

// V5: an answer to FINDNODE is at most five packets and sixteen records; each record has
// to be signed, at a distance that was asked for, and of a place that can be believed.
func TestV5(t *testing.T) {
	w := newWorld(t, 16)
	a, b := w.add(0, public(0)), w.add(1, public(1))
	a.answer(a.ping(b))
	w.run(time.Second)
	good := testRecord(t, testKey(50), public(50), 1)
	distance := uint16(id.LogDistance(b.key.ID(), good.ID()))
	at := func(key int, p netip.AddrPort) []byte {
		for ; ; key++ { // a key at the distance asked for
			if k := testKey(key); uint16(id.LogDistance(b.key.ID(), k.ID())) == distance {
				return testRecord(t, k, p, 1).Bytes()
			}
		}
	}
	wrong := testRecord(t, testKey(60), public(60), 1)
	for k := 60; uint16(id.LogDistance(b.key.ID(), wrong.ID())) == distance; k++ {
		wrong = testRecord(t, testKey(k), public(k), 1)
	}
	unsigned := bytes.Clone(at(70, public(70)))
	unsigned[10] ^= 1
	lan := netip.MustParseAddrPort("192.168.1.1:9000")
	cases := []struct {
		name    string
		total   uint8
		parts   int
		records [][]byte
		want    int
	}{
		{"one good", 1, 1, [][]byte{good.Bytes()}, 1},
		{"total 0 is 1", 0, 1, [][]byte{good.Bytes()}, 1},
		{"twice the same", 1, 1, [][]byte{good.Bytes(), good.Bytes()}, 1},
		{"wrong distance", 1, 1, [][]byte{wrong.Bytes(), good.Bytes()}, 1},
		{"unsigned", 1, 1, [][]byte{unsigned, good.Bytes()}, 1},
		{"no record", 1, 1, [][]byte{{0xc1, 0x80}, good.Bytes()}, 1},
		{"local network", 1, 1, [][]byte{at(80, lan)}, 0},
		{"loopback", 1, 1, [][]byte{at(90, loopback(1))}, 0},
		{"port of a service", 1, 1, [][]byte{at(100, netip.AddrPortFrom(public(3).Addr(), 53))}, 0},
		{"ourselves", 1, 1, [][]byte{a.cfg.Record.Bytes()}, 0},
		{"total lies, nothing follows", 200, 1, [][]byte{good.Bytes()}, 1},
		{"endless", 200, 50, [][]byte{good.Bytes()}, 1},
		{"none", 1, 1, nil, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w.tap = func(from, _ netip.AddrPort, _ []byte) bool { return from != b.addr }
			tick := a.next.Next()
			a.take(a.FindNode(w.now, tick, b.cfg.Record, []uint16{distance}))
			w.run(6 * time.Millisecond)
			number := b.msg.ID
			w.tap = nil
			for range c.parts {
				b.reply(w.now, b.only(), wire.AppendNodes(nil, number, c.total, c.records))
			}
			got := a.answer(tick)
			if got.Err != nil || len(got.Records) != c.want {
				t.Errorf("%d records, want %d, %v", len(got.Records), c.want, got.Err)
			}
			w.run(time.Second)
		})
	}
	// Sixteen at most, whatever is sent.
	var many [][]byte
	for k := 200; len(many) < 3*8; k++ {
		many = append(many, at(k, public(k%200+300)))
	}
	w.tap = func(from, _ netip.AddrPort, _ []byte) bool { return from != b.addr }
	tick := a.next.Next()
	a.take(a.FindNode(w.now, tick, b.cfg.Record, []uint16{distance}))
	w.run(6 * time.Millisecond)
	number := b.msg.ID
	w.tap = nil
	for i := range 3 {
		b.reply(w.now, b.only(), wire.AppendNodes(nil, number, 3, many[8*i:8*i+8]))
	}
	if got := a.answer(tick); len(got.Records) > foundMax {
		t.Errorf("%d records of one answer", len(got.Records))
	}
}

// V6: keys are replaced when they have sealed as much as they may, and after a day;
// nothing is lost over it.
func TestV6(t *testing.T) {
	w := newWorld(t, 17)
	a, b := w.add(0, public(0)), w.add(1, public(1))
	if err := b.Register("echo"); err != nil {
		t.Fatal(err)
	}
	b.serve = func(r Request) ([]byte, bool) { return r.Body, true }
	a.worn = 10
	for i := range 100 {
		body := binary.BigEndian.AppendUint32(nil, uint32(i))
		if got := a.answer(a.talk(b, "echo", body)); got.Err != nil || !bytes.Equal(got.Body, body) {
			t.Fatalf("request %d: %+v", i, got)
		}
		if n := a.sessions.first.keys[0].Sent(); n > a.worn+1 {
			t.Fatalf("keys sealed %d packets", n)
		}
	}
	if n := a.stats.Handshakes; n < 10 {
		t.Errorf("%d handshakes", n)
	}
	a.worn = keysPackets
	a.answer(a.talk(b, "echo", nil))
	for _, m := range []*machine{a, b} {
		for _, s := range m.sessions.by {
			for i := range s.n {
				s.keys[i].since = s.keys[i].since.Add(-keysFor)
			}
		}
	}
	before := a.stats.Handshakes
	if got := a.answer(a.talk(b, "echo", []byte("x"))); got.Err != nil {
		t.Fatal(got.Err)
	}
	if a.stats.Handshakes != before+1 {
		t.Errorf("%d handshakes after a day, want one more", a.stats.Handshakes-before)
	}
}

// V7: protocols that do not answer hold up neither each other nor FINDNODE, each node has
// its share, and in the end every request got its answer and nothing is left.
func TestV7(t *testing.T) {
	w := newWorld(t, 18)
	w.delay = time.Millisecond
	b := w.add(0, loopback(0))
	if err := b.Register("slow"); err != nil {
		t.Fatal(err)
	}
	var all []*machine
	for i := range 70 {
		m := w.add(i+1, loopback(i+1))
		all = append(all, m)
		m.answer(m.ping(b))
	}
	w.run(time.Second)
	asked := map[*machine][]id.Ticket{}
	for _, m := range all {
		for range 100 {
			asked[m] = append(asked[m], m.talk(b, "slow", []byte("x")))
		}
	}
	w.run(10 * time.Millisecond)
	each := map[id.ID]int{}
	for _, r := range b.requests {
		each[r.From]++
	}
	for who, n := range each {
		if n > talksEach {
			t.Errorf("%d requests of %s are with their protocol", n, who.Short())
		}
	}
	if b.talks.open > talksMax || len(b.talks.queue) > queuedMax || b.talks.open < 1000 {
		t.Errorf("%d requests open, %d wait", b.talks.open, len(b.talks.queue))
	}
	tick := all[0].next.Next()
	start := w.now
	all[0].take(all[0].FindNode(w.now, tick, b.cfg.Record, []uint16{256, 255}))
	if got := all[0].answer(tick); got.Err != nil || w.now.Sub(start) > 500*time.Millisecond {
		t.Errorf("FINDNODE under load: %v after %v", got.Err, w.now.Sub(start))
	}
	// One protocol's answer lets one that waits in.
	before := len(b.requests)
	if err := b.Reply(w.now, b.requests[0].N, []byte("at last")); err != nil {
		t.Fatal(err)
	}
	b.wake()
	w.run(time.Millisecond)
	if len(b.requests) != before+1 {
		t.Errorf("%d requests after one was answered, want %d", len(b.requests), before+1)
	}
	w.run(5 * time.Second)
	for m, ticks := range asked {
		for _, tick := range ticks {
			if got, ok := m.answers[tick]; !ok || got.Err != nil && got.Err != ErrTimeout {
				t.Fatalf("%v: %+v", ok, got)
			}
		}
	}
	if b.talks.open != 0 || len(b.talks.queue) != 0 || b.stats.Refused == 0 {
		t.Errorf("%d open, %d wait, %d refused", b.talks.open, len(b.talks.queue), b.stats.Refused)
	}
	for _, s := range b.sessions.by {
		if s.open != 0 || s.queued != 0 {
			t.Fatalf("a session counts %d open, %d queued", s.open, s.queued)
		}
	}
	if err := b.Reply(w.now, b.requests[5].N, nil); err != ErrGone {
		t.Errorf("much too late: %v", err)
	}
}

// V8: a node that comes back into a network whose clients hammer it finds its own nodes
// first; strangers are served a few at a time until it has them, or a minute is over.
func TestV8(t *testing.T) {
	w := newWorld(t, 19)
	friend := w.add(0, public(0))
	m := w.add(1, public(1), func(c *Config) { c.Bootnodes = []*enr.Record{friend.cfg.Record} })
	challenged := 0
	w.tap = func(from, to netip.AddrPort, p []byte) bool {
		if from == m.addr && to != friend.addr {
			challenged++
			return false
		}
		return true
	}
	n := 0
	hammer := func(d time.Duration) {
		challenged = 0
		for end := w.now.Add(d); w.now.Before(end); {
			for range 4 {
				n++
				m.take(m.Packet(w.now, nobody(n), strange(w.rng, m.key.ID())))
			}
			w.run(time.Millisecond)
		}
	}
	hammer(10 * time.Second)
	if most := graceRate * 11; challenged > most || challenged == 0 {
		t.Errorf("%d strangers challenged in 10 s, at most %d", challenged, most)
	}
	if m.table.Live() != 1 {
		t.Errorf("%d live nodes, want the friend", m.table.Live())
	}
	w.run(graceFor)
	hammer(2 * time.Second)
	if challenged < whosBurst {
		t.Errorf("%d strangers challenged in 2 s once the grace is over", challenged)
	}
}
