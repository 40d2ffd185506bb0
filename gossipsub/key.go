package gossipsub

import (
	"encoding/binary"
	"math/bits"
)

// key is a message ID as the router remembers it: a salted hash, so that nobody
// can make two IDs fall together and every entry has the same size.
type key [16]byte

// Rounds of SipHash for each eight bytes and at the end. Keys never leave the router,
// so all that counts is that nobody can make two fall together, for which the best
// that is known succeeds once in 2^167 tries (Dobraunig, Mendel and Schläffer, 2014).
const keyRounds, keyEndRounds = 1, 3

// makeKey hashes an ID, at most idBytesMax of it, under a salt: SipHash with 128
// bits of result (Aumasson and Bernstein, 2012). A keyed function suffices, because
// nobody learns the salt or a key; SHA-256 takes five times as long, for each copy
// of each message.
func makeKey(salt uint64, id []byte) (k key) {
	id = id[:min(len(id), idBytesMax)]
	lo, hi := sipHash(salt, ^bits.ReverseBytes64(salt), id, keyRounds, keyEndRounds)
	if lo|hi == 0 {
		lo = 1 // the zero key marks an empty slot
	}
	binary.LittleEndian.PutUint64(k[:8], lo)
	binary.LittleEndian.PutUint64(k[8:], hi)
	return k
}

func sipHash(k0, k1 uint64, b []byte, rounds, endRounds int) (lo, hi uint64) {
	v0, v1 := k0^0x736f6d6570736575, k1^0x646f72616e646f6d^0xee
	v2, v3 := k0^0x6c7967656e657261, k1^0x7465646279746573
	last := uint64(len(b)) << 56
	for ; len(b) >= 8; b = b[8:] {
		m := binary.LittleEndian.Uint64(b)
		v3 ^= m
		for range rounds {
			v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
		}
		v0 ^= m
	}
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	v3 ^= last
	for range rounds {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	v0 ^= last
	v2 ^= 0xee
	for range endRounds {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	lo = v0 ^ v1 ^ v2 ^ v3
	v1 ^= 0xdd
	for range endRounds {
		v0, v1, v2, v3 = sipRound(v0, v1, v2, v3)
	}
	return lo, v0 ^ v1 ^ v2 ^ v3
}

func sipRound(v0, v1, v2, v3 uint64) (uint64, uint64, uint64, uint64) {
	v0 += v1
	v2 += v3
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v2 += v1
	v0 = bits.RotateLeft64(v0, 32) + v3
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v2 = bits.RotateLeft64(v2, 32)
	return v0, v1, v2, v3
}
