package enr

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// The example of EIP-778, "Test Vectors".
const (
	vectorKey  = "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291"
	vectorID   = "0xa448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7"
	vectorText = "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5wBgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8"
)

func vectorNode(t testing.TB) *id.Key {
	t.Helper()
	raw, err := hex.DecodeString(vectorKey)
	if err != nil {
		t.Fatal(err)
	}
	k, err := id.KeyFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestVectorRead(t *testing.T) {
	r, err := Parse(vectorText)
	if err != nil {
		t.Fatal(err)
	}
	if r.String() != vectorText {
		t.Errorf("text changed: %s", r)
	}
	if r.ID().String() != vectorID || r.Public() != vectorNode(t).Public() {
		t.Errorf("node %v, key %v", r.ID(), r.Public())
	}
	if r.Seq() != 1 || r.IP() != netip.MustParseAddr("127.0.0.1") || r.IP6().IsValid() ||
		r.UDP(false) != 30303 || r.UDP(true) != 30303 || r.TCP(false) != 0 {
		t.Errorf("seq %d ip %v ip6 %v udp %d tcp %d", r.Seq(), r.IP(), r.IP6(), r.UDP(false), r.TCP(false))
	}
	if _, ok := r.Rope(); ok {
		t.Error("a rope entry where there is none")
	}
}

func TestVectorWrite(t *testing.T) {
	r, err := Builder{Seq: 1, IP: netip.MustParseAddr("127.0.0.1"), UDP: 30303}.Sign(vectorNode(t))
	if err != nil {
		t.Fatal(err)
	}
	if r.String() != vectorText {
		t.Errorf("got  %s\nwant %s", r, vectorText)
	}
}

// Ports fall back to the IPv4 name; zero is not there; all fields come back.
func TestFields(t *testing.T) {
	k := vectorNode(t)
	ip, ip6 := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")
	rope := Rope{Network: NetworkTag("devnet"), TCP: 4001, QUIC: 4002}
	r, err := Builder{
		Seq: 1 << 40, IP: ip, IP6: ip6, TCP: 30303, UDP: 30304, UDP6: 30306, Rope: &rope,
		Extra: []Pair{{"a", rlp.AppendUint(nil, 5)}, {"zz", rlp.AppendList(nil, nil)}},
	}.Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(r.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*Record{r, again} {
		got, ok := r.Rope()
		if r.Seq() != 1<<40 || r.ID() != k.ID() || r.IP() != ip || r.IP6() != ip6 || !ok || got != rope {
			t.Errorf("seq %d id %v ip %v %v rope %v %v", r.Seq(), r.ID(), r.IP(), r.IP6(), got, ok)
		}
		if r.TCP(false) != 30303 || r.TCP(true) != 30303 || r.UDP(false) != 30304 || r.UDP(true) != 30306 {
			t.Errorf("ports %d %d %d %d", r.TCP(false), r.TCP(true), r.UDP(false), r.UDP(true))
		}
		if v, ok := r.Get("a"); !ok || !bytes.Equal(v, []byte{5}) {
			t.Errorf("a = %x, %v", v, ok)
		}
		if _, ok := r.Get("b"); ok {
			t.Error("b is there")
		}
	}
	var keys []string
	for _, p := range r.Pairs() {
		keys = append(keys, p.Key)
	}
	if got := strings.Join(keys, " "); got != "a id ip ip6 rw secp256k1 tcp udp udp6 zz" {
		t.Errorf("keys %s", got)
	}
}

// An IPv4 address in IPv6 clothes is one.
func TestMappedAddress(t *testing.T) {
	r, err := Builder{IP: netip.MustParseAddr("::ffff:192.0.2.7")}.Sign(vectorNode(t))
	if err != nil || r.IP() != netip.MustParseAddr("192.0.2.7") {
		t.Fatal(err)
	}
}

func TestRope(t *testing.T) {
	item := func(parts ...[]byte) []byte { return rlp.AppendList(nil, bytes.Join(parts, nil)) }
	num := func(v uint64) []byte { return rlp.AppendUint(nil, v) }
	tag := rlp.AppendBytes(nil, []byte("abcd"))
	want := Rope{Network: [4]byte{'a', 'b', 'c', 'd'}, TCP: 1, QUIC: 2}
	for _, c := range []struct {
		name  string
		value []byte
		ok    bool
	}{
		{"plain", item(num(1), tag, num(1), num(2)), true},
		{"more elements", item(num(1), tag, num(1), num(2), num(9), item()), true},
		{"an onion of 31 bytes", item(num(1), tag, num(1), num(2), rlp.AppendBytes(nil, make([]byte, 31)), num(1), num(1)), true},
		{"an onion without ports", item(num(1), tag, num(1), num(2), rlp.AppendBytes(nil, make([]byte, 32)), num(0), num(0)), true},
		{"an onion with half of its ports", item(num(1), tag, num(1), num(2), rlp.AppendBytes(nil, make([]byte, 32)), num(1)), true},
		{"an onion with a port of three bytes", item(num(1), tag, num(1), num(2), rlp.AppendBytes(nil, make([]byte, 32)), num(65536), num(1)), true},
		{"later version", item(num(2), tag, num(1), num(2)), false},
		{"short tag", item(num(1), rlp.AppendBytes(nil, []byte("abc")), num(1), num(2)), false},
		{"no quic", item(num(1), tag, num(1)), false},
		{"port of three bytes", item(num(1), tag, num(65536), num(2)), false},
		{"string", num(1), false},
		{"empty", item(), false},
	} {
		// Whatever "rw" holds, the record itself is good: the key is not ours alone.
		r, err := Builder{Extra: []Pair{{"rw", c.value}}}.Sign(vectorNode(t))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, ok := r.Rope()
		if ok != c.ok || ok && got != want || !ok && got != (Rope{}) {
			t.Errorf("%s: %v, %v", c.name, got, ok)
		}
	}
	if NetworkTag("a") == NetworkTag("b") {
		t.Error("two networks, one tag")
	}
}

func TestSignRefusals(t *testing.T) {
	v4, v6 := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("fe80::1%eth0")
	for _, c := range []struct {
		name string
		b    Builder
		want error
	}{
		{"v6 as ip", Builder{IP: netip.IPv6Loopback()}, ErrMalformed},
		{"v4 as ip6", Builder{IP6: v4}, ErrMalformed},
		{"zone", Builder{IP6: v6}, ErrMalformed},
		{"key twice", Builder{Extra: []Pair{{"x", []byte{1}}, {"x", []byte{1}}}}, ErrMalformed},
		{"own key twice", Builder{Extra: []Pair{{"id", rlp.AppendString(nil, "v4")}}}, ErrMalformed},
		{"empty value", Builder{Extra: []Pair{{"x", nil}}}, ErrMalformed},
		{"two items", Builder{Extra: []Pair{{"x", []byte{1, 2}}}}, ErrMalformed},
		{"not canonical", Builder{Extra: []Pair{{"x", []byte{0x81, 1}}}}, ErrMalformed},
		{"301 bytes", Builder{Extra: []Pair{{"x", filler(301)}}}, ErrTooLarge},
	} {
		if _, err := c.b.Sign(vectorNode(t)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	r, err := Builder{Extra: []Pair{{"x", filler(300)}}}.Sign(vectorNode(t))
	if err != nil || len(r.Bytes()) != 300 {
		t.Errorf("300 bytes: %v", err)
	}
}

// filler is a value that makes a record of key "x" and nothing else n bytes long.
func filler(n int) []byte {
	// 3 list head, 66 signature, 1 seq, 6 id, 44 key, 1 "x", 2 string head
	return rlp.AppendBytes(nil, make([]byte, n-123))
}

// raw signs any content with the vector's key, past all checks of Sign.
func raw(t testing.TB, content []byte) []byte {
	sig := vectorNode(t).SignDigest(signedDigest(content))
	return rlp.AppendList(nil, append(rlp.AppendBytes(nil, sig[:]), content...))
}

// content lists seq 1 and pairs in the order given.
func content(pairs ...Pair) []byte {
	b := rlp.AppendUint(nil, 1)
	for _, p := range pairs {
		b = append(rlp.AppendString(b, p.Key), p.Value...)
	}
	return b
}

func text(key, value string) Pair { return Pair{key, rlp.AppendString(nil, value)} }

// Records that are signed as they should be and yet are none.
func TestDecodeRefusals(t *testing.T) {
	pub := vectorNode(t).Public()
	v4, key := text("id", "v4"), text("secp256k1", string(pub[:]))
	ports := func(name string, v ...byte) []byte { return content(v4, key, text(name, string(v))) }
	badPub := pub
	badPub[0] = 4
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"plain", raw(t, content(v4, key)), nil},
		{"unknown values", raw(t, content(Pair{"", []byte{0xc2, 0xc0, 0x05}}, text("a", ""), v4, key)), nil},
		{"port zero", raw(t, ports("tcp")), nil},
		{"empty", nil, ErrMalformed},
		{"string", []byte{0x80}, ErrMalformed},
		{"empty list", []byte{0xc0}, ErrMalformed},
		{"no pairs", raw(t, content()), ErrMalformed},
		{"trailing byte", append(raw(t, content(v4, key)), 0), ErrMalformed},
		{"key without value", raw(t, append(content(v4, key), 'x')), ErrMalformed},
		{"unsorted", raw(t, content(key, v4)), ErrMalformed},
		{"duplicate key", raw(t, content(v4, v4, key)), ErrMalformed},
		{"duplicate empty key", raw(t, content(text("", ""), text("", ""), v4, key)), ErrMalformed},
		{"key is a list", raw(t, append(content(v4, key), 0xc0, 0x01)), ErrMalformed},
		{"value not canonical", raw(t, content(v4, key, Pair{"x", []byte{0x81, 0x01}})), ErrMalformed},
		{"value not canonical inside", raw(t, content(v4, key, Pair{"x", []byte{0xc2, 0x81, 0x01}})), ErrMalformed},
		{"seq with a leading zero", raw(t, append([]byte{0x82, 0, 1}, content(v4, key)[1:]...)), ErrMalformed},
		{"seq of nine bytes", raw(t, append([]byte{0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0}, content(v4, key)[1:]...)), ErrMalformed},
		{"no id", raw(t, content(key)), ErrMalformed},
		{"no key", raw(t, content(v4)), ErrMalformed},
		{"scheme v5", raw(t, content(text("id", "v5"), key)), ErrScheme},
		{"scheme is a list", raw(t, content(Pair{"id", []byte{0xc0}}, key)), ErrScheme},
		{"short public key", raw(t, content(v4, text("secp256k1", string(pub[:32])))), ErrMalformed},
		{"uncompressed prefix", raw(t, content(v4, text("secp256k1", string(badPub[:])))), ErrMalformed},
		{"no point on the curve", raw(t, content(v4, text("secp256k1", "\x02"+strings.Repeat("\xff", 32)))), ErrMalformed},
		{"ip of five bytes", raw(t, content(v4, text("ip", "12345"), key)), ErrMalformed},
		{"ip of sixteen bytes", raw(t, content(v4, text("ip", "1234567890123456"), key)), ErrMalformed},
		{"ip6 of four bytes", raw(t, content(v4, text("ip6", "1234"), key)), ErrMalformed},
		{"ip is a list", raw(t, content(v4, Pair{"ip", []byte{0xc0}}, key)), ErrMalformed},
		{"port of three bytes", raw(t, ports("udp", 1, 0, 0)), ErrMalformed},
		{"port with a leading zero", raw(t, ports("tcp6", 0, 1)), ErrMalformed},
		{"300 bytes", raw(t, content(v4, key, Pair{"x", filler(300)})), nil},
		{"301 bytes", raw(t, content(v4, key, Pair{"x", filler(301)})), ErrTooLarge},
	} {
		r, err := Decode(c.b)
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if err == nil && !bytes.Equal(r.Bytes(), c.b) {
			t.Errorf("%s: bytes changed", c.name)
		}
	}
}

func TestSignatureRefusals(t *testing.T) {
	pub := vectorNode(t).Public()
	good := raw(t, content(text("id", "v4"), text("secp256k1", string(pub[:]))))
	const sigAt = 4 // after the heads of list (2) and signature (2)
	change := func(f func(b []byte)) []byte {
		b := bytes.Clone(good)
		f(b)
		return b
	}
	// The same signature with n-s in place of s is as valid to a plain verifier.
	highS := change(func(b []byte) {
		var s secp256k1.ModNScalar
		s.SetByteSlice(b[sigAt+32 : sigAt+64])
		s.Negate()
		raw := s.Bytes()
		copy(b[sigAt+32:], raw[:])
	})
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"high s", highS},
		{"r changed", change(func(b []byte) { b[sigAt] ^= 1 })},
		{"s changed", change(func(b []byte) { b[sigAt+63] ^= 1 })},
		{"zero", change(func(b []byte) { clear(b[sigAt : sigAt+64]) })},
		{"seq changed", change(func(b []byte) { b[sigAt+64] ^= 2 })},
		{"other key", change(func(b []byte) { b[len(b)-33] ^= 1 })},
		{"r beyond n", change(func(b []byte) { copy(b[sigAt:sigAt+32], bytes.Repeat([]byte{0xff}, 32)) })},
	} {
		if _, err := Decode(c.b); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", c.name, err)
		}
		r, err := DecodeUnverified(c.b)
		if err != nil {
			t.Errorf("%s: refused before its signature was looked at: %v", c.name, err)
			continue
		}
		if !errors.Is(r.Verify(), ErrSignature) || !r.ID().IsZero() {
			t.Errorf("%s: verified apart, or it has an ID", c.name)
		}
	}
	short := rlp.AppendList(nil, append(rlp.AppendBytes(nil, good[sigAt:sigAt+63]), good[sigAt+64:]...))
	if _, err := DecodeUnverified(short); !errors.Is(err, ErrMalformed) {
		t.Errorf("signature of 63 bytes: %v", err)
	}
	r, err := DecodeUnverified(good)
	if err != nil || !r.ID().IsZero() {
		t.Fatal("an unverified record has an ID", err)
	}
	for range 2 { // a second time it has nothing to do
		if r.Verify() != nil || r.ID() != vectorNode(t).ID() {
			t.Error("verified apart it differs")
		}
	}
}

// The record keeps its own copy.
func TestDecodeCopies(t *testing.T) {
	r, err := Parse(vectorText)
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.Clone(r.Bytes())
	r, err = Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if r.String() != vectorText {
		t.Error("the record changed with its input")
	}
}

func TestParseRefusals(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"empty", "", ErrMalformed},
		{"prefix alone", "enr:", ErrMalformed},
		{"no prefix", vectorText[4:], ErrMalformed},
		{"other prefix", "ENR:" + vectorText[4:], ErrMalformed},
		{"padding", vectorText + "=", ErrMalformed},
		{"standard alphabet", strings.ReplaceAll(vectorText, "_", "/"), ErrMalformed},
		{"line break", vectorText[:50] + "\n" + vectorText[50:], ErrMalformed},
		{"space", vectorText + " ", ErrMalformed},
		{"cut", vectorText[:len(vectorText)-4], ErrMalformed},
		{"loose last bits", "enr:AB", ErrMalformed},
		{"long", "enr:" + strings.Repeat("A", 401), ErrTooLarge},
	} {
		if _, err := Parse(c.in); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
