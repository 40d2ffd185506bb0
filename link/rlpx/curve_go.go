//go:build !libsecp256k1

package rlpx

import (
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	voi "gitlab.com/yawning/secp256k1-voi"
	"gitlab.com/yawning/secp256k1-voi/secec"
)

// Points are multiplied by secp256k1-voi, which takes the same time whatever the key
// and half the time of decred's; decred signs, because its keys can be wiped
// (docs/decisions/0019).

type point struct{ p voi.Point }

func parsePoint(xy []byte) (p point, ok bool) {
	if len(xy) != 64 {
		return point{}, false
	}
	_, err := p.p.SetUncompressedBytes(append([]byte{4}, xy...))
	return p, err == nil
}

func recoverPoint(sig *signature, digest *[32]byte) (p point, ok bool) {
	r, s, v, err := secec.ParseCompactRecoverableSignature(sig[:])
	if err != nil {
		return point{}, false
	}
	pub, err := secec.RecoverPublicKey(digest[:], r, s, v)
	if err != nil {
		return point{}, false
	}
	p.p.Set(pub.Point())
	return p, true
}

func (p *point) uncompressed() [64]byte {
	return [64]byte(p.p.UncompressedBytes()[1:])
}

func (k *scalar) valid() bool {
	var s voi.Scalar
	defer s.Zero()
	_, err := s.SetCanonicalBytes((*[32]byte)(k))
	return err == nil && s.IsZero() == 0
}

func (k *scalar) point() (p point) {
	var s voi.Scalar
	defer s.Zero()
	s.SetBytes((*[32]byte)(k))
	p.p.ScalarBaseMult(&s)
	return p
}

func (k *scalar) ecdh(p *point) (x [32]byte) {
	var s voi.Scalar
	defer s.Zero()
	s.SetBytes((*[32]byte)(k))
	var shared voi.Point
	raw, err := shared.ScalarMult(&s, &p.p).XBytes()
	if err != nil {
		panic(err) // infinity: k is in range and p was checked
	}
	copy(x[:], raw)
	clear(raw)
	shared.Identity()
	return x
}

func (k *scalar) sign(digest *[32]byte) (sig signature) {
	priv := secp256k1.PrivKeyFromBytes(k[:])
	defer priv.Zero()
	// The library writes 27 + v in front.
	compact := ecdsa.SignCompact(priv, digest[:], false)
	copy(sig[:], compact[1:])
	sig[64] = compact[0] - 27
	return sig
}
