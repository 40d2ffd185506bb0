package id

import (
	"bytes"
	"encoding/hex"
	"testing"
)

// The key of the EIP-778 example record and its node ID.
const (
	vectorKey = "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291"
	vectorID  = "a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7"
)

func vector(t *testing.T) *Key {
	t.Helper()
	raw, _ := hex.DecodeString(vectorKey)
	k, err := KeyFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestNodeIDVector(t *testing.T) {
	k := vector(t)
	if got := hex.EncodeToString(func() []byte { i := k.ID(); return i[:] }()); got != vectorID {
		t.Fatalf("node ID %s, want %s", got, vectorID)
	}
	again, err := Parse(k.ID().String())
	if err != nil || again != k.ID() {
		t.Fatalf("Parse(String) = %v, %v", again, err)
	}
	if pid := k.Public().PeerID(); pid.ID() != k.ID() {
		t.Fatal("the libp2p peer ID of the key names another node")
	}
}

func TestDistance(t *testing.T) {
	var a, b ID
	if LogDistance(a, a) != 0 {
		t.Fatal("distance to itself")
	}
	b[31] = 1
	if LogDistance(a, b) != 1 {
		t.Fatal("lowest bit")
	}
	b[0] = 0x80
	if LogDistance(a, b) != 256 {
		t.Fatal("highest bit")
	}
	if CompareDistance(a, a, b) != -1 || CompareDistance(a, b, a) != 1 || CompareDistance(b, a, a) != 0 {
		t.Fatal("CompareDistance")
	}
}

func TestSignatures(t *testing.T) {
	k := vector(t)
	digest := Keccak256([]byte("rope"))
	sig := k.SignDigest(digest)
	if !k.Public().VerifyDigest(digest, sig[:]) || !k.Public().VerifyDER(digest, k.SignDER(digest)) {
		t.Fatal("own signature refused")
	}
	sig[10] ^= 1
	if k.Public().VerifyDigest(digest, sig[:]) || k.Public().VerifyDigest(digest, nil) || k.Public().VerifyDER(digest, []byte{0x30}) {
		t.Fatal("broken signature accepted")
	}
}

func TestKeyRefusals(t *testing.T) {
	for _, raw := range [][]byte{nil, make([]byte, 32), bytes.Repeat([]byte{0xff}, 32), make([]byte, 33)} {
		if _, err := KeyFromBytes(raw); err == nil {
			t.Errorf("%x accepted as a key", raw)
		}
	}
	if _, err := ParsePublic(append([]byte{2}, bytes.Repeat([]byte{0xff}, 32)...)); err == nil {
		t.Error("x ≥ p accepted")
	}
}

func TestPeerIDForms(t *testing.T) {
	ed := PeerIDOf(Ed25519, make([]byte, 32))
	again, err := ParsePeerID(ed.String())
	if err != nil || again != ed {
		t.Fatalf("round trip: %v", err)
	}
	if typ, raw, ok := ed.Key(); !ok || typ != Ed25519 || len(raw) != 32 {
		t.Fatal("inlined Ed25519 key not found")
	}
	rsa := PeerIDOf(RSA, make([]byte, 300))
	if _, _, ok := rsa.Key(); ok || rsa.ID() == ed.ID() {
		t.Fatal("hashed peer ID")
	}
	for _, bad := range []string{"", "0", "16Uiu", "QmNope"} {
		if _, err := ParsePeerID(bad); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}

func FuzzPublicKey(f *testing.F) {
	f.Add(MarshalPublicKey(Ed25519, make([]byte, 32)))
	f.Add(MarshalPublicKey(RSA, make([]byte, 270)))
	f.Fuzz(func(t *testing.T, msg []byte) {
		typ, raw, err := UnmarshalPublicKey(msg)
		if err == nil && !bytes.Equal(MarshalPublicKey(typ, raw), msg) {
			t.Fatalf("%x is not canonical but was accepted", msg)
		}
	})
}

func FuzzPeerID(f *testing.F) {
	f.Add("16Uiu2HAmCQbjVZ8SCaTHEhBrRmUNP3rKQcDSVYBDcvkQVuUVsaGr")
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := ParsePeerID(s); err == nil {
			_ = p.ID()
		}
	})
}
