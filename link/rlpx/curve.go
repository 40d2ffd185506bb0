package rlpx

import (
	"fmt"
	"io"

	"github.com/ropewalk/ropewalk/id"
)

// scalar is a private key: 32 bytes big-endian, above zero and below the order of
// the group.
type scalar [32]byte

// wipe overwrites the key.
func (k *scalar) wipe() { clear(k[:]) }

// signature is r || s || v with v in 0 to 3, from which the signer's key is recovered.
type signature [65]byte

// A point is a public key that was checked: its coordinates are below p, it lies on
// the curve and is not infinity. Nothing makes one but the functions below, so that
// nothing unchecked is multiplied. curve_go.go and curve_c.go each define it, with
//
//	parsePoint(xy []byte) (point, bool)            64 bytes X || Y
//	recoverPoint(sig *signature, digest *[32]byte) (point, bool)
//	(p *point) uncompressed() [64]byte             X || Y
//	(k *scalar) valid() bool                       whether k is in range
//	(k *scalar) point() point                      k·G
//	(k *scalar) ecdh(p *point) [32]byte            X of k·p
//	(k *scalar) sign(digest *[32]byte) signature
//
// where every scalar but that of valid is in range.

// draw draws a key. entropy is a secure source.
func draw(entropy io.Reader) (k scalar, err error) {
	for {
		if _, err := io.ReadFull(entropy, k[:]); err != nil {
			return scalar{}, fmt.Errorf("rlpx: draw key: %w", err)
		}
		// Out of range with probability 2^-128; draw again.
		if k.valid() {
			return k, nil
		}
	}
}

// scalarOf is the scalar of a node key; whoever asks wipes it.
func scalarOf(key *id.Key) (k scalar) {
	raw := key.Bytes()
	copy(k[:], raw)
	clear(raw)
	return k
}

// compress is the short form of a key X || Y.
func compress(xy *[64]byte) (pub id.Public) {
	pub[0] = 2 + xy[63]&1
	copy(pub[1:], xy[:32])
	return pub
}
