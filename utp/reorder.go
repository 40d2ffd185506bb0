package utp

import "math/bits"

// reorder keeps packets that came before their turn, in a ring by sequence number.
type reorder struct {
	ring  [][]byte // nil where nothing is held; its length is a power of two
	next  uint16   // the sequence number that is awaited
	top   uint16   // one above the highest that is held; next when none is
	count int      // packets held
	bytes int      // their payload
}

func (r *reorder) start(next uint16) { r.next, r.top = next, next }

func (r *reorder) slot(seq uint16) *[]byte { return &r.ring[int(seq)&(len(r.ring)-1)] }

// has tells whether seq is held.
func (r *reorder) has(seq uint16) bool {
	return r.count != 0 && !before(seq, r.next) && before(seq, r.top) && *r.slot(seq) != nil
}

// keep holds b as seq, which is above next and below next+segmentsMax, and not held.
func (r *reorder) keep(seq uint16, b []byte) {
	if span := int(seq-r.next) + 1; span > len(r.ring) {
		old := *r
		r.ring = make([][]byte, max(reorderFirst, 1<<bits.Len(uint(span-1))))
		for s := old.next; s != old.top; s++ {
			*r.slot(s) = *old.slot(s)
		}
	}
	*r.slot(seq) = b
	r.count++
	r.bytes += len(b)
	if !before(seq, r.top) {
		r.top = seq + 1
	}
}

// step moves on to the next sequence number, the awaited one having come otherwise.
func (r *reorder) step() {
	r.next++
	if before(r.top, r.next) {
		r.top = r.next
	}
}

// pull takes out the awaited packet if it is held, and moves on.
func (r *reorder) pull() ([]byte, bool) {
	if !r.has(r.next) {
		return nil, false
	}
	s := r.slot(r.next)
	b := *s
	*s = nil
	r.count--
	r.bytes -= len(b)
	r.step()
	return b, true
}

// sack writes which packets after the awaited one are held (BEP 29 "Selective ACK") and
// returns how many bytes that took: a multiple of 4 up to most, whatever the ring spans.
func (r *reorder) sack(dst *[sackBytes]byte, most int) int {
	if r.count == 0 {
		return 0
	}
	n := min(int(r.top-r.next)-1, 8*most)
	size := (n + 31) / 32 * 4
	clear(dst[:size])
	for i := range n {
		if *r.slot(r.next + 1 + uint16(i)) != nil {
			dst[i/8] |= 1 << (i % 8)
		}
	}
	return size
}
