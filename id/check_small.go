//go:build nolibp2p && !libsecp256k1

package id

import (
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// verify checks r||s, both from 1 to n-1, over a digest. A program that leaves libp2p
// out to be small does without the tables of the quicker library, 1.4 MiB.
func (p Public) verify(digest [32]byte, sig *[64]byte) bool {
	var r, s secp256k1.ModNScalar
	if r.SetByteSlice(sig[:32]) || s.SetByteSlice(sig[32:]) || r.IsZero() || s.IsZero() {
		return false
	}
	pk, err := secp256k1.ParsePubKey(p[:])
	return err == nil && ecdsa.NewSignature(&r, &s).Verify(digest[:], pk)
}
