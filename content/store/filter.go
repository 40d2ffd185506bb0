//go:build !nopebble

package store

import (
	"hash/maphash"
	"math/bits"
	"sync"
)

// filter knows what is surely not on a shelf: what is new need not be looked for there. It
// is a cuckoo filter (Fan et al., CoNEXT 2014): of each key it has a print of 16 bits in one
// of two buckets, so that a key that goes can be taken out again, and prints of others that
// look alike cost a look, never an answer. It doubles when it is full: a bucket becomes two,
// and one more bit of its prints tells which a print stands in.
//
// The hash has a seed of its own: who picks keys cannot make them look alike.
type filter struct {
	mu      sync.RWMutex
	seed    maphash.Seed
	buckets []uint64 // of four prints each; 0: free
	base    int      // bits of a bucket's number that come from the hash, not from the print
	most    int      // buckets
	n       int
	full    bool // nothing is known any more
}

const (
	printsEach  = 4 // in a bucket
	printBits   = 16
	filterFirst = 1 << 14 // buckets of an empty filter, 128 KiB
	filterKicks = 200     // how many prints are moved to make room for one
)

// newFilter makes a filter for some keys that grows up to some bytes.
func newFilter(keys int, most int64) *filter {
	f := &filter{seed: maphash.MakeSeed(), most: 1 << (bits.Len64(uint64(max(most, 8))/8) - 1)}
	size := filterFirst
	for size < keys*3/2/printsEach {
		size *= 2
	}
	size = min(size, f.most)
	f.buckets, f.base = make([]uint64, size), bits.Len(uint(size))-1
	return f
}

// place is a key's print and the bucket that its hash says.
func (f *filter) place(key []byte) (print uint64, bucket uint32) {
	h := maphash.Bytes(f.seed, key)
	print = max(1, h&(1<<printBits-1))
	return print, f.within(print, uint32(h>>32))
}

// within is the bucket for a hash among those in which a print may stand.
func (f *filter) within(print uint64, hash uint32) uint32 {
	low := uint32(1)<<f.base - 1
	return hash&low | uint32(print)<<f.base&uint32(len(f.buckets)-1)
}

// other is the second bucket of a print; of that the first is the other.
func (f *filter) other(print uint64, bucket uint32) uint32 {
	return bucket ^ (uint32(print)*0x9e3779b1>>7|1)&(1<<f.base-1)
}

// has tells whether a key may be there.
func (f *filter) has(key []byte) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.full {
		return true
	}
	print, b := f.place(key)
	return f.find(b, print) >= 0 || f.find(f.other(print, b), print) >= 0
}

// isFull tells whether there were more keys than the filter has room for.
func (f *filter) isFull() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.full
}

// find is where a print stands in a bucket, or -1.
func (f *filter) find(bucket uint32, print uint64) int {
	for i, b := 0, f.buckets[bucket]; i < printsEach; i++ {
		if b>>(i*printBits)&(1<<printBits-1) == print {
			return i
		}
	}
	return -1
}

// swap puts a print where another stands.
func (f *filter) swap(bucket uint32, i int, print uint64) (was uint64) {
	b := &f.buckets[bucket]
	was = *b >> (i * printBits) & (1<<printBits - 1)
	*b ^= (was ^ print) << (i * printBits)
	return was
}

// add notes a key that was not there.
func (f *filter) add(key []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full {
		return
	}
	if f.n >= len(f.buckets)*printsEach*15/16 && len(f.buckets) < f.most {
		f.double()
	}
	print, b := f.place(key)
	for !f.insert(&print, &b) {
		if len(f.buckets) >= f.most {
			f.full, f.buckets, f.n = true, nil, 0
			return
		}
		f.double()
		b = f.within(print, b) // of the one that is left over
	}
	f.n++
}

// insert puts a print into one of its buckets, and moves others out of the way. When it
// gives up, one print is left over, with a bucket of its.
func (f *filter) insert(print *uint64, bucket *uint32) bool {
	if i := f.find(*bucket, 0); i >= 0 {
		f.swap(*bucket, i, *print)
		return true
	}
	for kick := range filterKicks {
		*bucket = f.other(*print, *bucket)
		if i := f.find(*bucket, 0); i >= 0 {
			f.swap(*bucket, i, *print)
			return true
		}
		*print = f.swap(*bucket, kick%printsEach, *print)
	}
	return false
}

// remove forgets a key that was there.
func (f *filter) remove(key []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.full {
		return
	}
	print, b := f.place(key)
	for _, b := range [2]uint32{b, f.other(print, b)} {
		if i := f.find(b, print); i >= 0 {
			f.swap(b, i, 0)
			f.n--
			return
		}
	}
}

// double makes two buckets of each.
func (f *filter) double() {
	size := uint32(len(f.buckets))
	bit := uint64(1) << (bits.Len32(size) - 1 - f.base) // of a print: which of the two
	wide := make([]uint64, 2*size)
	for b, prints := range f.buckets {
		var up uint64
		for i := range printsEach {
			if mask := uint64(1<<printBits-1) << (i * printBits); prints>>(i*printBits)&bit != 0 {
				up |= prints & mask
			}
		}
		wide[b], wide[uint32(b)+size] = prints&^up, up
	}
	f.buckets = wide
}
