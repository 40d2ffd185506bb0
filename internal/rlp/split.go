package rlp

import (
	"errors"
	"fmt"
)

// ErrMalformed is returned for bytes that are not the one canonical encoding of
// what was asked for.
var ErrMalformed = errors.New("rlp: malformed")

// depthMax bounds the nesting that Check follows, and with it its recursion. Our
// choice: nothing that we read nests deeper than four.
const depthMax = 64

// Split cuts b after its first item. Only the item's own head is checked; items
// within a list are not. Both results alias b.
func Split(b []byte) (item, rest []byte, err error) {
	h, err := parseHead(b)
	if err != nil {
		return nil, nil, err
	}
	return b[:h.end], b[h.end:], nil
}

// IsList tells whether an item is a list, by its first byte.
func IsList(item []byte) bool { return len(item) > 0 && item[0] >= listShort }

// Check tells whether b is exactly one item, canonical at every level and nested
// at most 64 deep.
func Check(b []byte) error {
	item, rest, err := Split(b)
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return fmt.Errorf("%w: %d bytes after the item", ErrMalformed, len(rest))
	}
	return checkNested(item, 0)
}

// checkNested checks what is inside an item whose head is known to be good.
func checkNested(item []byte, depth int) error {
	if !IsList(item) {
		return nil
	}
	if depth == depthMax {
		return fmt.Errorf("%w: nested more than %d deep", ErrMalformed, depthMax)
	}
	h, err := parseHead(item)
	if err != nil {
		return err
	}
	for rest := item[h.start:h.end]; len(rest) > 0; {
		var next []byte
		if next, rest, err = Split(rest); err != nil {
			return err
		}
		if err = checkNested(next, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// head is where an item's payload lies. 0 ≤ start ≤ end ≤ len of the input.
type head struct {
	list       bool
	start, end int
}

func parseHead(b []byte) (head, error) {
	if len(b) == 0 {
		return head{}, fmt.Errorf("%w: no item where one is due", ErrMalformed)
	}
	switch first := b[0]; {
	case first < stringShort:
		return head{start: 0, end: 1}, nil
	case first <= stringLong:
		h, err := shortHead(b, int(first-stringShort))
		if err == nil && h.end == 2 && b[1] < stringShort {
			return head{}, fmt.Errorf("%w: prefix before the byte 0x%02x", ErrMalformed, b[1])
		}
		return h, err
	case first < listShort:
		return longHead(b, int(first-stringLong))
	case first <= listLong:
		h, err := shortHead(b, int(first-listShort))
		h.list = true
		return h, err
	default:
		h, err := longHead(b, int(first-listLong))
		h.list = true
		return h, err
	}
}

func shortHead(b []byte, n int) (head, error) {
	if n > len(b)-1 {
		return head{}, fmt.Errorf("%w: %d bytes claimed, %d there", ErrMalformed, n, len(b)-1)
	}
	return head{start: 1, end: 1 + n}, nil
}

// longHead reads a head whose length takes w bytes, 1 ≤ w ≤ 8.
func longHead(b []byte, w int) (head, error) {
	if w > len(b)-1 {
		return head{}, fmt.Errorf("%w: length cut short", ErrMalformed)
	}
	var n uint64
	for _, c := range b[1 : 1+w] {
		n = n<<8 | uint64(c)
	}
	left := len(b) - 1 - w
	switch {
	case b[1] == 0 || n <= shortMax:
		return head{}, fmt.Errorf("%w: length is not minimal", ErrMalformed)
	case n > uint64(left):
		return head{}, fmt.Errorf("%w: %d bytes claimed, %d there", ErrMalformed, n, left)
	}
	return head{start: 1 + w, end: 1 + w + int(n)}, nil
}

// Head reads the head that b begins with, of an item that need not be there as a whole:
// how many bytes it has, and how many follow. It is not canonical unless Split says so
// once all is there.
func Head(b []byte) (head int, size uint64, ok bool) {
	if len(b) == 0 {
		return 0, 0, false
	}
	first, w := b[0], 0
	switch {
	case first < stringShort:
		return 0, 1, true
	case first <= stringLong:
		return 1, uint64(first - stringShort), true
	case first < listShort:
		w = int(first - stringLong)
	case first <= listLong:
		return 1, uint64(first - listShort), true
	default:
		w = int(first - listLong)
	}
	if len(b) <= w {
		return 0, 0, false
	}
	for _, c := range b[1 : 1+w] {
		size = size<<8 | uint64(c)
	}
	return 1 + w, size, true
}
