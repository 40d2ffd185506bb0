package store

import (
	"encoding/binary"
	"errors"

	"github.com/ropewalk/ropewalk/content"
)

// Keys of a shelf on disk, each beginning with its kind and the network's name behind its
// length:
//
//	i name distance    an item: form, length of key, key, and the value or its length
//	t name             a tally: bytes, items
//	v name distance    a value longer than inlineMax
//
// So a network's items stand in order of distance, and reading their keys does not read
// long values.
const (
	kindItem  = 'i'
	kindTally = 't'
	kindValue = 'v'
)

// Forms of an item's record.
const (
	formInline = 1
	formApart  = 2
)

// errRecord is of a record that no version of ours wrote.
var errRecord = errors.New("store: a record that cannot be read")

// keyMax bounds a key on disk.
const keyMax = 2 + NameMax + 32

func appendKey(b []byte, kind byte, net string) []byte {
	return append(append(b, kind, byte(len(net))), net...)
}

func appendKeyAt(b []byte, kind byte, net string, at content.Distance) []byte {
	return append(appendKey(b, kind, net), at[:]...)
}

// appendBehind is the first key behind those at a distance.
func appendBehind(b []byte, kind byte, net string, at content.Distance) []byte {
	return append(appendKeyAt(b, kind, net, at), 0)
}

// distanceOf is the distance in an item's key.
func distanceOf(key []byte) (d content.Distance, ok bool) {
	if len(key) < len(d)+2 {
		return d, false
	}
	copy(d[:], key[len(key)-len(d):])
	return d, true
}

// appendRecord is an item's record. Of a value that stands apart it has the length.
func appendRecord(b, key, value []byte) []byte {
	form := byte(formInline)
	if len(value) > inlineMax {
		form = formApart
	}
	b = binary.AppendUvarint(append(b, form), uint64(len(key)))
	b = append(b, key...)
	if form == formApart {
		return binary.AppendUvarint(b, uint64(len(value)))
	}
	return append(b, value...)
}

// keySize is the length of an item's key.
func keySize(net string) int { return 2 + len(net) + len(content.Distance{}) }

// recordSize is the length of an item's record.
func recordSize(key, value []byte) int {
	n := 1 + uvarintSize(len(key)) + len(key)
	if len(value) > inlineMax {
		return n + uvarintSize(len(value))
	}
	return n + len(value)
}

func uvarintSize(n int) int {
	var room [binary.MaxVarintLen64]byte
	return binary.PutUvarint(room[:], uint64(n))
}

// record is what an item's record says. Its slices point into what was parsed.
type record struct {
	key, value []byte
	apart      bool
	size       int // of the value
}

func parseRecord(b []byte) (r record, err error) {
	if len(b) == 0 || b[0] != formInline && b[0] != formApart {
		return r, errRecord
	}
	r.apart = b[0] == formApart
	n, used := binary.Uvarint(b[1:])
	if used <= 0 || n > uint64(len(b)-1-used) {
		return r, errRecord
	}
	b = b[1+used:]
	r.key, b = b[:n], b[n:]
	if !r.apart {
		r.value, r.size = b, len(b)
		return r, nil
	}
	size, used := binary.Uvarint(b)
	if used <= 0 || used != len(b) || size > 1<<32 {
		return r, errRecord
	}
	r.size = int(size)
	return r, nil
}

func (r record) cost() int64 { return costOf(len(r.key), r.size) }

func appendTally(b []byte, t tally) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(t.bytes))
	return binary.BigEndian.AppendUint64(b, uint64(t.items))
}

func parseTally(key, b []byte) (t tally, err error) {
	if len(b) != 16 || len(key) < 2 || int(key[1]) != len(key)-2 {
		return t, errRecord
	}
	t = tally{net: string(key[2:]), bytes: int64(binary.BigEndian.Uint64(b)), items: int64(binary.BigEndian.Uint64(b[8:]))}
	if t.bytes < 0 || t.items < 0 {
		return t, errRecord
	}
	return t, nil
}
