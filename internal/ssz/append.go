package ssz

import "encoding/binary"

// AppendUint16 appends a uint16.
func AppendUint16(b []byte, v uint16) []byte { return binary.LittleEndian.AppendUint16(b, v) }

// AppendUint64 appends a uint64.
func AppendUint64(b []byte, v uint64) []byte { return binary.LittleEndian.AppendUint64(b, v) }

// AppendOffset appends the offset of a part that begins at byte n of its container.
func AppendOffset(b []byte, n int) []byte { return binary.LittleEndian.AppendUint32(b, uint32(n)) }

// AppendLists appends a list of byte strings.
func AppendLists(b []byte, items [][]byte) []byte {
	at := len(items) * offsetBytes
	for _, item := range items {
		b = AppendOffset(b, at)
		at += len(item)
	}
	for _, item := range items {
		b = append(b, item...)
	}
	return b
}

// ListsSize is how many bytes AppendLists takes.
func ListsSize(items [][]byte) int {
	n := len(items) * offsetBytes
	for _, item := range items {
		n += len(item)
	}
	return n
}

// AppendUint16s appends a list of uint16.
func AppendUint16s(b []byte, vs []uint16) []byte {
	for _, v := range vs {
		b = AppendUint16(b, v)
	}
	return b
}

// AppendBits appends a bit list.
func AppendBits(b []byte, set []bool) []byte {
	var cur byte
	for i, on := range set {
		if on {
			cur |= 1 << (i % 8)
		}
		if i%8 == 7 {
			b, cur = append(b, cur), 0
		}
	}
	return append(b, cur|1<<(len(set)%8))
}
