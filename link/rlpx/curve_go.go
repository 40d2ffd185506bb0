//go:build !libsecp256k1

package rlpx

import (
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"

	"github.com/ropewalk/ropewalk/id"
)

// point holds affine coordinates, normalised.
type point struct{ x, y secp256k1.FieldVal }

func parsePoint(xy []byte) (p point, ok bool) {
	if len(xy) != 64 {
		return point{}, false
	}
	if p.x.SetByteSlice(xy[:32]) || p.y.SetByteSlice(xy[32:]) {
		return point{}, false // not below p
	}
	// Infinity has no affine form, and (0, 0) is not on the curve.
	return p, secp256k1.NewPublicKey(&p.x, &p.y).IsOnCurve()
}

func decompress(pub id.Public) (p point, ok bool) {
	if pub[0] != 2 && pub[0] != 3 || p.x.SetByteSlice(pub[1:]) {
		return point{}, false
	}
	if !secp256k1.DecompressY(&p.x, pub[0] == 3, &p.y) {
		return point{}, false
	}
	p.y.Normalize()
	return p, true
}

func recoverPoint(sig *signature, digest *[32]byte) (p point, ok bool) {
	if sig[64] > 3 {
		return point{}, false
	}
	// The library wants 27 + v in front.
	var compact signature
	compact[0] = 27 + sig[64]
	copy(compact[1:], sig[:64])
	pub, _, err := ecdsa.RecoverCompact(compact[:], digest[:])
	if err != nil {
		return point{}, false
	}
	var j secp256k1.JacobianPoint
	pub.AsJacobian(&j)
	return point{j.X, j.Y}, true
}

func (p *point) append(dst []byte) []byte {
	var xy [64]byte
	p.x.PutBytesUnchecked(xy[:32])
	p.y.PutBytesUnchecked(xy[32:])
	return append(dst, xy[:]...)
}

func (p *point) public() (pub id.Public) {
	pub[0] = 2
	if p.y.IsOdd() {
		pub[0] = 3
	}
	p.x.PutBytesUnchecked(pub[1:])
	return pub
}

func (k *scalar) point() (p point, ok bool) {
	var s secp256k1.ModNScalar
	defer s.Zero()
	if s.SetByteSlice(k[:]) || s.IsZero() {
		return point{}, false
	}
	var j secp256k1.JacobianPoint
	secp256k1.ScalarBaseMultNonConst(&s, &j)
	j.ToAffine()
	return point{j.X, j.Y}, true
}

func (k *scalar) ecdh(p *point) (x [32]byte) {
	var s secp256k1.ModNScalar
	s.SetByteSlice(k[:])
	var in, out secp256k1.JacobianPoint
	in.X, in.Y = p.x, p.y
	in.Z.SetInt(1)
	secp256k1.ScalarMultNonConst(&s, &in, &out)
	s.Zero()
	out.ToAffine()
	out.X.PutBytesUnchecked(x[:])
	return x
}

func (k *scalar) sign(digest *[32]byte) (sig signature) {
	priv := secp256k1.PrivKeyFromBytes(k[:])
	compact := ecdsa.SignCompact(priv, digest[:], false)
	priv.Zero()
	copy(sig[:], compact[1:])
	sig[64] = compact[0] - 27
	return sig
}
