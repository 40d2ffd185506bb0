package ssz

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
)

// Errors of this package.
var (
	// ErrMalformed is of bytes that are not the one encoding of what was asked for.
	ErrMalformed = errors.New("ssz: malformed")
	// ErrLimit is of a list that is longer than its type allows.
	ErrLimit = errors.New("ssz: longer than the type allows")
)

// offsetBytes is the size of an offset (simple-serialize, "BYTES_PER_LENGTH_OFFSET").
const offsetBytes = 4

// Fixed tells whether b has exactly the size of a type without parts behind.
func Fixed(b []byte, size int) error {
	if len(b) != size {
		return fmt.Errorf("%w: %d bytes, want %d", ErrMalformed, len(b), size)
	}
	return nil
}

// Parts cuts a container: fixed is the size of its fixed part, at lists where in it
// the offsets stand. A result is what one offset points at, in their order.
func Parts(b []byte, fixed int, at ...int) ([][]byte, error) {
	if len(b) < fixed {
		return nil, fmt.Errorf("%w: container of %d bytes, want at least %d", ErrMalformed, len(b), fixed)
	}
	out := make([][]byte, len(at))
	end := len(b)
	for i := len(at) - 1; i >= 0; i-- {
		from, err := offset(b[at[i]:], fixed, end)
		if err != nil {
			return nil, err
		}
		out[i] = b[from:end:end]
		end = from
	}
	if len(at) > 0 && end != fixed {
		return nil, fmt.Errorf("%w: first offset is %d, want %d", ErrMalformed, end, fixed)
	}
	return out, nil
}

// offset reads an offset that must lie within from and to, both included.
func offset(b []byte, from, to int) (int, error) {
	v := binary.LittleEndian.Uint32(b)
	if v < uint32(from) || uint64(v) > uint64(to) {
		return 0, fmt.Errorf("%w: offset %d outside %d to %d", ErrMalformed, v, from, to)
	}
	return int(v), nil
}

// Lists reads List[ByteList[each], limit]: byte strings of any length side by side.
// An empty list is no bytes at all.
func Lists(b []byte, limit, each int) ([][]byte, error) {
	if len(b) == 0 {
		return nil, nil
	}
	if len(b) < offsetBytes {
		return nil, fmt.Errorf("%w: list of %d bytes has no room for an offset", ErrMalformed, len(b))
	}
	first, err := offset(b, offsetBytes, len(b))
	switch {
	case err != nil:
		return nil, err
	case first%offsetBytes != 0:
		return nil, fmt.Errorf("%w: first offset is %d, no multiple of %d", ErrMalformed, first, offsetBytes)
	case first/offsetBytes > limit:
		return nil, fmt.Errorf("%w: %d items, at most %d", ErrLimit, first/offsetBytes, limit)
	}
	out := make([][]byte, first/offsetBytes)
	end := len(b)
	for i := len(out) - 1; i >= 0; i-- {
		from, err := offset(b[i*offsetBytes:], first, end)
		switch {
		case err != nil:
			return nil, err
		case end-from > each:
			return nil, fmt.Errorf("%w: item of %d bytes, at most %d", ErrLimit, end-from, each)
		}
		out[i] = b[from:end:end]
		end = from
	}
	return out, nil
}

// Bytes reads ByteList[limit]: it is the bytes themselves.
func Bytes(b []byte, limit int) ([]byte, error) {
	if len(b) > limit {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrLimit, len(b), limit)
	}
	return b[:len(b):len(b)], nil
}

// Uint16s reads List[uint16, limit].
func Uint16s(b []byte, limit int) ([]uint16, error) {
	switch {
	case len(b)%2 != 0:
		return nil, fmt.Errorf("%w: %d bytes are no list of uint16", ErrMalformed, len(b))
	case len(b)/2 > limit:
		return nil, fmt.Errorf("%w: %d items, at most %d", ErrLimit, len(b)/2, limit)
	}
	out := make([]uint16, len(b)/2)
	for i := range out {
		out[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return out, nil
}

// Bits reads Bitlist[limit]: bits from the lowest of the first byte up, and behind the
// last a bit that is set and marks the end.
func Bits(b []byte, limit int) ([]bool, error) {
	if len(b) == 0 || b[len(b)-1] == 0 {
		return nil, fmt.Errorf("%w: bit list without its end", ErrMalformed)
	}
	n := (len(b)-1)*8 + bits.Len8(b[len(b)-1]) - 1
	if n > limit {
		return nil, fmt.Errorf("%w: %d bits, at most %d", ErrLimit, n, limit)
	}
	out := make([]bool, n)
	for i := range out {
		out[i] = b[i/8]>>(i%8)&1 == 1
	}
	return out, nil
}

// Union reads the selector of a union of kinds types, and what follows it.
func Union(b []byte, kinds int) (selector byte, body []byte, err error) {
	switch {
	case len(b) == 0:
		return 0, nil, fmt.Errorf("%w: union without a selector", ErrMalformed)
	case int(b[0]) >= kinds:
		return 0, nil, fmt.Errorf("%w: selector %d of a union of %d", ErrMalformed, b[0], kinds)
	}
	return b[0], b[1:len(b):len(b)], nil
}
