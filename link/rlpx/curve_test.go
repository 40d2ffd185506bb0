package rlpx

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"math/big"
	"testing"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"pgregory.net/rapid"
)

// The curve's prime and the order of its group (SEC 2, 2.4.1).
var (
	curveP, _ = new(big.Int).SetString("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", 16)
	curveN, _ = new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
)

// below draws a number below n, near an end of the range half of the time.
func below(t *rapid.T, n *big.Int, what string) (out [32]byte) {
	v := new(big.Int)
	switch rapid.IntRange(0, 3).Draw(t, what+" at") {
	case 0:
		v.SetInt64(rapid.Int64Range(0, 9).Draw(t, what))
	case 1:
		v.Sub(n, big.NewInt(rapid.Int64Range(1, 9).Draw(t, what)))
	default:
		raw := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, what)
		v.Mod(v.SetBytes(raw), n)
	}
	v.FillBytes(out[:])
	return out
}

// drawKey draws a scalar that is in range.
func drawKey(t *rapid.T, what string) scalar {
	for {
		if k := scalar(below(t, curveN, what)); k != (scalar{}) {
			return k
		}
	}
}

// What a handshake needs of the curve gives what decred's library gives.
func TestCurveAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, q := drawKey(t, "k"), drawKey(t, "q")
		theirs := secp256k1.PrivKeyFromBytes(k[:])
		p, other := k.point(), q.point()
		xy := p.uncompressed()
		if !k.valid() || !bytes.Equal(xy[:], theirs.PubKey().SerializeUncompressed()[1:]) {
			t.Fatalf("%x·G is %x", k, xy)
		}
		pub := compress(&xy)
		if !bytes.Equal(pub[:], theirs.PubKey().SerializeCompressed()) {
			t.Fatalf("compressed: %x", pub)
		}
		if again, ok := parsePoint(xy[:]); !ok || again.uncompressed() != xy {
			t.Fatal("not the same when parsed")
		}
		shared := k.ecdh(&other)
		want := secp256k1.GenerateSharedSecret(theirs, secp256k1.PrivKeyFromBytes(q[:]).PubKey())
		if !bytes.Equal(shared[:], want) || q.ecdh(&p) != shared {
			t.Fatalf("shared %x, want %x", shared, want)
		}
		digest := below(t, new(big.Int).Lsh(big.NewInt(1), 256), "digest")
		sig := k.sign(&digest)
		if from, ok := recoverPoint(&sig, &digest); !ok || from.uncompressed() != xy {
			t.Fatalf("own signature %x not recovered", sig)
		}
	})
}

// A signature is recovered, or refused, as decred's library does it, whatever it says.
func TestRecoverAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k, digest := drawKey(t, "k"), below(t, curveN, "digest")
		sig := k.sign(&digest)
		switch rapid.IntRange(0, 4).Draw(t, "change") {
		case 0:
			v := below(t, curveN, "r")
			copy(sig[:32], v[:])
		case 1:
			v := below(t, curveN, "s")
			copy(sig[32:64], v[:])
		case 2:
			sig[64] = rapid.Byte().Draw(t, "v")
		case 3: // not below the order
			copy(sig[:32], bytes.Repeat([]byte{0xff}, 32))
		}
		got, ok := recoverPoint(&sig, &digest)
		if sig[64] > 3 {
			if ok {
				t.Fatalf("v = %d taken", sig[64])
			}
			return
		}
		want, _, err := ecdsa.RecoverCompact(append([]byte{27 + sig[64]}, sig[:64]...), digest[:])
		if ok != (err == nil) {
			t.Fatalf("%x over %x: %v, decred %v", sig, digest, ok, err)
		}
		if xy := got.safe(ok); ok && !bytes.Equal(xy[:], want.SerializeUncompressed()[1:]) {
			t.Fatalf("%x over %x: %x", sig, digest, xy)
		}
	})
}

// safe is uncompressed of a point, if it is one.
func (p *point) safe(ok bool) (xy [64]byte) {
	if ok {
		xy = p.uncompressed()
	}
	return xy
}

// Wrong points, by what is wrong with them: CVE-2025-24883, CVE-2026-26314 and
// CVE-2026-26315 were one of these.
func wrongPoints(t testing.TB) map[string][]byte {
	t.Helper()
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil || len(b) != 64 {
			t.Fatal(s, len(b), err)
		}
		return b
	}
	const (
		gx = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
		gy = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8"
		z  = "0000000000000000000000000000000000000000000000000000000000000000"
		p  = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f"
		// x = 1 is on the curve with this y; 1 + p is the same number mod p.
		x1p = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30"
		y1  = "4218f20ae6c646b363db68605822fb14264ca8d2587fdd6fbc750d587e76a7ee"
		all = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	)
	return map[string][]byte{
		"infinity as zeros":  unhex(z + z),
		"y off by one":       unhex(gx + gy[:62] + "b9"),
		"x off by one":       unhex(gx[:62] + "99" + gy),
		"x and y swapped":    unhex(gy + gx),
		"x = 0":              unhex(z + gy),
		"y = 0":              unhex(gx + z),
		"x = p":              unhex(p + gy),
		"x = 1 + p":          unhex(x1p + y1),
		"y = p":              unhex(gx + p),
		"all ones":           unhex(all + all),
		"order 2 on a twist": unhex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2e" + z),
	}
}

func TestWrongPoints(t *testing.T) {
	for what, xy := range wrongPoints(t) {
		if _, ok := parsePoint(xy); ok {
			t.Errorf("%s: taken", what)
		}
	}
	good := make([]byte, 32)
	good[31] = 1
	y1, _ := hex.DecodeString("4218f20ae6c646b363db68605822fb14264ca8d2587fdd6fbc750d587e76a7ee")
	if _, ok := parsePoint(append(good, y1...)); !ok {
		t.Error("x = 1 refused, so that of 1 + p proves nothing")
	}
	for _, n := range []int{0, 1, 32, 63, 65, 128} {
		if _, ok := parsePoint(make([]byte, n)); ok {
			t.Errorf("%d bytes taken", n)
		}
	}
}

func TestScalarRange(t *testing.T) {
	for what, v := range map[string]*big.Int{"0": big.NewInt(0), "n": curveN, "n + 1": new(big.Int).Add(curveN, big.NewInt(1)), "p": curveP} {
		var k scalar
		v.FillBytes(k[:])
		if k.valid() {
			t.Errorf("%s is a key", what)
		}
	}
	// A source that begins with a number out of range: another is drawn.
	k, err := draw(bytes.NewReader(append(bytes.Repeat([]byte{0xff}, 32), bytes.Repeat([]byte{1}, 32)...)))
	if err != nil || k != scalar(bytes.Repeat([]byte{1}, 32)) {
		t.Errorf("drew %x, %v", k, err)
	}
	if _, err := draw(bytes.NewReader(nil)); err == nil {
		t.Error("drew a key of nothing")
	}
	k.wipe()
	if k != (scalar{}) {
		t.Error("not wiped")
	}
}

func BenchmarkCurve(b *testing.B) {
	k, _ := draw(rand.Reader)
	p := k.point()
	digest := [32]byte{1}
	sig := k.sign(&digest)
	xy := p.uncompressed()
	for name, f := range map[string]func(){
		"ecdh":     func() { k.ecdh(&p) },
		"generate": func() { p := k.point(); p.uncompressed() },
		"sign":     func() { k.sign(&digest) },
		"recover":  func() { recoverPoint(&sig, &digest) },
		"parse":    func() { parsePoint(xy[:]) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}
