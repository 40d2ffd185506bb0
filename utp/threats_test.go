package utp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// stranger adds a remote that is no endpoint; what it is sent is in the slice.
func (w *world) stranger(n byte) (Remote, *[]packet) {
	r := Remote{ID: id.ID{n}, At: netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, 100, n}), 1)}
	out := &[]packet{}
	h := &host{w: w, who: r, e: New(Config{}, w.rng, nil)}
	w.nodes = append(w.nodes, h)
	last := w.tap
	w.tap = func(from, to *host, b []byte) bool {
		if to == h {
			p, _ := decode(append([]byte(nil), b...))
			*out = append(*out, p)
			return false
		}
		return last == nil || last(from, to, b)
	}
	return r, out
}

// TestU1UnknownSYN: a SYN opens only what was reserved for its sender, once; a flood of
// others costs a few RESETs and no memory.
func TestU1UnknownSYN(t *testing.T) {
	w := newWorld(t, 1, line{})
	h := w.host(Config{})
	mallory, out := w.stranger(66)
	alice, _ := w.stranger(65)
	tk := tickets.Next()
	conn, _ := h.e.Reserve(w.now, tk, alice.ID)
	x := end{h: h, t: tk}
	for n := range 65536 {
		x.give(mallory, packet{header: header{form: stSyn, conn: uint16(n), seq: 1}})
	}
	if s := h.e.Stats(); s.Opened != 0 || s.Inbound != 1 || len(h.e.streams) != 1 || len(h.e.peers) != 1 {
		t.Fatalf("%+v", s)
	}
	if n := len(*out); n != 1 || (*out)[0].form != stReset {
		t.Fatalf("%d answers, want one RESET in %v", n, resetPeerEvery)
	}
	// Data and FIN for the reserved ID open nothing, and are not answered.
	for _, f := range []form{stData, stFin, stState, stReset} {
		x.give(alice, packet{header: header{form: f, conn: conn + 1, seq: 5, ack: 7}})
	}
	if h.got[tk] != nil {
		t.Fatal("something other than a SYN did something")
	}
	x.give(alice, packet{header: header{form: stSyn, conn: conn, seq: 1}})
	if !h.got[tk].opened {
		t.Fatal("not opened")
	}
	// Once only, and from one address.
	elsewhere := Remote{ID: alice.ID, At: mallory.At}
	x.give(elsewhere, packet{header: header{form: stSyn, conn: conn, seq: 99}})
	x.give(alice, packet{header: header{form: stSyn, conn: conn, seq: 99}})
	if s := h.e.Stats(); s.Opened != 1 || h.e.tickets[tk].syn != 1 {
		t.Fatalf("opened twice: %+v", s)
	}
}

// TestU1ResetsAreBounded: strangers together get few RESETs, and a RESET gets none.
func TestU1ResetsAreBounded(t *testing.T) {
	w := newWorld(t, 1, line{})
	h := w.host(Config{})
	out := w.sends(h)
	x := end{h: h}
	for n := range 10_000 {
		from := Remote{ID: id.ID{byte(n), byte(n >> 8)}, At: netip.MustParseAddrPort("192.0.2.7:7")}
		x.give(from, packet{header: header{form: stData, conn: 4}})
		x.give(from, packet{header: header{form: stReset, conn: 4}})
		w.nodes[0].who.At = from.At // so that what is sent has somewhere to go
		w.now = w.now.Add(100 * time.Microsecond)
	}
	_ = out
	if got, most := h.packets, resetBurst+int(time.Second/resetEvery)+1; got > most || got < resetBurst {
		t.Fatalf("%d RESETs in a second, at most %d", got, most)
	}
}

