package utp

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"pgregory.net/rapid"
)

// crowdBound is how long a transfer of crowdBytes between honest nodes may take among hostile
// ones: alone it takes half a second.
const (
	crowdBytes = 300_000
	crowdBound = 5 * time.Second
)

// villain is a hostile remote: its streams with the victim, by connection ID as the
// victim receives under.
type villain struct {
	who   Remote
	out   *[]packet
	conns []uint16
}

// crowd is one endpoint with honest transfers and several hostile remotes.
type crowd struct {
	t        *rapid.T
	w        *world
	h        *host
	honest   []*host
	under    []*transfer
	villains []*villain
}

// TestHostileCrowd: honest transfers come through whole and in time, whatever several
// hostile remotes do beside them on one endpoint; the bounds of memory hold after every
// input, and in the end nothing is left.
func TestHostileCrowd(t *testing.T) { rapid.Check(t, hostileCrowd) }

// FuzzHostileCrowd is the same with a fuzzer that chooses.
func FuzzHostileCrowd(f *testing.F) { f.Fuzz(rapid.MakeFuzz(hostileCrowd)) }

func hostileCrowd(rt *rapid.T) {
	w := newWorld(rt, rapid.Uint64().Draw(rt, "seed"), line{trip: 20 * time.Millisecond, loss: 0.01, reorder: 0.05})
	c := &crowd{t: rt, w: w, h: w.host(Config{})}
	for range 3 {
		c.honest = append(c.honest, w.host(Config{}))
	}
	for i := range rapid.IntRange(1, 9).Draw(rt, "villains") {
		who, out := w.stranger(byte(100 + i))
		c.villains = append(c.villains, &villain{who: who, out: out})
	}
	rt.Repeat(map[string]func(*rapid.T){
		"": func(*rapid.T) { c.check() },
		"honest": func(t *rapid.T) {
			if len(c.under) < 6 {
				peer, pull := rapid.SampledFrom(c.honest).Draw(t, "with"), rapid.Bool().Draw(t, "pull")
				if !c.h.e.room(peer.who.ID, true) || !c.h.e.room(peer.who.ID, false) {
					return
				}
				if rapid.Bool().Draw(t, "out") {
					c.under = append(c.under, w.send(c.h, peer, noise(crowdBytes), pull))
				} else {
					c.under = append(c.under, w.send(peer, c.h, noise(crowdBytes), pull))
				}
			}
		},
		"reserve": c.each(c.reserve),
		"dialled": c.each(c.dialled),
		"flood":   c.each(c.flood),
		"hoard":   c.each(c.hoard),
		"lie":     c.each(c.lie),
		"drip":    c.each(c.drip),
		"starve":  c.each(c.starve),
		"pastFin": c.each(c.pastFin),
		"forge":   c.each(c.forge),
		"leave":   c.each(func(_ *rapid.T, v *villain) { c.h.e.Forget(w.now, v.who.ID) }),
		"run":     func(t *rapid.T) { w.run(time.Duration(rapid.IntRange(0, 300).Draw(t, "ms"))*time.Millisecond, nil) },
	})
	w.run(crowdBound, func() bool { c.check(); return len(c.under) == 0 })
	w.run(2*time.Minute, nil)
	c.check()
	for _, h := range append(c.honest, c.h) {
		h.idle(rt)
	}
}

// each has one of the villains do something.
func (c *crowd) each(do func(*rapid.T, *villain)) func(*rapid.T) {
	return func(t *rapid.T) {
		do(t, rapid.SampledFrom(c.villains).Draw(t, "villain"))
		for _, v := range c.villains {
			*v.out = (*v.out)[:0]
		}
	}
}

// check holds the endpoint to its bounds, and the honest transfers to theirs.
func (c *crowd) check() {
	c.h.e.check(c.t)
	for _, h := range c.honest {
		if p := c.h.e.peers[h.who.ID]; (p == nil || p.inbound == 0) && !c.h.e.room(h.who.ID, true) {
			c.t.Fatal("no place left for who has none")
		}
	}
	c.under = slices.DeleteFunc(c.under, func(x *transfer) bool {
		if x.over() {
			if took := x.check(c.t); took > crowdBound {
				c.t.Fatalf("%v for an honest transfer", took)
			}
			return true
		}
		if age := c.w.now.Sub(t0) - x.began; age > crowdBound {
			c.t.Fatalf("an honest transfer is not over after %v: %+v %+v", age, x.from.got[x.tFrom], x.to.got[x.tTo])
		}
		return false
	})
}

