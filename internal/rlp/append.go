package rlp

import "math/bits"

// First bytes of an encoding (yellow paper, appendix B).
const (
	stringShort = 0x80 // string of 0 to 55 bytes: 0x80 + length
	stringLong  = 0xb7 // longer: 0xb7 + number of length bytes
	listShort   = 0xc0 // payload of 0 to 55 bytes: 0xc0 + length
	listLong    = 0xf7 // longer: 0xf7 + number of length bytes
	shortMax    = 55   // longest length that fits into the first byte
)

// AppendUint appends an integer: minimal big-endian, zero as the empty string.
func AppendUint(b []byte, v uint64) []byte {
	switch {
	case v == 0:
		return append(b, stringShort)
	case v < stringShort:
		return append(b, byte(v))
	}
	b = append(b, stringShort+byte(width(v)))
	return appendBig(b, v)
}

// AppendBytes appends a string.
func AppendBytes(b, s []byte) []byte {
	if len(s) == 1 && s[0] < stringShort {
		return append(b, s[0])
	}
	return append(appendHead(b, len(s), stringShort, stringLong), s...)
}

// AppendString appends a string given as text.
func AppendString(b []byte, s string) []byte { return AppendBytes(b, []byte(s)) }

// AppendList appends a list whose items, already encoded, are payload.
func AppendList(b, payload []byte) []byte {
	return append(AppendListHead(b, len(payload)), payload...)
}

// AppendListHead appends the head of a list whose items, encoded, take n bytes.
func AppendListHead(b []byte, n int) []byte { return appendHead(b, n, listShort, listLong) }

func appendHead(b []byte, n int, short, long byte) []byte {
	if n <= shortMax {
		return append(b, short+byte(n))
	}
	return appendBig(append(b, long+byte(width(uint64(n)))), uint64(n))
}

func appendBig(b []byte, v uint64) []byte {
	for i := width(v) - 1; i >= 0; i-- {
		b = append(b, byte(v>>(8*i)))
	}
	return b
}

// width is the number of bytes of v without leading zeros.
func width(v uint64) int { return (bits.Len64(v) + 7) / 8 }
