package enr

import (
	"bytes"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

func drawKey(t *rapid.T) *id.Key {
	k, err := id.KeyFromBytes(append([]byte{1}, rapid.SliceOfN(rapid.Byte(), 31, 31).Draw(t, "key")...))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func drawBuilder(t *rapid.T) Builder {
	b := Builder{
		Seq: rapid.Uint64().Draw(t, "seq"), TCP: rapid.Uint16().Draw(t, "tcp"), UDP: rapid.Uint16().Draw(t, "udp"),
		TCP6: rapid.Uint16().Draw(t, "tcp6"), UDP6: rapid.Uint16().Draw(t, "udp6"),
	}
	if rapid.Bool().Draw(t, "has ip") {
		b.IP = netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "ip")))
	}
	if rapid.Bool().Draw(t, "has ip6") {
		b.IP6 = netip.AddrFrom16([16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "ip6")))
	}
	if rapid.Bool().Draw(t, "has rope") {
		b.Rope = &Rope{Network: NetworkTag(rapid.String().Draw(t, "network")), TCP: rapid.Uint16().Draw(t, "rope tcp"), QUIC: rapid.Uint16().Draw(t, "rope quic")}
		if rapid.Bool().Draw(t, "has onion") {
			b.Rope.Onion = Onion{[32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "onion")), rapid.Uint16Min(1).Draw(t, "onion libp2p"), rapid.Uint16().Draw(t, "onion rlpx")}
		}
	}
	for _, k := range rapid.SliceOfNDistinct(rapid.StringMatching(`x[a-z]{0,3}`), 0, 3, rapid.ID[string]).Draw(t, "extra") {
		v := rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "value")
		b.Extra = append(b.Extra, Pair{k, rlp.AppendList(nil, rlp.AppendBytes(nil, v))})
	}
	return b
}

// What is signed can be read, in both forms, says the same and keeps its bytes.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, b := drawKey(t), drawBuilder(t)
		r, err := b.Sign(k)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(r.String())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again.Bytes(), r.Bytes()) || again.ID() != k.ID() || again.Public() != k.Public() {
			t.Fatal("another record came back")
		}
		if again.Seq() != b.Seq || again.IP() != b.IP || again.IP6() != b.IP6 || again.TCP(false) != b.TCP || again.UDP(false) != b.UDP {
			t.Fatalf("fields changed: %+v", again)
		}
		if got, ok := again.Rope(); ok != (b.Rope != nil) || ok && got != *b.Rope {
			t.Fatalf("rope %v, %v", got, ok)
		}
		for _, p := range b.Extra {
			if v, ok := again.Get(p.Key); !ok || !bytes.Equal(v, p.Value) {
				t.Fatalf("%s = %x, %v", p.Key, v, ok)
			}
		}
		same, err := Builder{Seq: again.Seq(), Extra: unsigned(again)}.Sign(k)
		if err != nil || !bytes.Equal(same.Bytes(), r.Bytes()) {
			t.Fatalf("signed again from its pairs: %v", err)
		}
	})
}

// unsigned are the pairs that Sign does not add by itself.
func unsigned(r *Record) (out []Pair) {
	for _, p := range r.Pairs() {
		if p.Key != keyID && p.Key != keyPublic {
			out = append(out, p)
		}
	}
	return out
}

// No bit of a record can be changed.
func TestEveryBitIsSigned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r, err := drawBuilder(t).Sign(drawKey(t))
		if err != nil {
			t.Fatal(err)
		}
		b := bytes.Clone(r.Bytes())
		i := rapid.IntRange(0, len(b)*8-1).Draw(t, "bit")
		b[i/8] ^= 1 << (i % 8)
		if _, err := Decode(b); err == nil {
			t.Fatalf("bit %d changed and nobody noticed", i)
		}
	})
}

// decode∘encode is the identity on accepted records, verified or not, and nothing
// panics. Parse accepts only its own spelling.
func FuzzRecord(f *testing.F) {
	good, err := Parse(vectorText)
	if err != nil {
		f.Fatal(err)
	}
	full, err := Builder{Seq: 7, IP: netip.IPv4Unspecified(), IP6: netip.IPv6Loopback(), TCP: 1, Rope: &Rope{TCP: 1}}.Sign(vectorNode(f))
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range [][]byte{good.Bytes(), full.Bytes(), nil, {0xc0}, raw(f, content(text("id", "v4")))} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeUnverified(b)
		if err != nil {
			return
		}
		if len(b) > BytesMax || !bytes.Equal(r.Bytes(), b) || !r.ID().IsZero() {
			t.Fatalf("%x accepted as %x", b, r.Bytes())
		}
		items := rlp.AppendUint(nil, r.Seq())
		for _, p := range r.Pairs() {
			items = append(rlp.AppendString(items, p.Key), p.Value...)
		}
		if !bytes.HasSuffix(b, items) {
			t.Fatalf("%x written again is %x", b, items)
		}
		if r.Verify() == nil && r.ID().IsZero() {
			t.Fatal("verified and nameless")
		}
	})
}

func FuzzText(f *testing.F) {
	f.Add(vectorText)
	f.Add("enr:")
	f.Add(vectorText + "\n")
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := Parse(s); err == nil && r.String() != s {
			t.Fatalf("%q is also %q", r.String(), s)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	r, err := Parse(vectorText)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Decode(r.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeUnverified(b *testing.B) {
	r, err := Parse(vectorText)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeUnverified(r.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
}
