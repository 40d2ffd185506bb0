package utp

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// vectors are portal-network-specs utp/utp-wire-test-vectors.md.
var vectors = []struct {
	name string
	hex  string
	want packet
}{
	{"SYN", "41002741c9b699ba00000000001000002e6c0000",
		packet{header: header{form: stSyn, conn: 10049, sent: 3384187322, window: 1048576, seq: 11884}}},
	{"STATE", "21002741005e885e36a7e8830010000041a72e6d",
		packet{header: header{form: stState, conn: 10049, sent: 6195294, delay: 916973699, window: 1048576, seq: 16807, ack: 11885}}},
	{"STATE, selective", "21012741005e885e36a7e8830010000041a72e6d000401000080",
		packet{header: header{form: stState, conn: 10049, sent: 6195294, delay: 916973699, window: 1048576, seq: 16807, ack: 11885}, sack: []byte{1, 0, 0, 128}}},
	{"DATA", "0100667d0f0cbacf0e710cbf00100000208e41a600010203040506070809",
		packet{header: header{form: stData, conn: 26237, sent: 252492495, delay: 242289855, window: 1048576, seq: 8334, ack: 16806}, payload: []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}},
	{"FIN", "11004a3b1eb5be8f1e7c94d100100000a05a41a6",
		packet{header: header{form: stFin, conn: 19003, sent: 515227279, delay: 511481041, window: 1048576, seq: 41050, ack: 16806}}},
	{"RESET", "3100f34d2cc6cfbb0000000000000000d87541a7",
		packet{header: header{form: stReset, conn: 62285, sent: 751226811, seq: 55413, ack: 16807}}},
}

// encode is p as it goes on the wire.
func encode(p packet) []byte {
	b := make([]byte, headerBytes)
	p.put(b, extNone)
	if p.sack != nil {
		p.put(b, extSack)
		b = append(append(b, extNone, byte(len(p.sack))), p.sack...)
	}
	return append(b, p.payload...)
}

func (p packet) same(q packet) bool {
	return p.header == q.header && bytes.Equal(p.sack, q.sack) && bytes.Equal(p.payload, q.payload)
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		raw := unhex(t, v.hex)
		p, ok := decode(raw)
		if !ok || !p.same(v.want) {
			t.Errorf("%s: decoded %+v, %v; want %+v", v.name, p, ok, v.want)
		}
		if got := encode(v.want); !bytes.Equal(got, raw) {
			t.Errorf("%s: encoded %x, want %x", v.name, got, raw)
		}
	}
}

