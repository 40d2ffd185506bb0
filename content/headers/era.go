package headers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/ropewalk/ropewalk/content/history"
)

// Types of entries (eth-clients/e2store-format-specs, era1), and their head: two bytes of
// type, four of length, two that are zero.
const (
	eraVersion  = 0x3265
	eraHeader   = 0x03
	eraIndex    = 0x3266
	eraHeadSize = 8
)

// era is one era1 file. The index at its end says where each block begins.
type era struct {
	f     *os.File
	first uint64
	at    []int64 // of each header's entry
}

// isEra tells whether a file begins like one.
func isEra(f *os.File) bool {
	kind, size, err := eraHead(f, 0)
	return err == nil && kind == eraVersion && size == 0
}

// eraHead reads an entry's head.
func eraHead(f io.ReaderAt, at int64) (kind uint16, size uint32, err error) {
	var b [eraHeadSize]byte
	if _, err := f.ReadAt(b[:], at); err != nil {
		return 0, 0, fmt.Errorf("%w: at %d: %w", ErrSource, at, err)
	}
	if b[6]|b[7] != 0 {
		return 0, 0, fmt.Errorf("%w: no entry at %d", ErrSource, at)
	}
	return binary.LittleEndian.Uint16(b[:]), binary.LittleEndian.Uint32(b[2:]), nil
}

func openEra(f *os.File) (Source, error) { return readEra(f) }

// readEra reads the index: first number, an offset for each block from where the index
// itself begins, number of blocks.
func readEra(f *os.File) (*era, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var last [8]byte
	if _, err := f.ReadAt(last[:], info.Size()-int64(len(last))); err != nil {
		return nil, fmt.Errorf("%w: no index: %w", ErrSource, err)
	}
	count := binary.LittleEndian.Uint64(last[:])
	if count == 0 || count > eraBlocksMax {
		return nil, fmt.Errorf("%w: an index of %d blocks", ErrSource, count)
	}
	size := 8 + 8*int64(count) + 8
	from := info.Size() - size - eraHeadSize
	if from < eraHeadSize {
		return nil, fmt.Errorf("%w: an index of %d blocks in %d bytes", ErrSource, count, info.Size())
	}
	kind, n, err := eraHead(f, from)
	if err != nil || kind != eraIndex || int64(n) != size {
		return nil, fmt.Errorf("%w: no index of %d blocks at %d (%v)", ErrSource, count, from, err)
	}
	b := make([]byte, size)
	if _, err := f.ReadAt(b, from+eraHeadSize); err != nil {
		return nil, fmt.Errorf("headers: %w", err)
	}
	e := &era{f: f, first: binary.LittleEndian.Uint64(b), at: make([]int64, count)}
	if e.first+count < e.first {
		return nil, fmt.Errorf("%w: %d blocks from %d", ErrSource, count, e.first)
	}
	for i := range e.at {
		off := int64(binary.LittleEndian.Uint64(b[8+8*i:]))
		if off >= -eraHeadSize || off < -from || i > 0 && from+off <= e.at[i-1] {
			return nil, fmt.Errorf("%w: block %d at %d before the index", ErrSource, e.first+uint64(i), off)
		}
		e.at[i] = from + off
	}
	return e, nil
}

// Header unpacks the header of a number, and holds it against its parent's when the file
// has that too.
func (e *era) Header(number uint64) (history.Header, error) {
	if number < e.first || number-e.first >= uint64(len(e.at)) {
		return history.Header{}, fmt.Errorf("%w: block %d; the file has %d to %d", ErrUnknown, number, e.first, e.first+uint64(len(e.at))-1)
	}
	i := int(number - e.first)
	h, err := e.read(i)
	if err != nil || i == 0 {
		return h, err
	}
	parent, err := e.read(i - 1)
	if err == nil && parent.Hash != h.Parent {
		err = fmt.Errorf("%w: block %d is not the child of the one before", ErrSource, number)
	}
	return h, err
}

// read unpacks the header of a place.
func (e *era) read(i int) (history.Header, error) {
	kind, size, err := eraHead(e.f, e.at[i])
	switch {
	case err != nil:
		return history.Header{}, err
	case kind != eraHeader || size > packedMax:
		return history.Header{}, fmt.Errorf("%w: entry %#x of %d bytes at %d, want a header", ErrSource, kind, size, e.at[i])
	}
	b := make([]byte, size)
	if _, err := e.f.ReadAt(b, e.at[i]+eraHeadSize); err != nil {
		return history.Header{}, fmt.Errorf("headers: %w", err)
	}
	plain, err := io.ReadAll(io.LimitReader(s2.NewReader(bytes.NewReader(b), s2.ReaderMaxBlockSize(64<<10)), history.HeaderBytesMax+1))
	if err != nil {
		return history.Header{}, fmt.Errorf("%w: at %d: %w", ErrSource, e.at[i], err)
	}
	h, err := history.DecodeHeader(plain)
	switch {
	case err != nil:
		return history.Header{}, fmt.Errorf("%w: at %d: %w", ErrSource, e.at[i], err)
	case h.Number != e.first+uint64(i):
		return history.Header{}, fmt.Errorf("%w: block %d where %d should be", ErrSource, h.Number, e.first+uint64(i))
	}
	return h, nil
}

func (e *era) Close() error { return e.f.Close() }

// folder is era1 files, each opened when it is asked: there are thousands.
type folder []stretch

// stretch is what a file of a folder holds.
type stretch struct {
	name         string
	first, count uint64
}

// OpenEraFolder takes all files of a folder that end in .era1.
func OpenEraFolder(dir string) (Source, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.era1"))
	switch {
	case err != nil:
		return nil, fmt.Errorf("headers: %w", err)
	case len(names) == 0 || len(names) > eraFilesMax:
		return nil, fmt.Errorf("%w: %s has %d era1 files, want 1 to %d", ErrSource, dir, len(names), eraFilesMax)
	}
	var out folder
	for _, name := range names {
		err := withEra(name, func(e *era) error {
			out = append(out, stretch{name, e.first, uint64(len(e.at))})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b stretch) int {
		if a.first < b.first {
			return -1
		}
		return 1
	})
	for i := 1; i < len(out); i++ {
		if prev := out[i-1]; prev.first+prev.count > out[i].first {
			return nil, fmt.Errorf("%w: %s and %s overlap", ErrSource, prev.name, out[i].name)
		}
	}
	return out, nil
}

// withEra opens a file for one use.
func withEra(name string, use func(*era) error) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("headers: %w", err)
	}
	defer f.Close()
	if !isEra(f) {
		return fmt.Errorf("%w: %s is no era1 file", ErrSource, name)
	}
	e, err := readEra(f)
	if err == nil {
		err = use(e)
	}
	if err != nil && !errors.Is(err, ErrUnknown) {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return err
}

func (s folder) Header(number uint64) (h history.Header, err error) {
	i, ok := slices.BinarySearchFunc(s, number, func(f stretch, n uint64) int {
		switch {
		case f.first+f.count <= n:
			return -1
		case f.first > n:
			return 1
		}
		return 0
	})
	if !ok {
		return h, fmt.Errorf("%w: block %d is in none of %d files", ErrUnknown, number, len(s))
	}
	err = withEra(s[i].name, func(e *era) error {
		h, err = e.Header(number)
		return err
	})
	return h, err
}

func (folder) Close() error { return nil }
