//go:build !libsecp256k1

package id

import (
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// sign makes r||s, with a low s.
func (k *Key) sign(digest [32]byte) (out [64]byte) {
	// SignCompact is 1 byte of recovery code, then r||s.
	copy(out[:], ecdsa.SignCompact(k.priv, digest[:], true)[1:])
	return out
}

// multiply is the key that belongs to a scalar in range, as 4||X||Y.
func multiply(raw *[32]byte) (full [65]byte) {
	copy(full[:], secp256k1.PrivKeyFromBytes(raw[:]).PubKey().SerializeUncompressed())
	return full
}

// expand is a key as 4||X||Y; false when it is no point.
func (p Public) expand() (full [65]byte, ok bool) {
	pk, err := secp256k1.ParsePubKey(p[:])
	if err != nil {
		return full, false
	}
	copy(full[:], pk.SerializeUncompressed())
	return full, true
}
