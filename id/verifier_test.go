package id

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"pgregory.net/rapid"
)

func verifier(t testing.TB, p Public) *Verifier {
	t.Helper()
	v, err := NewVerifier(p)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A Verifier says of every signature what the key says, right and wrong ones.
func TestVerifierAgrees(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "key")
		rng := rand.NewChaCha8([32]byte{1: byte(seed), 2: byte(seed >> 8), 3: byte(seed >> 16), 9: byte(seed >> 24)})
		k, err := NewKey(rng)
		if err != nil {
			rt.Fatal(err)
		}
		v := verifier(t, k.Public())
		for range 20 {
			var digest [32]byte
			_, _ = rng.Read(digest[:])
			sig := k.SignDER(digest)
			if !v.VerifyDER(digest, sig) {
				rt.Fatalf("refuses a right signature: digest %x, signature %x", digest, sig)
			}
			at := rapid.IntRange(0, len(sig)-1).Draw(rt, "byte")
			sig[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
			if got, want := v.VerifyDER(digest, sig), k.Public().VerifyDER(digest, sig); got != want {
				rt.Fatalf("says %v of %x, the key says %v", got, sig, want)
			}
		}
	})
}

// Multiples by table are those of the library, at the ends of digits and of the
// group too.
func TestVerifierMultiples(t *testing.T) {
	k, err := KeyFromBytes(sha256sum("a point"))
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, k.Public())
	pk, _ := secp256k1.ParsePubKey(k.pub[:])
	var q secp256k1.JacobianPoint
	pk.AsJacobian(&q)
	same := func(n *secp256k1.ModNScalar) {
		t.Helper()
		var got, want secp256k1.JacobianPoint
		v.times(n, &got)
		secp256k1.ScalarMultNonConst(n, &q, &want)
		if !got.EquivalentNonConst(&want) {
			raw := n.Bytes()
			t.Fatalf("%x times the point is another one", raw)
		}
	}
	var n secp256k1.ModNScalar
	for i := range uint32(2000) {
		same(n.SetInt(i))
		same(n.NegateVal(n.SetInt(i))) // order - i
	}
	for _, text := range []string{
		"7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0", // half of the order
		"8421084210842108421084210842108421084210842108421084210842108421",
		"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
		"00000000000000000000000000000000ffffffffffffffffffffffffffffffff",
	} {
		raw, _ := hex.DecodeString(text)
		n.SetByteSlice(raw)
		same(&n)
	}
	rng := rand.NewChaCha8([32]byte{7})
	for range 2000 {
		var raw [32]byte
		_, _ = rng.Read(raw[:])
		n.SetBytes(&raw)
		same(&n)
	}
}

// A point whose x is above the group's order is met by r = x - order alone.
func TestVerifierWrapsX(t *testing.T) {
	var r secp256k1.ModNScalar
	found := 0
	for i := uint32(0); found < 3; i++ {
		raw := r.SetInt(i + 1).Bytes()
		var x, y secp256k1.FieldVal
		x.SetBytes(&raw)
		x.Add(&order).Normalize()
		if !secp256k1.DecompressY(&x, false, &y) {
			continue
		}
		found++
		y.Normalize()
		var z secp256k1.FieldVal
		p := secp256k1.MakeJacobianPoint(&x, &y, z.SetInt(1))
		if !hasX(&p, &r) {
			t.Errorf("x = order + %d is not met", i+1)
		}
		if hasX(&p, r.SetInt(i+2)) {
			t.Errorf("x = order + %d is met by another number", i+1)
		}
	}
	if hasX(new(secp256k1.JacobianPoint), r.SetInt(0)) {
		t.Error("the point at infinity has an x")
	}
}

func TestVerifierRefuses(t *testing.T) {
	if _, err := NewVerifier(Public{}); err == nil {
		t.Error("made of what is no point")
	}
	k, _ := KeyFromBytes(sha256sum("key"))
	v := verifier(t, k.Public())
	digest := [32]byte(sha256sum("text"))
	for _, sig := range [][]byte{nil, {0x30}, make([]byte, 64), k.SignDER([32]byte{})} {
		if v.VerifyDER(digest, sig) {
			t.Errorf("takes %x", sig)
		}
	}
	var zero, one secp256k1.ModNScalar
	one.SetInt(1)
	for _, s := range []*ecdsa.Signature{ecdsa.NewSignature(&zero, &one), ecdsa.NewSignature(&one, &zero)} {
		if v.VerifyDER(digest, s.Serialize()) {
			t.Error("takes a signature with a zero")
		}
	}
}

func sha256sum(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

func BenchmarkVerifyDER(b *testing.B) {
	k, _ := KeyFromBytes(sha256sum("key"))
	digest := [32]byte(sha256sum("text"))
	sig := k.SignDER(digest)
	b.Run("key", func(b *testing.B) {
		for b.Loop() {
			k.Public().VerifyDER(digest, sig)
		}
	})
	b.Run("verifier", func(b *testing.B) {
		v := verifier(b, k.Public())
		for b.Loop() {
			v.VerifyDER(digest, sig)
		}
	})
	b.Run("making", func(b *testing.B) {
		for b.Loop() {
			verifier(b, k.Public())
		}
	})
}
