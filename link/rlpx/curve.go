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

// A point is a public key that was checked: its coordinates are below p and it lies
// on the curve. There is no other way to get one than parsePoint, decompress, recover
// and generate, so that nothing unchecked is multiplied. curve_go.go and curve_c.go
// each define it, with
//
//	parsePoint(xy []byte) (point, bool)            64 bytes X || Y
//	decompress(pub id.Public) (point, bool)
//	recoverPoint(sig *signature, digest *[32]byte) (point, bool)
//	(p *point) append(dst []byte) []byte           64 bytes X || Y
//	(p *point) public() id.Public
//	(k *scalar) point() (point, bool)              false when k is out of range
//	(k *scalar) ecdh(p *point) [32]byte            X of k·p
//	(k *scalar) sign(digest *[32]byte) signature

// generate draws a key pair. entropy is a secure source.
func generate(entropy io.Reader) (k scalar, p point, err error) {
	for {
		if _, err := io.ReadFull(entropy, k[:]); err != nil {
			return scalar{}, p, fmt.Errorf("rlpx: draw key: %w", err)
		}
		// Out of range with probability 2^-128; draw again.
		if p, ok := k.point(); ok {
			return k, p, nil
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