func (c *crowd) give(from Remote, p packet) { c.h.take(c.h.e.Packet(c.w.now, from, encode(p))) }

// stream is a stream of a villain that is open, nil if there is none.
func (c *crowd) stream(t *rapid.T, v *villain) *stream {
	var all []*stream
	for _, conn := range v.conns {
		if s := c.h.e.streams[key{v.who.ID, conn}]; s != nil && s.state == open {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return rapid.SampledFrom(all).Draw(t, "stream")
}

// reserve asks for as many streams as there are, and opens most of them.
func (c *crowd) reserve(t *rapid.T, v *villain) {
	for range rapid.IntRange(1, 2*PerPeer).Draw(t, "streams") {
		conn, ok := c.h.e.Reserve(c.w.now, tickets.Next(), v.who.ID)
		if !ok {
			return
		}
		if rapid.IntRange(0, 3).Draw(t, "open") > 0 {
			c.give(v.who, packet{header: header{form: stSyn, conn: conn, seq: 9, window: 1 << 20}})
			v.conns = append(v.conns, conn+1)
		}
	}
}

// dialled has the victim dial, and write to, a villain, which answers or does not.
func (c *crowd) dialled(t *rapid.T, v *villain) {
	conn, tk := rapid.Uint16().Draw(t, "conn"), tickets.Next()
	c.h.e.Dial(c.w.now, tk, v.who, conn)
	c.h.e.Write(c.w.now, tk, noise(1<<20))
	c.h.e.Finish(c.w.now, tk)
	if s := c.h.e.tickets[tk]; s != nil && rapid.Bool().Draw(t, "answer") {
		c.give(v.who, packet{header: header{form: stState, conn: conn, ack: s.syn, seq: 1, window: rapid.SampledFrom([]uint32{0, 1, 1 << 31}).Draw(t, "window")}})
		v.conns = append(v.conns, conn)
	}
}

// flood sends SYNs and others for streams that nobody agreed.
func (c *crowd) flood(t *rapid.T, v *villain) {
	f := form(rapid.IntRange(0, 4).Draw(t, "form"))
	before := c.h.packets
	for n := range uint16(2000) {
		c.give(v.who, packet{header: header{form: f, conn: n * 31, seq: n}})
	}
	if n := c.h.packets - before; n > resetBurst+len(v.conns) {
		c.t.Fatalf("%d packets for a flood", n)
	}
}

// hoard sends what is ahead of a gap that never closes, in each of its streams.
func (c *crowd) hoard(_ *rapid.T, v *villain) {
	payload := noise(1100)
	for _, conn := range v.conns {
		if s := c.h.e.streams[key{v.who.ID, conn}]; s != nil && s.state == open {
			for seq := range uint16(300) {
				c.give(v.who, packet{header: header{form: stData, conn: conn, seq: s.reorder.next + 1 + seq, ack: s.flight.base - 1}, payload: payload})
			}
		}
	}
}

// lie acknowledges what was not sent, or all at once, with windows and delays of any kind.
func (c *crowd) lie(t *rapid.T, v *villain) {
	s := c.stream(t, v)
	if s == nil {
		return
	}
	p := packet{header: header{form: stState, conn: s.recv, seq: s.reorder.next, ack: s.flight.next - 1 + uint16(rapid.IntRange(-40, 40).Draw(t, "ack")),
		sent: rapid.Uint32().Draw(t, "sent"), delay: rapid.Uint32().Draw(t, "delay"), window: rapid.Uint32().Draw(t, "window")}}
	if rapid.Bool().Draw(t, "sack") {
		p.sack = bytes.Repeat([]byte{0xff}, 4*rapid.IntRange(1, 63).Draw(t, "bits"))
	}
	b := encode(p)
	if n := rapid.IntRange(0, 500).Draw(t, "chain"); n > 0 {
		b = slices.Concat(b[:headerBytes], bytes.Repeat([]byte{9, 0}, n), b[headerBytes:]) // it never ends as it says
		b[1] = 9
	}
	c.h.take(c.h.e.Packet(c.w.now, v.who, b))
}

// drip sends as little as counts as progress.
func (c *crowd) drip(t *rapid.T, v *villain) {
	if s := c.stream(t, v); s != nil {
		c.give(v.who, packet{header: header{form: stData, conn: s.recv, seq: s.reorder.next, ack: s.flight.base - 1, window: 1 << 20}, payload: []byte{1}})
	}
}

// starve says that it has no room, again and again, and reads nothing.
func (c *crowd) starve(t *rapid.T, v *villain) {
	if s := c.stream(t, v); s != nil {
		for range 50 {
			c.give(v.who, packet{header: header{form: stState, conn: s.recv, seq: s.reorder.next, ack: s.flight.base - 1, sent: uint32(c.w.now.UnixMicro())}})
		}
	}
}

// pastFin ends a stream and goes on sending.
func (c *crowd) pastFin(t *rapid.T, v *villain) {
	s := c.stream(t, v)
	if s == nil {
		return
	}
	ahead := uint16(rapid.IntRange(0, 20).Draw(t, "ahead"))
	fin := s.reorder.next + ahead
	for i, f := range []form{stFin, stData, stFin, stData, stData} {
		c.give(v.who, packet{header: header{form: f, conn: s.recv, seq: fin + uint16(i), ack: s.flight.base - 1}, payload: []byte("more")})
	}
	if s.state == open && s.reorder.top != s.reorder.next && before(fin+1, s.reorder.top) && s.finSeen && s.finAt == fin {
		c.t.Fatalf("holds what is %d beyond the FIN", s.reorder.top-fin-1)
	}
}

// forge sends packets of the honest streams under a villain's identity, its address, or
// their own identity from elsewhere; none of it may be heard.
func (c *crowd) forge(t *rapid.T, v *villain) {
	for _, peer := range c.honest {
		for k, s := range c.h.e.streams {
			if k.who != peer.who.ID || s.state != open {
				continue
			}
			for _, from := range []Remote{v.who, {ID: v.who.ID, At: peer.who.At}, {ID: peer.who.ID, At: netip.AddrPortFrom(v.who.At.Addr(), 9)}} {
				for f := range forms {
					for _, conn := range []uint16{s.recv, s.send, s.recv + 1} {
						c.give(from, packet{header: header{form: f, conn: conn, seq: s.reorder.next, ack: s.flight.next - 1}, payload: []byte("evil")})
					}
				}
			}
		}
	}
}

// TestHoardersLeaveRoom: hoarders hold most of the memory for what is out of order, and a
// stream that loses packets still has a window of its own.
func TestHoardersLeaveRoom(t *testing.T) {
	for _, villains := range []byte{1, 7, 8, 30, 60} {
		w := newWorld(t, 1, line{trip: 50 * time.Millisecond, loss: 0.01})
		h, a := w.host(Config{}), w.host(Config{})
		payload := noise(1200)
		for range PerPeer {
			for n := range villains {
				peer := Remote{ID: id.ID{n + 1}, At: netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, n}), 1)}
				conn, ok := h.e.Reserve(w.now, tickets.Next(), peer.ID)
				if !ok {
					continue
				}
				h.take(h.e.Packet(w.now, peer, encode(packet{header: header{form: stSyn, conn: conn, seq: 9}})))
				s := h.e.streams[key{peer.ID, conn + 1}]
				for seq := range uint16(300) {
					h.take(h.e.Packet(w.now, peer, encode(packet{header: header{form: stData, conn: conn + 1, seq: 11 + seq, ack: s.first - 1}, payload: payload})))
				}
			}
		}
		x := w.send(a, h, noise(1_000_000), false)
		w.run(time.Minute, x.over)
		// The hoarders are gone after ten seconds: it is over before.
		if took := x.check(t); took > 3*time.Second {
			t.Errorf("%d hoarders with %d bytes: %v", villains, h.e.Stats().Held, took)
		}
		for _, g := range h.got {
			if g.err != nil && !errors.Is(g.err, ErrIdle) {
				t.Fatal(g.err)
			}
		}
		w.run(time.Minute, nil)
		h.idle(t)
	}
}