// TestU2AckBeyondSent: who acknowledges what was not sent is lying, and the stream ends
// with a RESET; half the numbers away it is an old packet, and nothing happens.
func TestU2AckBeyondSent(t *testing.T) {
	for _, c := range []struct {
		ahead uint16
		lie   bool
	}{{0, false}, {1, true}, {100, true}, {lieMax, true}, {lieMax + 1, false}, {32767, false}, {32768, false}, {60000, false}} {
		w, a, b := openPair(t)
		out := w.sends(a.h)
		a.h.e.Write(w.now, a.t, noise(3000))
		a.give(b.h.who, packet{header: header{form: stState, conn: a.s.recv, ack: a.s.flight.next - 1 + c.ahead, window: 1 << 20}})
		g := a.h.got[a.t]
		if errors.Is(g.err, ErrLied) != c.lie || g.err == nil == c.lie {
			t.Errorf("%d ahead: %v", c.ahead, g.err)
		}
		if last := (*out)[len(*out)-1]; c.lie && (last.form != stReset || last.conn != a.s.send) {
			t.Errorf("%d ahead: told %+v", c.ahead, last)
		}
		a.h.e.check(t)
	}
	// Selectively: bits beyond what was sent say nothing.
	w, a, b := openPair(t)
	w.sends(a.h)
	a.h.e.Write(w.now, a.t, noise(3000))
	bits := make([]byte, 252)
	for i := range bits {
		bits[i] = 0xff
	}
	a.give(b.h.who, packet{header: header{form: stState, conn: a.s.recv, ack: a.s.flight.base - 1, window: 1 << 20}, sack: bits})
	a.h.e.check(t)
	if a.s.state != open || a.s.flight.holes != a.s.flight.len()-1 {
		t.Fatalf("%d of %d arrived", a.s.flight.holes, a.s.flight.len())
	}
}

// TestU2OptimisticAcks: a receiver that acknowledges at once, whatever arrives, and says
// that nothing waits anywhere, has no more on its way than the window may hold, and the
// window grows by no more than it says has arrived.
func TestU2OptimisticAcks(t *testing.T) {
	w := newWorld(t, 1, line{})
	h := w.host(Config{})
	mallory, out := w.stranger(66)
	tk := tickets.Next()
	h.e.Dial(w.now, tk, mallory, 100)
	x := end{h: h, t: tk, s: h.e.tickets[tk]}
	x.give(mallory, packet{header: header{form: stState, conn: 100, ack: x.s.syn, seq: 1, window: 1 << 31}})
	h.e.Write(w.now, tk, noise(16<<20))
	acked := 0
	for range 20_000 {
		n := len(*out)
		if n == 0 {
			w.now = w.now.Add(time.Millisecond)
			h.take(h.e.Advance(w.now))
			continue
		}
		last := (*out)[n-1]
		*out = (*out)[:0]
		w.now = w.now.Add(10 * time.Microsecond)
		before := x.s.flight.bytes
		for range 3 { // each three times: what is not new counts for nothing
			x.give(mallory, packet{header: header{form: stState, conn: 100, ack: last.seq, sent: micros(h.e.at(w.now)), delay: 1, window: 1 << 31}})
		}
		acked += before
		if l := x.s.ledbat.window; l > windowMax || l > windowFirst*PayloadMax+acked {
			t.Fatalf("a window of %d after %d bytes", l, acked)
		}
		if x.s.flight.bytes > windowMax {
			t.Fatalf("%d bytes on their way", x.s.flight.bytes)
		}
		if x.s.state != open {
			t.Fatal(h.got[tk].err)
		}
		if x.s.pieces.ahead == 0 {
			break
		}
	}
	h.e.check(t)
}

// TestU2DelaySamples: delays outside 0 to 10 s are no measure, and one that is lower than
// all before only makes us slower.
func TestU2DelaySamples(t *testing.T) {
	l := newLedbat(PayloadMax)
	l.sample(1, 4_000_000_000)
	for i, d := range []uint32{11_000_000, 1 << 30, 0x7fffffff} {
		l.sample(time.Duration(i+2), 4_000_000_000+d)
		if l.queue != 0 {
			t.Fatalf("%d counts as %v", d, l.queue)
		}
	}
	for range 4 {
		l.sample(10, 4_000_000_000+90_000)
	}
	if l.queue != 90*time.Millisecond {
		t.Fatalf("queue %v", l.queue)
	}
	l.sample(11, 3_000_000_000)
	for range 4 {
		l.sample(11, 3_000_000_000+50_000)
	}
	if l.queue != 50*time.Millisecond {
		t.Fatalf("queue %v after a new base", l.queue)
	}
}

