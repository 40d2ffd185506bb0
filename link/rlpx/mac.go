package rlpx

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
)

// mac is the running authentication of one direction (RLPx specification, "MAC").
// Tags are the first half of the running digest, and each takes the digest before it
// into account. The digest after a frame is the one before the next header, so it is
// kept instead of being worked out again.
type mac struct {
	hash   keccak
	digest [32]byte         // of hash
	block  cipher.Block     // AES-256 with the mac secret
	seed   [blockBytes]byte // of mix, here so that no call allocates it
}

// macState is what absorbing changes.
type macState struct {
	hash   keccak
	digest [32]byte
}

// state and restore undo what was absorbed in between.
func (m *mac) state() macState { return macState{m.hash, m.digest} }

func (m *mac) restore(s *macState) { m.hash, m.digest = s.hash, s.digest }

// newMAC starts a direction with its seed, 32 bytes, and the handshake packet that
// was sent in it.
func newMAC(secret, seed *[32]byte, packet []byte) (mac, error) {
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return mac{}, err
	}
	m := mac{hash: newKeccak(), block: block}
	m.hash.write(seed[:])
	m.hash.write(packet)
	m.digest = m.hash.sum()
	return m, nil
}

// header absorbs 16 bytes of header ciphertext; the tag is the new digest's first 16.
func (m *mac) header(ciphertext []byte) { m.mix(ciphertext[:blockBytes]) }

// body absorbs the ciphertext of a body; the tag is the new digest's first 16.
func (m *mac) body(ciphertext []byte) {
	m.hash.write(ciphertext)
	m.digest = m.hash.sum()
	m.mix(m.digest[:blockBytes])
}

// mix absorbs AES(digest) ^ with. with may be part of the digest.
func (m *mac) mix(with []byte) {
	m.block.Encrypt(m.seed[:], m.digest[:blockBytes])
	subtle.XORBytes(m.seed[:], m.seed[:], with)
	m.hash.write(m.seed[:])
	m.digest = m.hash.sum()
}

// tag is the current tag; it is valid until the next call.
func (m *mac) tag() []byte { return m.digest[:macBytes] }
