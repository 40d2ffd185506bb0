//go:build !nolibp2p && !libsecp256k1

package id

import voi "gitlab.com/yawning/secp256k1-voi"

// Shared is the point k·with in compressed form: the secret of the two keys' owners,
// as discv5 agrees on it (discv5 theory, "Identity-Specific Cryptography in the
// Handshake"). It is false when with is no point. It takes the same time whatever
// the key (docs/decisions/0019).
func (k *Key) Shared(with Public) (out [33]byte, ok bool) {
	var p, shared voi.Point
	if _, err := p.SetCompressedBytes(with[:]); err != nil {
		return out, false
	}
	raw := [32]byte(k.Bytes())
	var s voi.Scalar
	s.SetBytes(&raw)
	b := shared.ScalarMult(&s, &p).CompressedBytes()
	ok = len(b) == copy(out[:], b) && len(b) == len(out) // else infinity
	s.Zero()
	shared.Identity()
	clear(raw[:])
	clear(b)
	return out, ok
}
