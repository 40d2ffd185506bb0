package rlpx

import (
	"math/bits"
	"sync"
)

// pool keeps the buffers of one process between uses: those that large frames are
// gathered and written in, and payloads that were given back. Each holds at most
// pooledBytesMax, and the collector of garbage empties the pools, so that nothing
// stays after a large message.
var pool [poolClasses]sync.Pool

// headers are where pool's buffers are put, so that putting one allocates nothing.
var headers = sync.Pool{New: func() any { return new([]byte) }}

// poolSteps sizes per doubling make a buffer an eighth too large at most.
const (
	poolSteps   = 8
	poolClasses = 12*poolSteps + 1 // pooledBytesMin to pooledBytesMax
)

// classOf is the smallest class that holds n bytes, and its size. Beyond the last
// class the size is n.
func classOf(n int) (class, size int) {
	if n <= pooledBytesMin {
		return 0, pooledBytesMin
	}
	low := bits.Len(uint(n-1)) - 1 // 2^low < n ≤ 2^(low+1)
	step := 1 << low / poolSteps
	up := (n - 1<<low + step - 1) / step // 1 to poolSteps
	class = (low-(bits.Len(pooledBytesMin)-1))*poolSteps + up
	if class >= poolClasses {
		return poolClasses, n
	}
	return class, 1<<low + up*step
}

// getBuffer returns n bytes with anything in them.
func getBuffer(n int) []byte {
	class, size := classOf(n)
	if class < poolClasses {
		if at, ok := pool[class].Get().(*[]byte); ok {
			b := *at
			*at = nil
			headers.Put(at)
			return b[:n]
		}
	}
	return make([]byte, n, size)
}

// putBuffer takes a buffer of getBuffer back. Others are let go.
func putBuffer(b []byte) {
	if class, size := classOf(cap(b)); class < poolClasses && size == cap(b) {
		at := headers.Get().(*[]byte)
		*at = b[:cap(b)]
		pool[class].Put(at)
	}
}

// slab is memory that small payloads are cut from. A payload keeps the whole of its
// slab in memory for as long as anybody holds it.
type slab struct{ free []byte }

// cut returns n bytes of its own, at most slabPayloadMax.
func (s *slab) cut(n int) []byte {
	if n > len(s.free) {
		s.free = make([]byte, slabBytes)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}

// payload returns n bytes for a message that belongs to whoever reads it.
func (s *slab) payload(n int) []byte {
	switch {
	case n == 0:
		return nil
	case n <= slabPayloadMax:
		return s.cut(n)
	}
	return getBuffer(n)
}
