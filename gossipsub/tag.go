package gossipsub

import (
	"encoding/binary"
	"math/bits"
)

// tag names a message in the queues below: a quick hash of its ID under the salt of
// its topic, for one ID in two topics is two messages; never zero. It needs not be
// strong: what a peer says can only cancel what waits for that peer.
func tag(salt uint64, mid []byte) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio
	h := salt ^ uint64(len(mid))*odd
	for ; len(mid) >= 8; mid = mid[8:] {
		hi, lo := bits.Mul64(h^binary.LittleEndian.Uint64(mid), odd)
		h = hi ^ lo
	}
	var rest [8]byte
	copy(rest[:], mid)
	hi, lo := bits.Mul64(h^binary.LittleEndian.Uint64(rest[:]), odd)
	return max(1, hi^lo)
}

// tag is that of a cached message.
func (e *entry) tag(r *Router) uint64 { return tag(r.topicSalt(e.topic), []byte(e.id)) }
