package rpc

// Wire types of protobuf.
const (
	varint = 0
	fixed8 = 1
	length = 2
	fixed4 = 5
)

// fieldNumberMax is protobuf's largest field number.
const fieldNumberMax = 1<<29 - 1

// field is one field as it stands on the wire.
type field struct {
	num     uint32
	typ     uint8
	minimal bool   // tag and varints in their shortest form
	v       uint64 // of a varint
	val     []byte // of a length-delimited field
	whole   []byte // tag and value
}

// readVarint reads up to ten bytes; n is 0 when they are no 64-bit number.
func readVarint(b []byte) (v uint64, n int, minimal bool) {
	for i, c := range b {
		if i == 9 && c > 1 || i > 9 {
			return 0, 0, false
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v, i + 1, i == 0 || c != 0
		}
	}
	return 0, 0, false
}

// next splits the first field off b.
func next(b []byte) (f field, rest []byte, err error) {
	var tag uint64
	at := 1
	if len(b) > 0 && b[0] < 0x80 { // nearly every tag
		tag, f.minimal = uint64(b[0]), true
	} else if tag, at, f.minimal = readVarint(b); at == 0 {
		return f, nil, ErrMalformed
	}
	if tag>>3 == 0 || tag>>3 > fieldNumberMax {
		return f, nil, ErrMalformed
	}
	f.num, f.typ = uint32(tag>>3), uint8(tag&7)
	switch f.typ {
	case varint, length:
		v, n, minimal := readVarint(b[at:])
		if n == 0 {
			return f, nil, ErrMalformed
		}
		f.minimal = f.minimal && minimal
		at += n
		if f.typ == varint {
			f.v = v
			break
		}
		if v > uint64(len(b)-at) {
			return f, nil, ErrMalformed
		}
		f.val = b[at : at+int(v) : at+int(v)]
		at += int(v)
	case fixed8:
		at += 8
	case fixed4:
		at += 4
	default: // groups and what does not exist
		return f, nil, ErrMalformed
	}
	if at > len(b) {
		return f, nil, ErrMalformed
	}
	f.whole = b[:at:at]
	return f, b[at:], nil
}

// order watches that fields ascend, singular ones once, all minimal.
type order struct {
	last uint32
	bad  bool
}

func (o *order) see(f *field, singular bool) {
	if !f.minimal || f.num < o.last || f.num == o.last && singular {
		o.bad = true
	}
	o.last = f.num
}
