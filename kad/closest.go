package kad

import (
	"encoding/binary"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// Closest returns the n nodes that are closest to a target, the closest first: live ones
// only, as they are given to others, or any, as our own searches start with.
func (t *Table) Closest(target id.ID, n int, live bool) []*enr.Record {
	return t.AppendClosest(make([]*enr.Record, 0, min(n, t.members)), target, n, live)
}

// AppendClosest is Closest into the caller's memory.
//
// Seen from a target at distance d from us, the bucket of distance d holds what is
// closest. Every other node is at a known distance: those in buckets beyond at their own,
// those in buckets below at d. Among the latter, a bucket's nodes are on the target's
// side of all nearer buckets or on the other, by one bit. So buckets come in an order
// that is known beforehand, and only within one is anything compared.
func (t *Table) AppendClosest(dst []*enr.Record, target id.ID, n int, live bool) []*enr.Record {
	most := len(dst) + n
	at := bucketOf(id.LogDistance(t.cfg.Self, target))
	dst = t.appendBucket(dst, at, target, most, live)
	for i := at - 1; i > 0 && len(dst) < most; i-- {
		if t.differs(target, i) {
			dst = t.appendBucket(dst, i, target, most, live)
		}
	}
	if at > 0 {
		dst = t.appendBucket(dst, 0, target, most, live)
	}
	for i := 1; i < at && len(dst) < most; i++ {
		if !t.differs(target, i) {
			dst = t.appendBucket(dst, i, target, most, live)
		}
	}
	for i := at + 1; i < buckets && len(dst) < most; i++ {
		dst = t.appendBucket(dst, i, target, most, live)
	}
	return dst
}

// differs tells whether target and we differ in the bit that a bucket (above 0) stands for.
func (t *Table) differs(target id.ID, bucket int) bool {
	bit := buckets - 1 - bucket // from the top
	return (target[bit/8]^t.cfg.Self[bit/8])>>(7-bit%8)&1 == 1
}

// ranked is a node and the leading 64 bits of its distance to a target.
type ranked struct {
	near uint64
	e    *entry
}

// appendBucket adds a bucket's nodes in order, until dst has most.
func (t *Table) appendBucket(dst []*enr.Record, i int, target id.ID, most int, live bool) []*enr.Record {
	var room [BucketMax]ranked
	list, head := room[:0], binary.BigEndian.Uint64(target[:])
	for _, e := range t.buckets[i].members {
		if live && !e.live() {
			continue
		}
		r := ranked{binary.BigEndian.Uint64(e.id[:]) ^ head, e}
		at := len(list)
		list = append(list, r)
		for ; at > 0 && r.before(list[at-1], target); at-- {
			list[at] = list[at-1]
		}
		list[at] = r
	}
	for _, r := range list[:min(len(list), max(0, most-len(dst)))] {
		dst = append(dst, r.e.record)
	}
	return dst
}

func (r ranked) before(o ranked, target id.ID) bool {
	if r.near != o.near {
		return r.near < o.near
	}
	return id.CompareDistance(target, r.e.id, o.e.id) < 0
}

// At returns at most n live nodes at the log distances from us that were asked for, in
// their order. Zero, ourselves, what is no distance and what was asked twice give nobody.
func (t *Table) At(distances []uint16, n int) []*enr.Record {
	var out []*enr.Record
	var done [distanceMax + 1]bool
	for _, d := range distances {
		if d == 0 || d > distanceMax || done[d] {
			continue
		}
		done[d] = true
		for _, e := range t.buckets[bucketOf(int(d))].members {
			if len(out) >= n {
				return out
			}
			if e.live() && id.LogDistance(t.cfg.Self, e.id) == int(d) {
				out = append(out, e.record)
			}
		}
	}
	return out
}
