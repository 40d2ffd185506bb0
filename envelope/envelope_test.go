package envelope

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

func key(t testing.TB, n byte) *id.Key {
	t.Helper()
	k, err := id.KeyFromBytes(append(make([]byte, 31), n))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func addrs(text ...string) (out []link.Addr) {
	for _, s := range text {
		out = append(out, link.MustAddr(s))
	}
	return out
}

// payload is a record with addresses as they stand on the wire.
func payload(peer id.PeerID, seq uint64, named ...[]byte) []byte {
	out := appendBytes(nil, fieldPeer, []byte(peer))
	out = binary.AppendUvarint(append(out, fieldSeq<<3|varint), seq)
	for _, a := range named {
		out = appendBytes(out, fieldAddrs, appendBytes(nil, 1, a))
	}
	return out
}

// signed is an envelope of an Ed25519 key around any payload.
func signed(k ed25519.PrivateKey, kind string, payload []byte) []byte {
	out := appendBytes(nil, fieldKey, id.MarshalPublicKey(id.Ed25519, k.Public().(ed25519.PublicKey)))
	out = appendBytes(out, fieldType, []byte(kind))
	out = appendBytes(out, fieldPayload, payload)
	return appendBytes(out, fieldSignature, ed25519.Sign(k, signedBytes(payload)))
}

func edKey(n byte) (ed25519.PrivateKey, id.PeerID) {
	k := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, 32))
	return k, id.PeerIDOf(id.Ed25519, k.Public().(ed25519.PublicKey))
}

func TestSealOpen(t *testing.T) {
	k := key(t, 7)
	want := Record{Seq: 1<<63 + 5, Addrs: addrs(
		"/ip4/192.0.2.1/tcp/4001", "/ip4/192.0.2.1/udp/4001/quic-v1", "/ip6/2001:db8::1/tcp/1",
		"/onion3/pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd:4001",
		"/dns4/rope.example/tcp/443", "/dns/rope.example/tcp/443", "/dns6/rope.example/tcp/443",
		"/ip4/192.0.2.9/tcp/9/p2p/16Uiu2HAmCQbjVZ8SCaTHEhBrRmUNP3rKQcDSVYBDcvkQVuUVsaGr/p2p-circuit",
	)}
	raw := Seal(k, want)
	got, err := Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got.Peer != k.Public().PeerID() || got.Seq != want.Seq || len(got.Addrs) != len(want.Addrs) {
		t.Fatalf("%+v", got)
	}
	for i, a := range got.Addrs {
		if a != want.Addrs[i].WithPeer(got.Peer) {
			t.Errorf("address %s, want %s", a, want.Addrs[i])
		}
	}
	if p, err := Of(raw); err != nil || p != got.Peer {
		t.Errorf("Of: %s, %v", p, err)
	}
}

