package rlp

import "fmt"

// Reader walks the items of one list. Each method takes the next item; after an
// error the Reader has not moved. What it returns aliases the input.
type Reader struct{ rest []byte }

// NewList reads b, which must be exactly one list.
func NewList(b []byte) (*Reader, error) {
	h, err := parseHead(b)
	switch {
	case err != nil:
		return nil, err
	case !h.list:
		return nil, fmt.Errorf("%w: a string where a list is due", ErrMalformed)
	case h.end != len(b):
		return nil, fmt.Errorf("%w: %d bytes after the list", ErrMalformed, len(b)-h.end)
	}
	return &Reader{b[h.start:h.end]}, nil
}

// NewItems reads the items that stand side by side in b, as in a list's payload.
func NewItems(b []byte) *Reader { return &Reader{b} }

// More tells whether an item is left.
func (r *Reader) More() bool { return len(r.rest) > 0 }

// Rest is everything not yet read.
func (r *Reader) Rest() []byte { return r.rest }

// End returns an error when an item is left.
func (r *Reader) End() error {
	if r.More() {
		return fmt.Errorf("%w: %d bytes after the last item", ErrMalformed, len(r.rest))
	}
	return nil
}

// Bytes takes a string of any length.
func (r *Reader) Bytes() ([]byte, error) { return r.payload(false) }

// List takes a list.
func (r *Reader) List() (*Reader, error) {
	p, err := r.payload(true)
	if err != nil {
		return nil, err
	}
	return &Reader{p}, nil
}

// Items takes a list and returns its items, side by side: what List reads, for who
// keeps a Reader by value and allocates nothing.
func (r *Reader) Items() ([]byte, error) { return r.payload(true) }

// Uint64 takes an integer.
func (r *Reader) Uint64() (uint64, error) { return r.uint(8) }

// Uint16 takes an integer below 65536, such as a port.
func (r *Reader) Uint16() (uint16, error) {
	v, err := r.uint(2)
	return uint16(v), err
}

// Raw takes one whole item, head and all, and checks that it is canonical at
// every level.
func (r *Reader) Raw() ([]byte, error) {
	item, rest, err := Split(r.rest)
	if err != nil {
		return nil, err
	}
	if err := checkNested(item, 0); err != nil {
		return nil, err
	}
	r.rest = rest
	return item, nil
}

// uint takes an integer of at most the given number of bytes, at most 8.
func (r *Reader) uint(bytesMax int) (uint64, error) {
	before := r.rest
	p, err := r.Bytes()
	switch {
	case err != nil:
		return 0, err
	case len(p) > bytesMax:
		r.rest = before
		return 0, fmt.Errorf("%w: integer of %d bytes, want at most %d", ErrMalformed, len(p), bytesMax)
	case len(p) > 0 && p[0] == 0:
		r.rest = before
		return 0, fmt.Errorf("%w: integer with a leading zero", ErrMalformed)
	}
	var v uint64
	for _, c := range p {
		v = v<<8 | uint64(c)
	}
	return v, nil
}

func (r *Reader) payload(list bool) ([]byte, error) {
	h, err := parseHead(r.rest)
	switch {
	case err != nil:
		return nil, err
	case h.list && !list:
		return nil, fmt.Errorf("%w: a list where a string is due", ErrMalformed)
	case !h.list && list:
		return nil, fmt.Errorf("%w: a string where a list is due", ErrMalformed)
	}
	p := r.rest[h.start:h.end]
	r.rest = r.rest[h.end:]
	return p, nil
}
