package discv5

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// consistent checks what always holds between the parts of a machine.
func (m *machine) consistent() {
	tb := m.w.tb
	tb.Helper()
	n, calls, waiting, open, queued := 0, 0, 0, 0, 0
	for s := m.sessions.first; s != nil; s = s.next {
		n++
		if m.sessions.by[s.place] != s || !s.linked || s.next != nil && s.next.prev != s {
			tb.Fatalf("session with %v is linked wrongly", s.at)
		}
		if s.n > keysKept || s.hot >= max(1, s.n) {
			tb.Fatalf("session with %v: %d keys, %d in use", s.at, s.n, s.hot)
		}
		for i := range s.n {
			if s.keys[i].Session == nil {
				tb.Fatalf("session with %v: keys %d of %d are none", s.at, i, s.n)
			}
		}
		if s.n == 0 && s.idle() {
			tb.Fatalf("session with %v is nothing", s.at)
		}
		calls, waiting, open, queued = calls+s.calls, waiting+len(s.waiting), open+s.open, queued+s.queued
		if s.calls > callsEach+1 || len(s.waiting) > waitingEach+1 || s.open > talksEach || s.queued > queuedEach {
			tb.Fatalf("session with %v: %d calls, %d wait, %d open, %d queued", s.at, s.calls, len(s.waiting), s.open, s.queued)
		}
		if (s.shake.state == asked) != (s.shake.state != still && s.shake.state != working) || s.shake.state == asked && s.shake.lead == nil {
			tb.Fatalf("session with %v shakes hands for nobody", s.at)
		}
	}
	if n != len(m.sessions.by) || len(m.sessions.newest) > n {
		tb.Fatalf("%d sessions in order, %d by place, %d by node", n, len(m.sessions.by), len(m.sessions.newest))
	}
	if calls != len(m.calls) || len(m.timers) != len(m.calls) {
		tb.Fatalf("%d requests under way, %d of sessions, %d timers", len(m.calls), calls, len(m.timers))
	}
	waits, nonces := 0, 0
	for i, c := range m.timers {
		if c.timer != i || m.calls[c.n] != c || i > 0 && c.due.Before(m.timers[(i-1)/2].due) {
			tb.Fatalf("request %d is in the wrong place", i)
		}
		if c.waits {
			waits++
		}
		nonces += c.sealed
	}
	if waits != waiting || nonces != len(m.nonces) {
		tb.Fatalf("%d and %d wait, %d and %d nonces", waits, waiting, nonces, len(m.nonces))
	}
	held := 0
	for _, r := range m.responding {
		held += len(r.held)
	}
	if held != m.held || len(m.responding) != len(m.responses) || len(m.responses) > respondMax {
		tb.Fatalf("%d and %d packets held, for %d and %d handshakes", held, m.held, len(m.responding), len(m.responses))
	}
	if open != m.talks.open || queued != len(m.talks.queue) {
		tb.Fatalf("%d and %d requests open, %d and %d queued", open, m.talks.open, queued, len(m.talks.queue))
	}
	if m.challenges.n > challengesMax || len(m.challenges.by) > m.challenges.n {
		tb.Fatalf("%d challenges, %d by place", m.challenges.n, len(m.challenges.by))
	}
}

// drill is a machine and its peers, driven by draws.
type drill struct {
	*world
	us     *machine
	peers  []*machine
	seen   [][3]any // packets to us: from, to, bytes
	strays map[netip.AddrPort][2]int
	asked  []id.Ticket
}

func newDrill(tb tester, seed uint64, draw func(n int) int) *drill {
	d := &drill{world: newWorld(tb, seed), strays: map[netip.AddrPort][2]int{}}
	d.loss, d.twice, d.jitter = float64(draw(4))/10, float64(draw(3))/10, time.Duration(draw(50)+1)*time.Millisecond
	d.working = time.Duration(draw(3)) * 7 * time.Millisecond
	sessions := 1 + draw(8)
	d.us = d.add(0, public(0), func(c *Config) { c.Sessions = sessions })
	for i := range 4 {
		d.peers = append(d.peers, d.add(i+1, public(i+1), func(c *Config) { c.Bootnodes = []*enr.Record{d.us.cfg.Record} }))
	}
	for _, m := range d.all {
		_, _ = m.Register("echo"), m.Hear("utp")
	}
	d.tap = func(from, to netip.AddrPort, p []byte) bool {
		if to == d.us.addr && len(d.seen) < 200 {
			d.seen = append(d.seen, [3]any{from, to, append([]byte(nil), p...)})
		}
		if at, ok := d.strays[to]; ok && from == d.us.addr {
			d.strays[to] = [2]int{at[0], at[1] + len(p)}
			if at[1]+len(p) > at[0] {
				tb.Fatalf("%d bytes to %v, which sent %d", at[1]+len(p), to, at[0])
			}
		}
		return true
	}
	return d
}

