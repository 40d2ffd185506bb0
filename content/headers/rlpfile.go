package headers

import (
	"fmt"
	"io"
	"os"

	"github.com/ropewalk/ropewalk/content/history"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// file is headers, or blocks, side by side in RLP. Its numbers go up by one.
type file struct {
	f     *os.File
	size  int64
	first uint64
	count uint64
	marks []int64 // where items 0, strideHeaders, 2*strideHeaders, … begin
}

// openRLP walks a file once: every item must be the child of the one before.
func openRLP(f *os.File) (Source, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	s := &file{f: f, size: info.Size()}
	var last history.Header
	for at := int64(0); at < s.size; {
		h, next, err := s.read(at)
		switch {
		case err != nil:
			return nil, err
		case s.count > 0 && (h.Number != last.Number+1 || h.Parent != last.Hash):
			return nil, fmt.Errorf("%w: block %d after block %d is not its child", ErrSource, h.Number, last.Number)
		case s.count == 0:
			s.first = h.Number
		}
		if s.count%strideHeaders == 0 {
			s.marks = append(s.marks, at)
		}
		s.count++
		last, at = h, next
	}
	if s.count == 0 {
		return nil, fmt.Errorf("%w: an empty file", ErrSource)
	}
	return s, nil
}

// Header reads on from the mark before it.
func (s *file) Header(number uint64) (history.Header, error) {
	if number < s.first || number-s.first >= s.count {
		return history.Header{}, fmt.Errorf("%w: block %d; the file has %d to %d", ErrUnknown, number, s.first, s.first+s.count-1)
	}
	i := number - s.first
	at := s.marks[i/strideHeaders]
	for range i % strideHeaders {
		_, end, err := s.item(at)
		if err != nil {
			return history.Header{}, err
		}
		at = end
	}
	h, _, err := s.read(at)
	if err == nil && h.Number != number {
		err = fmt.Errorf("%w: block %d where %d was", ErrSource, h.Number, number)
	}
	return h, err
}

func (s *file) Close() error { return s.f.Close() }

// read reads the header of the item at a place, and says where the next item begins. An
// item is a header, or a block, whose first item is a header.
func (s *file) read(at int64) (h history.Header, next int64, err error) {
	inside, next, err := s.item(at)
	if err != nil {
		return h, 0, err
	}
	from, to := at, next
	if list, _, end, err := s.head(inside); err != nil {
		return h, 0, err
	} else if list {
		from, to = inside, end
	}
	if to-from > history.HeaderBytesMax || to > next {
		return h, 0, fmt.Errorf("%w: a header of %d bytes at %d", ErrSource, to-from, from)
	}
	b := make([]byte, to-from)
	if _, err := s.f.ReadAt(b, from); err != nil {
		return h, 0, fmt.Errorf("headers: %w", err)
	}
	if h, err = history.DecodeHeader(b); err != nil {
		return h, 0, fmt.Errorf("%w: at %d: %w", ErrSource, from, err)
	}
	return h, next, nil
}

// item says where the inside of the list at a place begins, and where the list ends.
func (s *file) item(at int64) (inside, end int64, err error) {
	list, inside, end, err := s.head(at)
	if err == nil && (!list || inside == end) {
		err = fmt.Errorf("%w: no header or block at %d", ErrSource, at)
	}
	return inside, end, err
}

// head reads the head of an item, which must lie within the file.
func (s *file) head(at int64) (list bool, inside, end int64, err error) {
	var b [headBytes]byte
	n, err := s.f.ReadAt(b[:], at)
	if n == 0 {
		return false, 0, 0, fmt.Errorf("%w: the file ends at %d: %v", ErrSource, at, err)
	}
	if err != nil && err != io.EOF {
		return false, 0, 0, fmt.Errorf("headers: %w", err)
	}
	h, size, ok := rlp.Head(b[:n])
	switch {
	case !ok:
		return false, 0, 0, fmt.Errorf("%w: no RLP at %d", ErrSource, at)
	case size > uint64(s.size-at)-uint64(h):
		return false, 0, 0, fmt.Errorf("%w: %d bytes claimed at %d, %d there", ErrSource, size, at, s.size-at-int64(h))
	}
	inside = at + int64(h)
	return rlp.IsList(b[:]), inside, inside + int64(size), nil
}