// TestMutations: twenty ways to spoil a packet. Each is refused, or does not harm.
func TestMutations(t *testing.T) {
	const sackHex = "21012741005e885e36a7e8830010000041a72e6d000401000080"
	for _, m := range []struct {
		name string
		hex  string
		ok   bool
	}{
		{"empty", "", false},
		{"one byte", "21", false},
		{"a byte short of a header", "21002741005e885e36a7e8830010000041a72e", false},
		{"version 0", "20002741005e885e36a7e8830010000041a72e6d", false},
		{"version 2", "22002741005e885e36a7e8830010000041a72e6d", false},
		{"version 15", "2f002741005e885e36a7e8830010000041a72e6d", false},
		{"type 5", "51002741005e885e36a7e8830010000041a72e6d", false},
		{"type 15", "f1002741005e885e36a7e8830010000041a72e6d", false},
		{"an extension that is not there", sackHex[:40], false},
		{"an extension of half a head", sackHex[:42], false},
		{"an extension without its body", sackHex[:44], false},
		{"an extension a byte short", sackHex[:50], false},
		{"selective, 0 bytes", sackHex[:42] + "00", false},
		{"selective, 3 bytes", sackHex[:42] + "03010000", false},
		{"selective, 5 bytes", sackHex[:42] + "050100008000", false},
		{"selective, 255 bytes of 4", sackHex[:42] + "ff01000080", false},
		{"a chain that does not end", sackHex[:40] + "0104010000800104", false},
		{"an unknown extension", "21ff2741005e885e36a7e8830010000041a72e6d0002abcd", true},
		{"an empty unknown extension", "21092741005e885e36a7e8830010000041a72e6d0000", true},
		{"unknown, then selective", "21092741005e885e36a7e8830010000041a72e6d0102abcd000401000080", true},
		{"selective twice", sackHex[:40] + "010401000080000402000000", true},
		{"forty empty extensions", "21092741005e885e36a7e8830010000041a72e6d" + string(bytes.Repeat([]byte("0900"), 39)) + "0000", true},
		{"DATA without payload", "0100667d0f0cbacf0e710cbf00100000208e41a6", true},
		{"STATE with payload", "21002741005e885e36a7e8830010000041a72e6dffff", true},
	} {
		b := unhex(t, m.hex)
		if _, ok := decode(b); ok != m.ok {
			t.Errorf("%s: ok = %v", m.name, ok)
		}
		// Whatever it is, no stream suffers, reserved, dialled or open.
		w, a, c := openPair(t)
		for _, conn := range []uint16{a.s.recv, a.s.send} {
			if len(b) >= 4 {
				b[2], b[3] = byte(conn>>8), byte(conn)
			}
			c.h.take(c.h.e.Packet(w.now, a.h.who, b))
			a.h.take(a.h.e.Packet(w.now, c.h.who, b))
		}
		if m.ok {
			continue // of another stream's numbers: may end ours, as a lie
		}
		a.h.e.Write(w.now, a.t, []byte("after"))
		a.h.e.Finish(w.now, a.t)
		w.run(time10, nil)
		if g := c.h.got[c.t]; g == nil || !g.end || g.bytes != 5 {
			t.Errorf("%s: the stream has suffered: %+v", m.name, g)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, v := range vectors {
		f.Add(unhex(f, v.hex))
	}
	f.Add(unhex(f, "21092741005e885e36a7e8830010000041a72e6d0102abcd000401000080"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := decode(b)
		if !ok {
			return
		}
		// What is read is written the same, but for extensions that say nothing to us.
		q, ok := decode(encode(p))
		if !ok || !q.same(p) {
			t.Fatalf("%+v, then %+v, %v", p, q, ok)
		}
		if len(p.sack)%4 != 0 || len(p.payload)+len(p.sack) > len(b)-headerBytes {
			t.Fatalf("%+v from %d bytes", p, len(b))
		}
	})
}

// FuzzReorder holds the ring of packets out of order to a map of them.
func FuzzReorder(f *testing.F) {
	f.Add(uint16(65530), []byte{3, 1, 9, 0, 200, 2})
	f.Add(uint16(65533), []byte{1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, next uint16, steps []byte) {
		var r reorder
		r.start(next)
		held := map[uint16]byte{}
		for i, x := range steps {
			seq := r.next + uint16(x)*3
			if x != 0 && !r.has(seq) {
				r.keep(seq, []byte{byte(i)})
				held[seq] = byte(i)
			} else if x == 0 {
				b, ok := r.pull()
				want, is := held[r.next-1]
				if ok {
					if !is || b[0] != want {
						t.Fatal("another packet")
					}
					delete(held, r.next-1)
				} else {
					r.step()
				}
			}
			if r.count != len(held) || r.bytes != len(held) {
				t.Fatalf("holds %d of %d", r.count, len(held))
			}
			var sack [sackBytes]byte
			n := r.sack(&sack, sackBytes)
			later := r.count // the awaited one is none that the ack says
			if _, is := held[r.next]; is {
				later--
			}
			if n%4 != 0 || n > sackBytes || n == 0 != (later == 0) {
				t.Fatalf("%d bytes for %d", n, later)
			}
			for bit := range 8 * n {
				_, is := held[r.next+1+uint16(bit)]
				if is != (sack[bit/8]>>(bit%8)&1 == 1) {
					t.Fatalf("bit %d", bit)
				}
			}
		}
	})
}