// stray hands us a packet from an address that belongs to nobody.
func (d *drill) stray(from netip.AddrPort, p []byte) {
	at := d.strays[from]
	d.strays[from] = [2]int{at[0] + len(p), at[1]}
	d.us.take(d.us.Packet(d.now, from, p))
}

// step does one thing.
func (d *drill) step(op int, draw func(n int) int) {
	m, peer := d.us, d.peers[draw(len(d.peers))]
	switch op {
	case 0:
		d.run(time.Duration(draw(400)) * time.Millisecond)
	case 1:
		d.asked = append(d.asked, m.talk(peer, "echo", make([]byte, draw(1400))))
	case 2:
		peer.talk(m, [2]string{"echo", "what"}[draw(2)], make([]byte, draw(1400)))
	case 3:
		_ = m.tellTo(peer, "utp", make([]byte, draw(1200)))
	case 4:
		_ = peer.tellTo(m, "utp", make([]byte, draw(1200)))
	case 5:
		d.asked = append(d.asked, m.ping(peer))
	case 6:
		peer.restart()
		_, _ = peer.Register("echo"), peer.Hear("utp")
	case 7:
		m.Remove(d.now, peer.key.ID())
	case 8:
		if n := len(m.requests); n > 0 {
			_ = m.Reply(d.now, m.requests[draw(n)].N, make([]byte, draw(1300)))
			m.wake()
		}
	case 9:
		if n := len(d.seen); n > 0 { // again, perhaps spoilt, perhaps from elsewhere
			s := d.seen[draw(n)]
			p := append([]byte(nil), s[2].([]byte)...)
			if draw(2) == 0 {
				p[draw(len(p))] ^= byte(1 + draw(255))
			}
			if draw(2) == 0 {
				d.stray(nobody(draw(20)), p)
			} else {
				m.take(m.Packet(d.now, s[0].(netip.AddrPort), p))
			}
		}
	case 10:
		for range draw(30) {
			d.stray(nobody(draw(20)), strange(d.rng, m.key.ID()))
		}
	case 11:
		// A handshake out of nothing, in the name of a peer.
		in := &wire.Initiation{Ephemeral: peer.key.Public()}
		s := wire.Real.Session(wire.Keys{}, peer.key.ID(), m.key.ID(), true)
		p, _, _ := s.SealHandshake(nil, d.rng, in, peer.cfg.Record.Bytes(), []byte{1, 0xc0})
		d.stray(nobody(draw(20)), p)
		m.take(m.Packet(d.now, peer.addr, p))
	case 12:
		t := m.next.Next()
		d.asked = append(d.asked, t)
		m.take(m.Lookup(d.now, t, id.Keccak256([]byte{byte(draw(256))})))
	case 13:
		t := m.next.Next()
		d.asked = append(d.asked, t)
		m.take(m.FindNode(d.now, t, peer.cfg.Record, []uint16{uint16(draw(300)), 256}))
	case 14:
		if draw(5) == 0 {
			m.take(m.Stop(d.now))
			m.take(m.Start(d.now))
		}
	case 15:
		peer.down = !peer.down
	}
	m.consistent()
}

// end lets everything come to its end: each question has its answer, nothing is left.
func (d *drill) end() {
	d.loss = 0
	d.run(time.Minute)
	for _, t := range d.asked {
		if _, ok := d.us.answers[t]; !ok {
			d.tb.Fatalf("%v has no answer", t)
		}
	}
	for s := d.us.sessions.first; s != nil; s = s.next {
		if s.open+s.queued > 0 {
			d.tb.Fatalf("%d open, %d queued", s.open, s.queued)
		}
	}
	d.us.consistent()
	d.us.take(d.us.Stop(d.now))
	d.run(time.Second)
	d.us.empty()
}

const drillOps = 16

// Whatever happens in whatever order, the machine's parts agree, an address that did not
// prove itself gets no more bytes than it sent, and each question has one answer.
func TestAnyTrace(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := 0
		draw := func(most int) int {
			n++
			return rapid.IntRange(0, most-1).Draw(rt, "n")
		}
		d := newDrill(rt, rapid.Uint64().Draw(rt, "seed"), draw)
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			d.step(draw(drillOps), draw)
		}
		d.end()
	})
}

// FuzzMachine is TestAnyTrace with the fuzzer's bytes for draws.
func FuzzMachine(f *testing.F) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 2))
		b := make([]byte, 300)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), 1000)]
		draw := func(most int) int {
			if len(b) < 2 {
				return 0
			}
			n := int(binary.BigEndian.Uint16(b))
			b = b[2:]
			return n % most
		}
		d := newDrill(t, 1, draw)
		for len(b) > 2 {
			d.step(draw(drillOps), draw)
		}
		d.end()
	})
}
