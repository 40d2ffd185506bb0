package rlp

// UintSize is the number of bytes that AppendUint writes.
func UintSize(v uint64) int {
	if v < stringShort {
		return 1
	}
	return 1 + width(v)
}

// BytesSize is the number of bytes that AppendBytes writes.
func BytesSize(s []byte) int {
	if len(s) == 1 && s[0] < stringShort {
		return 1
	}
	return ListSize(len(s))
}

// ListSize is the number of bytes that AppendList writes for items that take n bytes.
func ListSize(n int) int {
	if n <= shortMax {
		return 1 + n
	}
	return 1 + width(uint64(n)) + n
}
