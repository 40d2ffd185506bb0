package utp

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

const time10 = 10 * time.Second

// end is one end of a stream, seen from inside.
type end struct {
	h *host
	t id.Ticket
	s *stream
}

// openPair is an open stream between two hosts, the first having dialled.
func openPair(t testing.TB) (w *world, a, b end) {
	w = newWorld(t, 1, line{trip: 20 * time.Millisecond})
	a.h, b.h = w.host(Config{}), w.host(Config{})
	a.t, b.t = tickets.Next(), tickets.Next()
	conn, _ := b.h.e.Reserve(w.now, b.t, a.h.who.ID)
	a.h.e.Dial(w.now, a.t, b.h.who, conn)
	w.run(30*time.Millisecond, nil)
	a.s, b.s = a.h.e.tickets[a.t], b.h.e.tickets[b.t]
	if a.s == nil || b.s == nil || a.s.state != open || b.s.state != open {
		t.Fatal("not open")
	}
	return w, a, b
}

// give hands a packet to an end, from a remote, at once.
func (x end) give(from Remote, p packet) {
	x.h.take(x.h.e.Packet(x.h.w.now, from, encode(p)))
}

// sends notes what a host sends from now on; nothing arrives.
func (w *world) sends(h *host) *[]packet {
	var out []packet
	w.tap = func(from, to *host, b []byte) bool {
		if from == h {
			p, ok := decode(append([]byte(nil), b...))
			if !ok {
				w.t.Fatalf("sent %x", b)
			}
			out = append(out, p)
		}
		return false
	}
	return &out
}

// TestTrap7ReservedAndNeverOpened: who asks for fifty streams and opens none has eight
// places, and others have the rest; the places are free again after ten seconds.
func TestTrap7ReservedAndNeverOpened(t *testing.T) {
	w := newWorld(t, 1, line{})
	h := w.host(Config{})
	got := 0
	for range 50 {
		if _, ok := h.e.Reserve(w.now, tickets.Next(), id.ID{7}); ok {
			got++
		}
	}
	if got != PerPeer {
		t.Fatalf("%d reserved for one peer", got)
	}
	if _, ok := h.e.Reserve(w.now, tickets.Next(), id.ID{8}); !ok {
		t.Fatal("another peer is refused")
	}
	for n := range 100 {
		h.e.Reserve(w.now, tickets.Next(), id.ID{9, byte(n)})
	}
	if s := h.e.Stats(); s.Inbound != Inbound {
		t.Fatalf("%d reserved in all", s.Inbound)
	}
	w.run(synFor-1, nil)
	if h.e.Stats().Inbound != Inbound {
		t.Fatal("given up before their time")
	}
	w.run(2, nil)
	h.idle(t)
	if len(h.got) != Inbound {
		t.Fatalf("%d told", len(h.got))
	}
	for _, g := range h.got {
		if !errors.Is(g.err, ErrNoSYN) {
			t.Fatal(g.err)
		}
	}
}

// TestTrap8MorePacketsThanNumbers: a stream goes on past 65,536 packets, and its
// bookkeeping stays as small as its window.
func TestTrap8MorePacketsThanNumbers(t *testing.T) {
	w := newWorld(t, 1, line{trip: time.Millisecond})
	a, b := w.host(Config{PacketMax: 120}), w.host(Config{PacketMax: 120})
	data := noise(100 * 150_000)
	x := w.send(a, b, data, false)
	s := a.e.tickets[x.tFrom]
	w.run(time.Minute, func() bool {
		if len(s.flight.ring) > flightMax {
			t.Fatalf("a ring of %d", len(s.flight.ring))
		}
		return x.over()
	})
	x.check(t)
	if a.packets < 150_000 {
		t.Fatalf("%d packets", a.packets)
	}
	w.run(time.Minute, nil)
	a.idle(t)
	b.idle(t)
}

