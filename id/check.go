//go:build !nolibp2p && !libsecp256k1

package id

import "gitlab.com/yawning/secp256k1-voi/secec"

// verify checks r||s, both from 1 to n-1, over a digest.
func (p Public) verify(digest [32]byte, sig *[64]byte) bool {
	r, s, err := secec.ParseCompactSignature(sig[:])
	if err != nil {
		return false
	}
	pk, err := secec.NewPublicKey(p[:])
	return err == nil && pk.VerifyRaw(digest[:], r, s)
}
