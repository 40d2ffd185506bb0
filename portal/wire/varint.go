package wire

import (
	"errors"
	"fmt"
	"math"
)

// Lengths are unsigned LEB128, at most 2^32-1 ("limited to uint32").
const (
	lengthBytesMax = 5
	lengthMax      = math.MaxUint32
)

// AppendLength appends the length that stands before an item of a stream.
func AppendLength(b []byte, n int) []byte {
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

// Errors of a stream's items.
var (
	// ErrShort is of a stream that ended before its last item: try elsewhere, nothing was
	// shown to be wrong.
	ErrShort = errors.New("portal: the stream ended early")
	// ErrTooLarge is of an item or a stream beyond its cap.
	ErrTooLarge = errors.New("portal: larger than allowed")
)

// length reads a length as its bytes come, one by one.
type length struct {
	v uint64
	n int
}

// add takes a byte and tells whether it was the last. Every length has one encoding: the
// last byte is not zero, but for the length 0.
func (l *length) add(c byte) (last bool, err error) {
	l.v |= uint64(c&0x7f) << (7 * l.n)
	l.n++
	switch {
	case l.v > lengthMax:
		return false, fmt.Errorf("%w: a length above %d", ErrMalformed, uint32(lengthMax))
	case c&0x80 != 0 && l.n == lengthBytesMax:
		return false, fmt.Errorf("%w: a length without an end", ErrMalformed)
	case c == 0 && l.n > 1:
		return false, fmt.Errorf("%w: a length of %d bytes that needs fewer", ErrMalformed, l.n)
	}
	return c&0x80 == 0, nil
}
