package utp

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"pgregory.net/rapid"
)

// TestTwoEnds: two endpoints, and a network that loses, doubles, delays and spoils
// packets as it likes. What a reader has is always the beginning of what was written; a
// stream that ends has all of it; the books agree after every step, and in the end
// nothing is left.
func TestTwoEnds(t *testing.T) { rapid.Check(t, twoEnds) }

// FuzzTwoEnds is the same with a fuzzer that chooses.
func FuzzTwoEnds(f *testing.F) { f.Fuzz(rapid.MakeFuzz(twoEnds)) }

func twoEnds(rt *rapid.T) {
	l := line{
		trip:    time.Duration(rapid.IntRange(0, 400).Draw(rt, "trip")) * time.Millisecond,
		loss:    float64(rapid.IntRange(0, 30).Draw(rt, "loss")) / 100,
		reorder: float64(rapid.IntRange(0, 50).Draw(rt, "reorder")) / 100,
		double:  float64(rapid.IntRange(0, 30).Draw(rt, "double")) / 100,
		shift:   300 * time.Millisecond,
	}
	w := newWorld(rt, rapid.Uint64().Draw(rt, "seed"), l)
	cfg := Config{PerPeer: 3, Inbound: 4, Outbound: 4, PacketMax: 100}
	hosts := []*host{w.host(cfg), w.host(cfg)}
	wrote, read := map[id.Ticket][]byte{}, map[id.Ticket][]byte{}
	pair := map[id.Ticket]id.Ticket{} // reader's to writer's, both ways
	var live []id.Ticket
	of := map[id.Ticket]*host{}
	for _, h := range hosts {
		h.on = func(v Event) {
			if v.Kind == Data {
				read[v.Ticket] = append(read[v.Ticket], v.Data...)
			}
			all := wrote[pair[v.Ticket]]
			if got := read[v.Ticket]; !bytes.HasPrefix(all, got) {
				rt.Fatalf("%d bytes read that were not written so", len(got))
			}
		}
	}
	pick := func(t *rapid.T) id.Ticket { return rapid.SampledFrom(live).Draw(t, "stream") }
	some := func(f func(t *rapid.T)) func(*rapid.T) {
		return func(t *rapid.T) {
			if len(live) > 0 {
				f(t)
			}
		}
	}
	rt.Repeat(map[string]func(*rapid.T){
		"": func(*rapid.T) {
			for _, h := range hosts {
				h.e.check(rt)
			}
		},
		"open": func(t *rapid.T) {
			i := rapid.IntRange(0, 1).Draw(t, "who")
			a, b := hosts[i], hosts[1-i]
			ta, tb := tickets.Next(), tickets.Next()
			conn, ok := b.e.Reserve(w.now, tb, a.who.ID)
			if !ok {
				return
			}
			pair[ta], pair[tb], of[ta], of[tb] = tb, ta, a, b
			live = append(live, ta, tb)
			a.e.Dial(w.now, ta, b.who, conn)
		},
		"write": some(func(t *rapid.T) {
			tk := pick(t)
			b := noise(rapid.IntRange(0, 3000).Draw(t, "n"))
			if s := of[tk].e.tickets[tk]; s != nil && !s.finish {
				wrote[tk] = append(wrote[tk], b...)
			}
			of[tk].e.Write(w.now, tk, b[:len(b)/2], nil, b[len(b)/2:])
		}),
		"finish": some(func(t *rapid.T) { tk := pick(t); of[tk].e.Finish(w.now, tk) }),
		"abort": some(func(t *rapid.T) {
			tk := pick(t)
			of[tk].e.Abort(w.now, tk)
		}),
		"forget": func(t *rapid.T) {
			if rapid.IntRange(0, 9).Draw(t, "really") == 0 {
				hosts[0].e.Forget(w.now, hosts[1].who.ID)
			}
		},
		"spoil": func(t *rapid.T) {
			if len(w.queue) > 0 {
				b := w.queue[rapid.IntRange(0, len(w.queue)-1).Draw(t, "which")].b
				b[0] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits")) & 0x0f // no version of ours
			}
		},
		"run":  func(t *rapid.T) { w.run(time.Duration(rapid.IntRange(0, 500).Draw(t, "ms"))*time.Millisecond, nil) },
		"long": func(t *rapid.T) { w.run(time.Duration(rapid.IntRange(0, 15).Draw(t, "s"))*time.Second, nil) },
	})
	w.run(2*time.Minute, nil)
	for _, h := range hosts {
		h.idle(rt)
		for tk, g := range h.got {
			if p := of[pair[tk]]; g.end && p != nil && p.got[pair[tk]] != nil && p.got[pair[tk]].end &&
				!slices.Equal(read[tk], wrote[pair[tk]]) && !slices.Equal(read[pair[tk]], wrote[tk]) {
				rt.Fatalf("ended, and %d bytes of %d arrived", len(read[tk]), len(wrote[pair[tk]]))
			}
		}
	}
}

