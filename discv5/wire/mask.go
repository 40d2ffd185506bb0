package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"

	"github.com/ropewalk/ropewalk/id"
)

// Mask hides headers from who does not know the ID they are for ("Protocol Header":
// masking-key = dest-id[:16]). It keeps the key schedule: one for our own ID as long
// as we live, one for a peer's as long as its session.
//
// One loop owns it: it has room of its own to work in, so that it allocates nothing.
type Mask struct {
	block   cipher.Block // nil: plain
	key     [KeyBytes]byte
	counter [aes.BlockSize]byte
	stream  [aes.BlockSize]byte
}

// Mask makes the mask of headers for a node.
func (s Suite) Mask(node id.ID) *Mask {
	m := &Mask{key: [KeyBytes]byte(node[:KeyBytes])}
	if s == Plain {
		return m
	}
	block, err := aes.NewCipher(m.key[:])
	if err != nil {
		panic(err) // the key has the right size
	}
	m.block = block
	return m
}

// apply masks or unmasks src, which begins at a block of the stream (16 bytes each),
// into dst, which may be the same memory.
//
// This is AES in counter mode, block by block: cipher.NewCTR makes the same stream but
// allocates, and copies the key schedule, for each of the four blocks of an ordinary
// header.
func (m *Mask) apply(dst, src, iv []byte, block uint64) {
	m.seek(iv, block)
	for len(src) > 0 {
		if m.block == nil {
			m.stream = m.key
		} else {
			m.block.Encrypt(m.stream[:], m.counter[:])
		}
		n := subtle.XORBytes(dst, src, m.stream[:])
		dst, src = dst[n:], src[n:]
		m.step()
	}
}

// seek sets the counter to iv + block, as numbers of 128 bits.
func (m *Mask) seek(iv []byte, block uint64) {
	copy(m.counter[:], iv)
	low := binary.BigEndian.Uint64(m.counter[8:])
	binary.BigEndian.PutUint64(m.counter[8:], low+block)
	if low+block < low {
		m.carry()
	}
}

func (m *Mask) step() {
	low := binary.BigEndian.Uint64(m.counter[8:]) + 1
	binary.BigEndian.PutUint64(m.counter[8:], low)
	if low == 0 {
		m.carry()
	}
}

func (m *Mask) carry() {
	binary.BigEndian.PutUint64(m.counter[:8], binary.BigEndian.Uint64(m.counter[:8])+1)
}
