//go:build nolibp2p && !libsecp256k1

package id

import "github.com/decred/dcrd/dcrec/secp256k1/v4"

// Shared is the point k·with in compressed form: the secret of the two keys' owners,
// as discv5 agrees on it (discv5 theory, "Identity-Specific Cryptography in the
// Handshake"). It is false when with is no point.
func (k *Key) Shared(with Public) (out [33]byte, ok bool) {
	pk, err := secp256k1.ParsePubKey(with[:])
	if err != nil {
		return out, false
	}
	var p, shared secp256k1.JacobianPoint
	pk.AsJacobian(&p)
	secp256k1.ScalarMultNonConst(&k.priv.Key, &p, &shared)
	shared.ToAffine()
	copy(out[:], secp256k1.NewPublicKey(&shared.X, &shared.Y).SerializeCompressed())
	return out, true
}