// TestU2BaseForgets: a base that is higher since a clock or a way changed is believed
// after two minutes.
func TestU2BaseForgets(t *testing.T) {
	l := newLedbat(PayloadMax)
	now := time.Duration(0)
	for range 10 {
		l.sample(now, 1000)
	}
	for now < baseBin*(baseBins+1) {
		now += time.Second
		l.sample(now, 300_000)
	}
	if l.queue != 0 {
		t.Fatalf("queue %v", l.queue)
	}
}

// TestU3ReorderBombs: packets ahead of a gap that never comes are held within bounds
// per stream, per peer and in all, and are gone with the streams.
func TestU3ReorderBombs(t *testing.T) {
	w := newWorld(t, 1, line{})
	h := w.host(Config{})
	w.sends(h)
	x := end{h: h}
	payload := noise(1200)
	for n := range byte(16) {
		peer := Remote{ID: id.ID{n + 1}, At: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, n}), 1)}
		for {
			tk := tickets.Next()
			conn, ok := h.e.Reserve(w.now, tk, peer.ID)
			if !ok {
				break
			}
			x.give(peer, packet{header: header{form: stSyn, conn: conn, seq: 9}})
			s := h.e.tickets[tk]
			for seq := range uint16(2000) {
				x.give(peer, packet{header: header{form: stData, conn: conn + 1, seq: 11 + seq, ack: s.flight.next - 1}, payload: payload})
			}
			if s.reorder.count > segmentsFirst || s.reorder.bytes > heldFirst {
				t.Fatalf("%d segments, %d bytes of one stream", s.reorder.count, s.reorder.bytes)
			}
			if room := s.window(); room > heldFirst || room < windowPackets*bufferBytes {
				t.Fatalf("says it has room for %d", room)
			}
		}
		if p := h.e.peers[peer.ID]; p != nil && p.held > heldPerPeer {
			t.Fatalf("%d held for one peer", p.held)
		}
		h.e.check(t)
	}
	if s := h.e.Stats(); s.Held > heldTotal || s.Held < heldTotal*9/10 {
		t.Fatalf("%d held in all, of %d", s.Held, heldTotal)
	}
	// A stream in good order goes on all the same: it needs none.
	a := w.host(Config{})
	w.tap = nil
	done := w.send(h, a, noise(100_000), false)
	w.run(time.Second, done.over)
	done.check(t)
	w.run(time.Minute, nil)
	h.idle(t)
}

// TestU4AllSequenceNumbers: a stream is whole wherever its numbers begin, at either end,
// with losses, doubles and changes of order.
func TestU4AllSequenceNumbers(t *testing.T) {
	data := noise(60_000)
	step := 389
	if testing.Short() {
		step = 997
	}
	for first := 0; first < 65536+step; first += step {
		start := uint16(min(first, 65535))
		w := newWorld(t, uint64(first), line{trip: 10 * time.Millisecond, loss: 0.03, reorder: 0.1, double: 0.05})
		a, b := w.host(Config{PacketMax: 600}), w.host(Config{PacketMax: 600})
		x := w.send(a, b, data, false)
		// The SYN has gone under another number; the one on its way is the one that counts.
		s := a.e.tickets[x.tFrom]
		s.syn, s.first = start, start+1
		for i := range w.queue {
			binary.BigEndian.PutUint16(w.queue[i].b[16:], start)
		}
		w.run(20*time.Millisecond, func() bool { return x.to.got[x.tTo] != nil && x.to.got[x.tTo].opened })
		w.run(time.Minute, x.over)
		x.check(t)
	}
}