// TestTrap9LongWay: on a way of 600 ms the time-out follows the round trip, and nothing
// is sent twice.
func TestTrap9LongWay(t *testing.T) {
	w := newWorld(t, 1, line{trip: 600 * time.Millisecond})
	a, b := w.host(Config{}), w.host(Config{})
	x := w.send(a, b, noise(1e6), true)
	w.run(time.Minute, x.over)
	x.check(t)
	if s := a.e.Stats(); s.Resent != 0 || s.Timeouts != 0 {
		t.Fatalf("%d sent again, %d time-outs", s.Resent, s.Timeouts)
	}
	var r rtt
	for range 50 {
		r.sample(600 * time.Millisecond)
	}
	if d := r.timeout(); d < 600*time.Millisecond || d > 700*time.Millisecond {
		t.Fatalf("time-out %v", d)
	}
}

// TestTrap10SameAnswer: a repeated SYN has the same answer, also when data has gone.
func TestTrap10SameAnswer(t *testing.T) {
	w := newWorld(t, 1, line{})
	h := w.host(Config{})
	peer := Remote{ID: id.ID{9}, At: netip.MustParseAddrPort("192.0.2.99:1")}
	tk := tickets.Next()
	conn, _ := h.e.Reserve(w.now, tk, peer.ID)
	x := end{h: h, t: tk}
	out := w.sends(h)
	w.nodes = append(w.nodes, &host{w: w, who: peer, e: New(Config{}, w.rng, nil)})
	syn := packet{header: header{form: stSyn, conn: conn, seq: 65535, window: 1 << 20}}
	x.give(peer, syn)
	h.e.Write(w.now, tk, noise(5000))
	first := (*out)[0]
	if first.form != stState || first.conn != conn || first.ack != 65535 {
		t.Fatalf("%+v", first)
	}
	if n := len(*out); n < 4 || (*out)[1].seq != first.seq || (*out)[1].form != stData {
		t.Fatalf("%d packets, the first of data %+v", n, (*out)[1])
	}
	for range 3 {
		x.give(peer, syn)
		if last := (*out)[len(*out)-1]; last.header != first.header {
			t.Fatalf("%+v, then %+v", first.header, last.header)
		}
	}
	syn.seq++
	before := len(*out)
	x.give(peer, syn)
	if len(*out) != before {
		t.Fatal("another SYN of the same stream has an answer")
	}
}

// TestTrap11SelectiveAckIsShort: whatever is missing, a selective acknowledgement has
// at most 1024 bits.
func TestTrap11SelectiveAckIsShort(t *testing.T) {
	w, a, b := openPair(t)
	out := w.sends(b.h)
	b.s.delivered = 4 << 20 // so that it may hold a full ring
	for _, ahead := range []uint16{1, 2, 100, 1000, 1023, 1024, 1025, 30000, 32767, 32768, 65535} {
		b.give(a.h.who, packet{header: header{form: stData, conn: b.s.recv, seq: b.s.reorder.next + ahead, ack: b.s.flight.next - 1}, payload: []byte("x")})
		b.h.take(b.h.e.Advance(w.now))
	}
	if len(*out) == 0 {
		t.Fatal("nothing was acknowledged")
	}
	for _, p := range *out {
		if len(p.sack) > sackBytes || len(p.sack)%4 != 0 {
			t.Fatalf("%d bytes", len(p.sack))
		}
	}
	if b.s.reorder.count != 5 {
		t.Fatalf("%d held, want those within 1024", b.s.reorder.count)
	}
}

