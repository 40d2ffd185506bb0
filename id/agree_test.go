package id

import (
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// One library checks signatures and another makes them. They agree on every signature,
// right or wrong: changed digests, changed bytes, s of either half, r and s at the
// edges, keys that are no point.
func TestVerifyAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	draw := func() (out [32]byte) {
		for i := range out {
			out[i] = byte(r.Uint32())
		}
		return out
	}
	accepted := 0
	for range 400 {
		raw := draw()
		k, err := KeyFromBytes(raw[:])
		if err != nil {
			continue
		}
		digest, pub := draw(), k.Public()
		der, compact := k.SignDER(digest), k.SignDigest(digest)
		switch r.IntN(6) {
		case 0:
			digest[r.IntN(32)] ^= 1 << r.IntN(8)
		case 1:
			der[r.IntN(len(der))] ^= 1 << r.IntN(8)
			compact[r.IntN(64)] ^= 1 << r.IntN(8)
		case 2: // the other half: good in DER, refused in compact form
			var s secp256k1.ModNScalar
			s.SetByteSlice(compact[32:])
			s.Negate()
			var rr secp256k1.ModNScalar
			rr.SetByteSlice(compact[:32])
			s.PutBytesUnchecked(compact[32:])
			der = ecdsa.NewSignature(&rr, &s).Serialize()
		case 3:
			edge := [][]byte{make([]byte, 32), secp256k1.Params().N.Bytes(), {31: 1}}[r.IntN(3)]
			copy(compact[32*r.IntN(2):], edge)
		case 4:
			pub[1+r.IntN(32)] ^= 1 << r.IntN(8)
		}
		if got, want := pub.VerifyDER(digest, der), theirDER(pub, digest, der); got != want {
			t.Fatalf("DER %x of %x by %x: %v, want %v", der, digest, pub, got, want)
		}
		got, want := pub.VerifyDigest(digest, compact[:]), theirCompact(pub, digest, compact)
		if got != want {
			t.Fatalf("%x of %x by %x: %v, want %v", compact, digest, pub, got, want)
		}
		if got {
			accepted++
		}
	}
	if accepted < 50 {
		t.Errorf("%d accepted: the test shows too little", accepted)
	}
}

func theirDER(pub Public, digest [32]byte, der []byte) bool {
	sig, err := ecdsa.ParseDERSignature(der)
	pk, keyErr := secp256k1.ParsePubKey(pub[:])
	return err == nil && keyErr == nil && sig.Verify(digest[:], pk)
}

func theirCompact(pub Public, digest [32]byte, sig [64]byte) bool {
	var r, s secp256k1.ModNScalar
	if r.SetByteSlice(sig[:32]) || s.SetByteSlice(sig[32:]) || r.IsZero() || s.IsZero() || s.IsOverHalfOrder() {
		return false
	}
	pk, err := secp256k1.ParsePubKey(pub[:])
	return err == nil && ecdsa.NewSignature(&r, &s).Verify(digest[:], pk)
}