// TestU4FromElsewhere: packets of a stream count only from the node and the address that
// it is with.
func TestU4FromElsewhere(t *testing.T) {
	w, a, b := openPair(t)
	out := w.sends(a.h)
	mallory, _ := w.stranger(66)
	a.h.e.Write(w.now, a.t, noise(5*PayloadMax))
	sent := len(*out)
	for _, from := range []Remote{mallory, {ID: mallory.ID, At: b.h.who.At}, {ID: b.h.who.ID, At: mallory.At}} {
		for _, conn := range []uint16{a.s.recv, a.s.send} {
			for _, f := range []form{stReset, stFin, stData, stState, stSyn} {
				a.give(from, packet{header: header{form: f, conn: conn, seq: a.s.reorder.next, ack: a.s.flight.next - 1, window: 0}, payload: []byte("evil")})
			}
		}
	}
	if g := a.h.got[a.t]; a.s.state != open || g.bytes != 0 || a.s.flight.len() != 5 || a.s.room == 0 {
		t.Fatalf("touched from elsewhere: %+v", g)
	}
	for _, p := range (*out)[sent:] {
		if p.form != stReset {
			t.Fatalf("answered with %+v", p)
		}
	}
	a.give(b.h.who, packet{header: header{form: stReset, conn: a.s.send}})
	if !errors.Is(a.h.got[a.t].err, ErrReset) {
		t.Fatal("a RESET under the ID that we send under, as libutp's, says nothing")
	}
}

// TestU4Fins: a FIN before what has come is a lie, a second one at another place too, and
// nothing beyond a FIN is data.
func TestU4Fins(t *testing.T) {
	w, a, b := openPair(t)
	w.sends(b.h)
	next := b.s.reorder.next
	data := func(f form, seq uint16, body string) {
		b.give(a.h.who, packet{header: header{form: f, conn: b.s.recv, seq: seq, ack: b.s.flight.next - 1}, payload: []byte(body)})
		b.h.e.check(t)
	}
	data(stData, next+3, "D")
	data(stFin, next+2, "")
	if b.s.finSeen {
		t.Fatal("a FIN before data that has come")
	}
	data(stFin, next+4, "")
	data(stFin, next+6, "")
	data(stData, next+5, "F")
	if b.s.finAt != next+4 || b.s.reorder.count != 2 {
		t.Fatalf("FIN at %d, %d held", b.s.finAt-next, b.s.reorder.count)
	}
	data(stData, next, "A")
	data(stData, next+1, "B")
	data(stData, next+2, "C")
	if g := b.h.got[b.t]; !g.end || g.bytes != 4 {
		t.Fatalf("%+v", g)
	}
}

// TestU5DeadPeer: a remote that falls silent costs few packets, further apart each time,
// and at most ten seconds.
func TestU5DeadPeer(t *testing.T) {
	w, a, _ := openPair(t)
	var at []time.Duration
	w.tap = func(from, _ *host, _ []byte) bool {
		if from == a.h {
			at = append(at, w.now.Sub(t0))
		}
		return false
	}
	a.h.e.Write(w.now, a.t, noise(1e6))
	began := w.now
	w.run(time.Minute, nil)
	g := a.h.got[a.t]
	if !errors.Is(g.err, ErrIdle) || g.at > began.Sub(t0)+IdleAfter {
		t.Fatalf("%v after %v", g.err, g.at)
	}
	// The first window, the tail once more, time-outs at 0.5, 1.5, 3.5 and 7.5 s, a RESET.
	if n := len(at); n > windowFirst+1+4+1 {
		t.Fatalf("%d packets at %v", n, at)
	}
	for i := windowFirst + 2; i+1 < len(at)-1; i++ {
		if gap, last := at[i+1]-at[i], at[i]-at[i-1]; gap < 2*last-50*time.Millisecond {
			t.Fatalf("the gap after %v is %v, before it %v", at[i], gap, last)
		}
	}
	w.run(time.Minute, nil)
	a.h.idle(t)
}

// TestU5RetriesAreCapped: where standing still is allowed for long, six time-outs in a
// row are the end.
func TestU5RetriesAreCapped(t *testing.T) {
	w := newWorld(t, 1, line{trip: 20 * time.Millisecond})
	a, b := w.host(Config{IdleAfter: time.Hour}), w.host(Config{})
	x := w.send(a, b, noise(50_000), false)
	w.run(25*time.Millisecond, nil)
	w.tap = func(*host, *host, []byte) bool { return false }
	w.run(10*time.Minute, nil)
	if g, s := a.got[x.tFrom], a.e.Stats(); !errors.Is(g.err, ErrTimeout) || s.Timeouts != retriesMax+1 {
		t.Fatalf("%v after %d time-outs", g.err, s.Timeouts)
	}
}

