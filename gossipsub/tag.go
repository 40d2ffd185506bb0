package gossipsub

import (
	"encoding/binary"
	"math/bits"
)

// tag names a message in the queues below: a quick hash of its ID, salted, never
// zero. It needs not be strong: what a peer says can only cancel what waits for that
// peer.
func (r *Router) tag(mid []byte) uint64 {
	const odd = 0x9e3779b97f4a7c15 // 2^64 over the golden ratio
	h := r.salt ^ uint64(len(mid))*odd
	for ; len(mid) >= 8; mid = mid[8:] {
		hi, lo := bits.Mul64(h^binary.LittleEndian.Uint64(mid), odd)
		h = hi ^ lo
	}
	var rest [8]byte
	copy(rest[:], mid)
	hi, lo := bits.Mul64(h^binary.LittleEndian.Uint64(rest[:]), odd)
	return max(1, hi^lo)
}

func (r *Router) tagOf(mid string) uint64 { return r.tag([]byte(mid)) }
