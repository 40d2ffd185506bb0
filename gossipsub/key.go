package gossipsub

import (
	"encoding/binary"
	"math/bits"

	"github.com/dchest/siphash"
)

// key is a message ID as the router remembers it: a salted hash, so that nobody
// can make two IDs fall together and every entry has the same size.
type key [16]byte

// makeKey hashes an ID, at most idBytesMax of it, under a salt: SipHash-2-4 with 128
// bits of result. A keyed function suffices, because nobody learns the salt or a
// key; SHA-256 takes several times as long, for each copy of each message.
func makeKey(salt uint64, id []byte) (k key) {
	lo, hi := siphash.Hash128(salt, ^bits.ReverseBytes64(salt), id[:min(len(id), idBytesMax)])
	if lo|hi == 0 {
		lo = 1 // the zero key marks an empty slot
	}
	binary.LittleEndian.PutUint64(k[:8], lo)
	binary.LittleEndian.PutUint64(k[8:], hi)
	return k
}
