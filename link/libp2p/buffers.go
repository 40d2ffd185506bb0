package libp2p

import (
	"math/bits"
	"sync"
)

// buffers are frames' buffers that were used and may be used again: most frames of
// a gossip mesh are copies of known messages, of which nothing is kept.
type buffers struct {
	mu    sync.Mutex
	free  [bufferClasses][][]byte // by class; the capacity is the class's size
	bytes int                     // of all
}

// Our choice: sizes in eight steps per doubling, so that a buffer is an eighth too
// large at most, from 128 bytes to above a frame of 1 MiB. Larger ones are not kept.
const (
	bufferMin     = 128
	bufferSteps   = 8
	bufferClasses = 14 * bufferSteps

	// buffersMax bounds what is kept; when it is full all is let go, so that sizes
	// that are no longer used do not stay.
	buffersMax = 8 << 20
)

// classOf is the smallest class that holds n bytes, and its size. Beyond the last
// class the size is n.
func classOf(n int) (class, size int) {
	if n <= bufferMin {
		return 0, bufferMin
	}
	low := bits.Len(uint(n-1)) - 1 // 2^low < n ≤ 2^(low+1)
	step := 1 << low / bufferSteps
	up := (n - 1<<low + step - 1) / step // 1 to bufferSteps
	class = (low-bits.Len(bufferMin)+1)*bufferSteps + up
	if class >= bufferClasses {
		return bufferClasses, n
	}
	return class, 1<<low + up*step
}

// get returns n bytes with anything in them.
func (b *buffers) get(n int) []byte {
	class, size := classOf(n)
	if class < bufferClasses {
		b.mu.Lock()
		defer b.mu.Unlock()
		if f := b.free[class]; len(f) > 0 {
			last := len(f) - 1
			data := f[last]
			f[last] = nil
			b.free[class] = f[:last]
			b.bytes -= size
			return data[:n]
		}
	}
	return make([]byte, n, size)
}

// put takes a buffer of get back. Others are let go.
func (b *buffers) put(data []byte) {
	class, size := classOf(cap(data))
	if class >= bufferClasses || size != cap(data) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bytes+size > buffersMax {
		b.free, b.bytes = [bufferClasses][][]byte{}, 0
	}
	b.free[class] = append(b.free[class], data[:0])
	b.bytes += size
}
