package wire

import "encoding/binary"

// RequestID names a request among those of one asker. It can be compared and be a key
// of a map. The answer carries it back as it was, the number of its bytes included.
type RequestID struct {
	n byte
	b [RequestIDMax]byte
}

// NumberedID is the request ID of a number, always 8 bytes long.
func NumberedID(n uint64) (r RequestID) {
	r.n = RequestIDMax
	binary.BigEndian.PutUint64(r.b[:], n)
	return r
}

// Number is the number of an ID that NumberedID made.
func (r RequestID) Number() (uint64, bool) {
	return binary.BigEndian.Uint64(r.b[:]), r.n == RequestIDMax
}

// requestID is the ID of those bytes, at most 8.
func requestID(b []byte) (r RequestID, ok bool) {
	if len(b) > RequestIDMax {
		return r, false
	}
	r.n = byte(copy(r.b[:], b))
	return r, true
}

func (r *RequestID) bytes() []byte { return r.b[:r.n] }