// Vectors of go-libp2p; the interop module makes more.
// Rule: X8
func TestVector(t *testing.T) {
	for name, v := range vectors {
		raw, err := hex.DecodeString(strings.Join(strings.Fields(v.hex), ""))
		if err != nil {
			t.Fatal(err)
		}
		r, err := Open(raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := fmt.Sprint(r.Peer, " ", r.Seq, " ", r.Addrs); got != v.want {
			t.Errorf("%s: %s\nwant %s", name, got, v.want)
		}
		for i := range raw {
			bad := bytes.Clone(raw)
			bad[i] ^= 4
			if _, err := Open(bad); err == nil {
				t.Errorf("%s: accepted with byte %d changed", name, i)
			}
		}
	}
}

// Rule: X4
func TestRefused(t *testing.T) {
	k, self := edKey(1)
	_, other := edKey(2)
	good := signed(k, payloadType, payload(self, 1))
	if _, err := Open(good); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"empty":             {nil, ErrMalformed},
		"too long":          {appendBytes(bytes.Clone(good), 9, make([]byte, BytesMax)), ErrMalformed},
		"foreign":           {signed(k, payloadType, payload(other, 1)), ErrForeign},
		"nobody":            {signed(k, payloadType, payload("", 1)), ErrForeign},
		"other type":        {signed(k, "\x03\x02", payload(self, 1)), ErrMalformed},
		"no type":           {signed(k, "", payload(self, 1)), ErrMalformed},
		"unsigned":          {good[:bytes.LastIndexByte(good, 0x2a)], ErrSignature},
		"no key":            {good[2+36:], ErrMalformed},
		"65 addresses":      {signed(k, payloadType, payload(self, 1, make([][]byte, 65)...)), ErrMalformed},
		"key as a number":   {append([]byte{0x08, 1}, good...), ErrMalformed},
		"peer as a number":  {signed(k, payloadType, []byte{0x08, 1}), ErrMalformed},
		"seq as bytes":      {signed(k, payloadType, []byte{0x12, 0}), ErrMalformed},
		"address cut off":   {signed(k, payloadType, []byte{0x1a, 5, 0x0a, 9}), ErrMalformed},
		"address, a number": {signed(k, payloadType, []byte{0x1a, 2, 0x08, 1}), ErrMalformed},
		"group":             {append([]byte{0x3b}, good...), ErrMalformed},
		"field 0":           {append([]byte{0x02, 0}, good...), ErrMalformed},
		"huge length":       {append(bytes.Clone(good), 0x4a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1), ErrMalformed},
	} {
		if _, err := Open(c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// The signature covers the domain: one made for another use is worth nothing here.
// Rule: X4
func TestDomain(t *testing.T) {
	k, self := edKey(1)
	body := payload(self, 1)
	raw := signed(k, payloadType, body)
	at := len(raw) - ed25519.SignatureSize
	foreign := bytes.Replace(signedBytes(body), []byte(domain), []byte("libp2p-peer-recorp"), 1)
	copy(raw[at:], ed25519.Sign(k, foreign))
	if _, err := Open(raw); !errors.Is(err, ErrSignature) {
		t.Fatal(err)
	}
	if _, err := Of(raw); err != nil {
		t.Errorf("Of looked at the signature: %v", err)
	}
	if r, err := Says(raw); err != nil || r.Peer != self {
		t.Errorf("Says: %+v, %v", r, err)
	}
}

// Of many addresses the first sixteen that we can use are kept, each once; those
// that we cannot read or that name somebody else are not there.
// Rule: X8
func TestAddresses(t *testing.T) {
	k, self := edKey(1)
	_, other := edKey(2)
	wire := func(s string) []byte {
		b, ok := binaryOf(link.MustAddr(s))
		if !ok {
			t.Fatal(s)
		}
		return b
	}
	named := [][]byte{
		wire("/ip4/1.2.3.4/tcp/5"), wire("/ip4/1.2.3.4/tcp/5"), wire("/ip4/1.2.3.4/tcp/5/p2p/" + self.String()),
		wire("/ip4/1.2.3.4/tcp/6/p2p/" + other.String()),
		nil, {0x04}, {0x04, 1, 2, 3, 4}, {0xff}, {0xdd, 0x03}, // cut off, alone, no number, ws
		append([]byte{0xa5, 0x03, 0xd0, 0x0f}, make([]byte, 2000)...), // a peer of 2,000 bytes
		{0x35, 3, 'a', '/', 'b', 0x06, 0, 1},
	}
	for port := range 30 {
		named = append(named, wire(fmt.Sprintf("/ip4/5.6.7.8/udp/%d/quic-v1", port+1)))
	}
	r, err := Open(signed(k, payloadType, payload(self, 1, named...)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Addrs) != AddrsMax || r.Addrs[0].String() != "/ip4/1.2.3.4/tcp/5/p2p/"+self.String() || r.Addrs[15].Port() != 15 {
		t.Fatalf("%v", r.Addrs)
	}
}

func TestNotWritten(t *testing.T) {
	for _, a := range []link.Addr{{}, link.MustAddr("/mem/x")} {
		if b, ok := binaryOf(a); ok {
			t.Errorf("%q is written as %x", a, b)
		}
	}
	many := make([]link.Addr, 40)
	for i := range many {
		many[i] = link.MustAddr(fmt.Sprintf("/ip4/1.2.3.4/tcp/%d", i+1))
	}
	if r, err := Open(Seal(key(t, 1), Record{Addrs: many})); err != nil || len(r.Addrs) != AddrsMax {
		t.Errorf("%v %v", r, err)
	}
}

func FuzzOpen(f *testing.F) {
	k, self := edKey(1)
	f.Add(Seal(key(f, 1), Record{Seq: 1, Addrs: addrs("/ip4/1.2.3.4/tcp/5")}))
	f.Add(signed(k, payloadType, payload(self, 1, []byte{0x04, 1, 2, 3, 4, 6, 0, 5})))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := Open(raw)
		if err != nil {
			return
		}
		if p, err := Of(raw); err != nil || p != r.Peer {
			t.Fatalf("Of disagrees: %s, %v", p, err)
		}
		if said, err := Says(raw); err != nil || !slices.Equal(said.Addrs, r.Addrs) {
			t.Fatalf("Says disagrees: %+v, %v", said, err)
		}
		if len(r.Addrs) > AddrsMax {
			t.Fatalf("%d addresses", len(r.Addrs))
		}
	})
}

func FuzzAddr(f *testing.F) {
	for _, a := range addrs("/ip4/1.2.3.4/tcp/5", "/ip6/::1/udp/5/quic-v1", "/dns/a/tcp/5", "/onion3/pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd:4001") {
		b, _ := binaryOf(a)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, ok := textOf(raw)
		if !ok {
			return
		}
		b, ok := binaryOf(a)
		if !ok {
			t.Fatalf("%x is %s, which is not written", raw, a)
		}
		if again, ok := textOf(b); !ok || again != a {
			t.Fatalf("%x is %s, then %s", raw, a, again)
		}
	})
}
