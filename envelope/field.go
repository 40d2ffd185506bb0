package envelope

import (
	"encoding/binary"
	"fmt"
)

// Wire types of protobuf.
const (
	varint = 0
	fixed8 = 1
	length = 2
	fixed4 = 5
)

// field is one field of a protobuf message.
type field struct {
	num uint64
	typ uint8
	v   uint64 // of a varint
	val []byte // of a length-delimited field
}

// next splits the first field off b.
func next(b []byte) (f field, rest []byte, err error) {
	tag, n := binary.Uvarint(b)
	if n <= 0 || tag>>3 == 0 {
		return f, nil, fmt.Errorf("%w: field tag", ErrMalformed)
	}
	b = b[n:]
	f.num, f.typ = tag>>3, uint8(tag&7)
	size := uint64(0)
	switch f.typ {
	case varint:
		if f.v, n = binary.Uvarint(b); n <= 0 {
			return f, nil, fmt.Errorf("%w: number", ErrMalformed)
		}
		return f, b[n:], nil
	case length:
		if size, n = binary.Uvarint(b); n <= 0 {
			return f, nil, fmt.Errorf("%w: length", ErrMalformed)
		}
		b = b[n:]
	case fixed8:
		size = 8
	case fixed4:
		size = 4
	default:
		return f, nil, fmt.Errorf("%w: wire type %d", ErrMalformed, f.typ)
	}
	if size > uint64(len(b)) {
		return f, nil, fmt.Errorf("%w: field %d is cut off", ErrMalformed, f.num)
	}
	f.val = b[:size:size]
	return f, b[size:], nil
}

func appendBytes(dst []byte, num byte, v []byte) []byte {
	dst = binary.AppendUvarint(append(dst, num<<3|length), uint64(len(v)))
	return append(dst, v...)
}