// TestHostileRemote: one endpoint with streams of every state, and a remote that sends
// whatever it likes, near enough to the truth to be heard. The bounds hold after every
// packet, what goes out is well formed, and in the end nothing is left.
func TestHostileRemote(t *testing.T) { rapid.Check(t, hostileRemote) }

// FuzzHostileRemote is the same with a fuzzer that chooses.
func FuzzHostileRemote(f *testing.F) { f.Fuzz(rapid.MakeFuzz(hostileRemote)) }

func hostileRemote(rt *rapid.T) {
	w := newWorld(rt, 1, line{})
	h := w.host(Config{PerPeer: 4})
	mallory, out := w.stranger(66)
	var live []id.Ticket
	conns := []uint16{0, 65535}
	near := func(t *rapid.T, of uint16, name string) uint16 {
		if rapid.Bool().Draw(t, name+" near") {
			return of + uint16(rapid.IntRange(-3, 40).Draw(t, name))
		}
		return of + rapid.Uint16().Draw(t, name+" far")
	}

	rt.Repeat(map[string]func(*rapid.T){
		"": func(*rapid.T) { h.e.check(rt) },
		"reserve": func(t *rapid.T) {
			tk := tickets.Next()
			if conn, ok := h.e.Reserve(w.now, tk, mallory.ID); ok {
				live, conns = append(live, tk), append(conns, conn)
			}
		},
		"dial": func(t *rapid.T) {
			tk := tickets.Next()
			conn := rapid.SampledFrom(conns).Draw(t, "conn") + uint16(rapid.IntRange(0, 2).Draw(t, "beside"))
			h.e.Dial(w.now, tk, mallory, conn)
			live, conns = append(live, tk), append(conns, conn)
		},
		"write": func(t *rapid.T) {
			if len(live) > 0 {
				tk := rapid.SampledFrom(live).Draw(t, "stream")
				h.e.Write(w.now, tk, noise(rapid.IntRange(0, 50_000).Draw(t, "n")))
				if rapid.Bool().Draw(t, "finish") {
					h.e.Finish(w.now, tk)
				}
			}
		},
		"abort": func(t *rapid.T) {
			if len(live) > 0 {
				h.e.Abort(w.now, rapid.SampledFrom(live).Draw(t, "stream"))
			}
		},
		"packets": func(t *rapid.T) {
			for range rapid.IntRange(1, 30).Draw(t, "count") {
				from := mallory
				if rapid.IntRange(0, 9).Draw(t, "elsewhere") == 0 {
					from.At = netip.AddrPortFrom(from.At.Addr(), 99)
				}
				conn := rapid.SampledFrom(conns).Draw(t, "conn") + uint16(rapid.IntRange(0, 1).Draw(t, "beside"))
				p := packet{header: header{
					form: form(rapid.IntRange(0, 4).Draw(t, "form")), conn: conn,
					sent: rapid.Uint32().Draw(t, "sent"), delay: rapid.Uint32().Draw(t, "delay"),
					window: rapid.SampledFrom([]uint32{0, 1, 1000, 1 << 20, 1<<32 - 1}).Draw(t, "window"),
				}, payload: noise(rapid.IntRange(0, 1400).Draw(t, "payload"))}
				if s := h.e.streams[key{mallory.ID, conn}]; s != nil {
					p.seq, p.ack = near(t, s.reorder.next, "seq"), near(t, s.flight.base, "ack")
					if s.state == dialing {
						p.ack = s.syn
					}
				}
				if n := rapid.IntRange(0, 63).Draw(t, "sack"); n > 0 {
					p.sack = noise(4 * n)
					p.sack[0] ^= rapid.Byte().Draw(t, "bits")
				}
				b := encode(p)
				if p.sack != nil && rapid.Bool().Draw(t, "chain") { // unknown extensions before it
					chain := bytes.Repeat([]byte{9, 0}, rapid.IntRange(1, 200).Draw(t, "links"))
					chain[len(chain)-2] = extSack
					b = slices.Concat(b[:headerBytes], chain, b[headerBytes:])
					b[1] = 9
				}
				if rapid.IntRange(0, 9).Draw(t, "cut") == 0 {
					b = b[:rapid.IntRange(0, len(b)).Draw(t, "length")]
				}
				before := h.packets
				h.take(h.e.Packet(w.now, from, b))
				// One packet lets a window go at most, and an answer.
				if n := h.packets - before; n > flightMax+2 {
					t.Fatalf("%d packets for one", n)
				}
				h.e.check(rt)
			}

		},
		"run": func(t *rapid.T) {
			w.run(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms"))*time.Millisecond, nil)
			for _, p := range *out {
				if len(p.payload) > PayloadMax || p.form >= forms || len(p.sack) > sackBytes {
					t.Fatalf("sent %+v", p.header)
				}
			}
			*out = (*out)[:0]
		},
	})
	w.run(2*time.Minute, nil)
	h.idle(rt)
}
