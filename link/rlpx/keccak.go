package rlpx

import (
	"crypto/sha3"
	"crypto/subtle"
	"errors"
)

// keccakRate is the block size of Keccak-256 and of SHA3-256.
const keccakRate = 136

// Of the form in which crypto/sha3 writes a hash's state: four bytes that name the
// kind, the rate, the 200 bytes of the state itself, and two more.
const (
	stateAt    = 5
	stateBytes = 207
)

// keccak is a running Keccak-256, the one of Ethereum. It is a value: copying it
// copies the state. The zero value is not ready, newKeccak makes one.
//
// Keccak-256 and SHA3-256 differ in one byte of padding and in nothing else. So the
// standard library's SHA3-256, which has assembly, absorbs the message, and the
// padding of Keccak is written to it as if it belonged to the message: it ends a block,
// and after the block the state begins with the digest.
type keccak struct {
	h sha3.SHA3
	n int // bytes absorbed of the current block, below keccakRate
}

func newKeccak() keccak { return keccak{h: *sha3.New256()} }

// errKeccak is of a version of Go whose crypto/sha3 writes its state in another form.
var errKeccak = errors.New("rlpx: crypto/sha3 of this version of Go is not as expected")

// keccakWorks tells whether the digest of nothing is as it must be.
var keccakWorks = keccak256() == [32]byte{
	0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
	0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70,
}

// write absorbs b.
func (k *keccak) write(b []byte) {
	k.h.Write(b)
	k.n = (k.n + len(b)) % keccakRate
}

// padding is 0x01, zeros, 0x80; one byte 0x81 when one byte is free.
var padding = func() (p [keccakRate][]byte) {
	for n := range p {
		p[n] = make([]byte, keccakRate-n)
		p[n][0] |= 0x01
		p[n][len(p[n])-1] |= 0x80
	}
	return p
}()

// sum is the digest of everything written so far. More may be written after it.
func (k *keccak) sum() (digest [32]byte) {
	h := k.h
	h.Write(padding[k.n])
	var buf [stateBytes]byte
	state, err := h.AppendBinary(buf[:0])
	if err == nil && len(state) == stateBytes {
		copy(digest[:], state[stateAt:])
	}
	return digest
}

// keccak256 is the digest of the parts one after another.
func keccak256(parts ...[]byte) [32]byte {
	k := newKeccak()
	for _, p := range parts {
		k.write(p)
	}
	return k.sum()
}

// xor32 is a ^ b.
func xor32(a, b *[32]byte) (out [32]byte) {
	subtle.XORBytes(out[:], a[:], b[:])
	return out
}