// TestU5HeavyLoss: with 30 % of all packets lost a stream still arrives, and is sent less
// than twice over.
func TestU5HeavyLoss(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(t, seed, line{trip: 50 * time.Millisecond, loss: 0.3})
		a, b := w.host(Config{}), w.host(Config{})
		x := w.send(a, b, noise(200_000), seed%2 == 0)
		w.run(5*time.Minute, x.over)
		if g := a.got[x.tFrom]; g.err != nil {
			continue // the last FINs and a RESET may all be lost
		}
		x.check(t)
		if s := a.e.Stats(); s.Resent > 200_000/PayloadMax {
			t.Errorf("seed %d: %d sent again of %d", seed, s.Resent, s.PacketsOut)
		}
	}
}

// TestU6QueueStaysShort: on a line with a queue of two seconds a stream alone keeps it
// near the target, whatever the rate.
func TestU6QueueStaysShort(t *testing.T) {
	for _, rate := range []int{100_000, 1_000_000, 5_000_000} {
		for _, trip := range []time.Duration{10, 50, 200} {
			t.Run(fmt.Sprint(rate, trip), func(t *testing.T) {
				w := newWorld(t, 1, line{trip: trip * time.Millisecond, rate: rate, buffer: 2 * rate})
				a, b := w.host(Config{}), w.host(Config{})
				x := w.send(a, b, noise(40*rate), false)
				w.run(10*time.Second, nil) // past the start
				a.longest = 0
				before := a.out
				w.run(10*time.Second, nil)
				used := float64(a.out-before) / 10 / float64(rate)
				t.Logf("queue up to %v, %.0f %% of the line", a.longest, 100*used)
				if a.longest > target*3/2 || a.longest < 0 {
					t.Errorf("the queue is %v", a.longest)
				}
				if used < 0.7 && rate*int(trip)/1000 < windowMax {
					t.Errorf("%.0f %% of the line used", 100*used)
				}
				a.e.Abort(w.now, x.tFrom)
			})
		}
	}
}

// TestU6YieldsToOthers: while others keep a queue of 300 ms full, a stream goes down to
// its least window; when they are gone it has the line back.
func TestU6YieldsToOthers(t *testing.T) {
	w := newWorld(t, 1, line{trip: 50 * time.Millisecond, rate: 1_000_000, buffer: 2_000_000})
	a, b := w.host(Config{}), w.host(Config{})
	w.send(a, b, noise(60<<20), false)
	w.run(5*time.Second, nil)
	full := func(d time.Duration) int {
		before, end := a.out, w.now.Add(d)
		w.run(d, func() bool {
			a.free = max(a.free, w.now.Sub(t0)+300*time.Millisecond)
			return w.now.After(end)
		})
		return a.out - before
	}
	full(10 * time.Second)
	if n := full(10 * time.Second); n > 10_000_000/20 {
		t.Errorf("%d bytes in 10 s that others had filled", n)
	}
	w.run(10*time.Second, nil)
	before := a.out
	w.run(10*time.Second, nil)
	if n := a.out - before; n < 6_000_000 {
		t.Errorf("%d bytes in 10 s of an empty line", n)
	}
}

// TestU6Upload: all streams together send no more than Config.Upload, and each has its
// share.
func TestU6Upload(t *testing.T) {
	w := newWorld(t, 1, line{trip: 20 * time.Millisecond})
	a, b := w.host(Config{Upload: 500_000}), w.host(Config{})
	var all []*transfer
	for range 4 {
		all = append(all, w.send(a, b, noise(1e6), false))
	}
	w.run(time.Second, nil)
	before := a.out
	w.run(4*time.Second, nil)
	if n := a.out - before; n > 2_050_000 || n < 1_900_000 {
		t.Errorf("%d bytes in 4 s", n)
	}
	for _, x := range all {
		if g := b.got[x.tTo]; g.bytes < 300_000 {
			t.Errorf("one of four streams has %d bytes", g.bytes)
		}
	}
}
