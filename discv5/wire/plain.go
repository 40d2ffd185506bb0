package wire

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"

	"github.com/ropewalk/ropewalk/id"
)

// Suite is the cipher that packets are made with.
type Suite uint8

const (
	// Real is the cipher of the specification.
	Real Suite = iota
	// Plain is none, for simulations with thousands of nodes: every packet has the size
	// and the parts it would have, what is for another node or of another session is
	// refused as it would be, and anybody can read and forge all of it. It is never for
	// a real network; nodes with Real do not understand it.
	Plain
)

// plainAEAD copies. Its tag is key and nonce.
type plainAEAD struct{ key [KeyBytes]byte }

func (plainAEAD) NonceSize() int { return nonceBytes }
func (plainAEAD) Overhead() int  { return tagBytes }

func (a plainAEAD) tag(nonce []byte) (t [tagBytes]byte) {
	t = a.key
	subtle.XORBytes(t[:], t[:nonceBytes], nonce)
	return t
}

func (a plainAEAD) Seal(dst, nonce, plaintext, _ []byte) []byte {
	t := a.tag(nonce)
	return append(append(dst, plaintext...), t[:]...)
}

func (a plainAEAD) Open(dst, nonce, sealed, _ []byte) ([]byte, error) {
	n := len(sealed) - tagBytes
	t := a.tag(nonce)
	if n < 0 || !bytes.Equal(sealed[n:], t[:]) {
		return nil, ErrSealed
	}
	return append(dst, sealed[:n]...), nil
}

// plainInitiate stands in for a handshake: a hash in the place of signature and keys.
func plainInitiate(self, peer id.ID, c Challenge, entropy [32]byte) *Initiation {
	in := &Initiation{}
	in.Ephemeral[0] = 2
	copy(in.Ephemeral[1:], entropy[:])
	in.Signature, in.Keys = plainAgree(self, peer, c, in.Ephemeral)
	return in
}

func plainRespond(self, peer id.ID, c Challenge, signature [signatureBytes]byte, ephemeral id.Public) (Keys, error) {
	want, keys := plainAgree(peer, self, c, ephemeral)
	if signature != want {
		return Keys{}, ErrSignature
	}
	return keys, nil
}

func plainAgree(initiator, recipient id.ID, c Challenge, ephemeral id.Public) (sig [signatureBytes]byte, keys Keys) {
	digest := proofDigest(c, ephemeral, recipient)
	copy(sig[:], digest[:])
	copy(sig[32:], initiator[:])
	data := sha256.Sum256(sig[:])
	return sig, Keys{Initiator: [KeyBytes]byte(data[:]), Recipient: [KeyBytes]byte(data[KeyBytes:])}
}
