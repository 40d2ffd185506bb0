package wire

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/ropewalk/ropewalk/id"
)

// AppendWhoareyou writes a packet of 63 bytes that asks whoever sent the message with
// that nonce to shake hands. mask is the one for the sender's ID, seq the sequence
// number of the sender's record that we have, 0 for none. rng must be a secure source
// outside simulations: who can guess the challenge can answer it unseen.
func AppendWhoareyou(b []byte, rng *rand.Rand, to *Mask, nonce Nonce, seq uint64) ([]byte, Challenge) {
	var iv, idNonce [16]byte
	fill(rng, iv[:])
	fill(rng, idNonce[:])
	return appendWhoareyou(b, to, iv, nonce, idNonce, seq)
}

func appendWhoareyou(b []byte, to *Mask, iv [16]byte, nonce Nonce, idNonce [16]byte, seq uint64) ([]byte, Challenge) {
	start := len(b)
	b = appendHead(b, iv, FlagWhoareyou, nonce, whoareyouAuthBytes)
	b = append(b, idNonce[:]...)
	b = binary.BigEndian.AppendUint64(b, seq)
	p := b[start:]
	c := Challenge(p)
	to.apply(p[ivBytes:], p[ivBytes:], p[:ivBytes], 0)
	return b, c
}

// AppendRandom writes an ordinary packet with a message of chance, which nobody can
// read: what one sends to a node with which there is no session, to be challenged.
// The Nonce is what WHOAREYOU will name.
func AppendRandom(b []byte, rng *rand.Rand, self id.ID, to *Mask) ([]byte, Nonce) {
	var iv [16]byte
	var nonce Nonce
	fill(rng, iv[:])
	fill(rng, nonce[:])
	start := len(b)
	b = appendHead(b, iv, FlagMessage, nonce, messageAuthBytes)
	b = append(b, self[:]...)
	p := b[start:]
	to.apply(p[ivBytes:], p[ivBytes:], p[:ivBytes], 0)
	var content [randomBytes]byte
	fill(rng, content[:])
	return append(b, content[:]...), nonce
}

// fill draws bytes.
func fill(rng *rand.Rand, b []byte) {
	for len(b) > 0 {
		var w [8]byte
		binary.LittleEndian.PutUint64(w[:], rng.Uint64())
		b = b[copy(b, w[:]):]
	}
}