// TestTrap12OneFinEndsBoth: one FIN ends the stream at both ends, in the round trip that
// it takes, whoever writes.
func TestTrap12OneFinEndsBoth(t *testing.T) {
	for _, pull := range []bool{false, true} {
		w := newWorld(t, 1, line{trip: 20 * time.Millisecond})
		a, b := w.host(Config{}), w.host(Config{})
		fins := 0
		w.tap = func(_, _ *host, p []byte) bool {
			if form(p[0]>>4) == stFin {
				fins++
			}
			return true
		}
		x := w.send(a, b, noise(3000), pull)
		w.run(time.Minute, x.over)
		x.check(t)
		if took := w.now.Sub(t0); fins != 1 || took > 41*time.Millisecond {
			t.Errorf("pull %v: %d FINs, over after %v", pull, fins, took)
		}
	}
}

// TestTrap12ResetAfterAll: a RESET after our FIN, when all data is acknowledged, is the
// end of a stream in good order; before that it is a failure.
func TestTrap12ResetAfterAll(t *testing.T) {
	for _, done := range []bool{true, false} {
		w, a, b := openPair(t)
		w.sends(a.h)
		a.h.e.Write(w.now, a.t, noise(2000))
		a.h.e.Finish(w.now, a.t)
		fin := a.s.flight.next - 1
		if done {
			a.give(b.h.who, packet{header: header{form: stState, conn: a.s.recv, ack: fin - 1, window: 1 << 20}})
		}
		a.give(b.h.who, packet{header: header{form: stReset, conn: a.s.recv}})
		if g := a.h.got[a.t]; g.end != done || (g.err == nil) != done {
			t.Errorf("all acknowledged %v: %+v", done, g)
		}
	}
}

// TestTrap13SmallTransfers: streams of one, two and three packets take a round trip and
// a half, whoever writes.
func TestTrap13SmallTransfers(t *testing.T) {
	for _, size := range []int{1, PayloadMax, PayloadMax + 1, 2 * PayloadMax, 3 * PayloadMax} {
		for _, pull := range []bool{false, true} {
			w := newWorld(t, 1, line{trip: 20 * time.Millisecond})
			a, b := w.host(Config{}), w.host(Config{})
			x := w.send(a, b, noise(size), pull)
			w.run(time.Minute, x.over)
			if d := x.check(t); d > 31*time.Millisecond {
				t.Errorf("%d bytes, pull %v: %v", size, pull, d)
			}
		}
	}
}

// TestTrap13LossOfOne: whichever one of the first packets is lost, a small stream ends
// soon and whole.
func TestTrap13LossOfOne(t *testing.T) {
	for _, size := range []int{0, 1, 2 * PayloadMax, 3 * PayloadMax} {
		for _, pull := range []bool{false, true} {
			for lost := range 10 {
				t.Run(fmt.Sprint(size, pull, lost), func(t *testing.T) {
					w := newWorld(t, 1, line{trip: 20 * time.Millisecond})
					a, b := w.host(Config{}), w.host(Config{})
					n := -1
					w.tap = func(_, _ *host, p []byte) bool { n++; return n != lost }
					x := w.send(a, b, noise(size), pull)
					w.run(time.Minute, x.over)
					if d := x.check(t); d > 1100*time.Millisecond {
						t.Errorf("%v", d)
					}
				})
			}
		}
	}
}

// TestTrap14IdleIsShort: a stream that stands still is over after ten seconds, at both
// ends, and whatever the remote sends that is no progress.
func TestTrap14IdleIsShort(t *testing.T) {
	w, a, b := openPair(t)
	chatter := w.now
	w.run(11*time.Second, func() bool {
		if w.now.Sub(chatter) > time.Second { // keeps talking, and says nothing new
			chatter = w.now
			if b.s.state == open {
				b.give(a.h.who, packet{header: header{form: stState, conn: b.s.recv, seq: a.s.flight.next, ack: b.s.flight.next - 1, window: 1 << 20}})
			}
		}
		return false
	})
	for _, x := range []end{a, b} {
		if g := x.h.got[x.t]; !errors.Is(g.err, ErrIdle) && !errors.Is(g.err, ErrReset) || g.at > 10100*time.Millisecond {
			t.Errorf("%v after %v", g.err, g.at)
		}
	}
}
