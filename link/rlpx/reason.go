package rlpx

import (
	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/link"
)

// reasonUnreadable stands for a Disconnect whose reason cannot be read, or does not
// fit a byte. Nobody sends it.
const reasonUnreadable link.Reason = 0xff

// rawReasonBytesMax bounds a Disconnect that is tried as it is although it should have
// been compressed. The longest reason anybody sends takes four bytes.
const rawReasonBytesMax = 16

// appendReason appends the payload of a Disconnect: a list of one number.
func appendReason(dst []byte, r link.Reason) []byte {
	return rlp.AppendList(dst, rlp.AppendUint(nil, uint64(r)))
}

// parseReason reads the payload of a Disconnect in every form seen in the field: a
// list, a bare number, empty; compressed or not. compressed says what it should be;
// the other is tried after it. A number that has no name is kept.
func parseReason(payload []byte, compressed bool) link.Reason {
	inflated, squeezed := inflateReason(payload)
	if compressed && squeezed {
		if r, ok := plainReason(inflated); ok {
			return r
		}
	}
	if !compressed || len(payload) < rawReasonBytesMax {
		if r, ok := plainReason(payload); ok {
			return r
		}
	}
	if squeezed {
		if r, ok := plainReason(inflated); ok {
			return r
		}
	}
	return reasonUnreadable
}

// inflateReason decompresses a Disconnect, if it is compressed and small.
func inflateReason(payload []byte) ([]byte, bool) {
	n, err := inflatedLen(payload)
	if err != nil || n > baseBytesMax {
		return nil, false
	}
	out, err := inflate(make([]byte, n), payload)
	return out, err == nil
}

// plainReason reads [reason, …], a bare reason, an empty list or nothing.
func plainReason(b []byte) (link.Reason, bool) {
	item := b
	if rlp.IsList(b) {
		list, err := rlp.NewList(b)
		if err != nil {
			return 0, false
		}
		if item = nil; list.More() {
			if item, err = list.Raw(); err != nil {
				return 0, false
			}
		}
	}
	if len(item) == 0 || len(item) == 1 && item[0] == 0 {
		return link.Requested, true // zero may be written as a byte
	}
	r := rlp.NewItems(item)
	n, err := r.Uint64()
	switch {
	case err != nil || r.More():
		return 0, false
	case n > 0xff:
		return reasonUnreadable, true
	}
	return link.Reason(n), true
}
