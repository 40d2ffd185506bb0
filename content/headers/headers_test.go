package headers

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/klauspost/compress/s2"

	"github.com/ropewalk/ropewalk/content/history"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// mainnet is ten headers of mainnet, 1,000,001 to 1,000,010 (portal-spec-tests,
// tests/mainnet/history/headers): entries of type 0x00ff.
func mainnet(t testing.TB) (out [][]byte) {
	t.Helper()
	b, err := os.ReadFile("testdata/1000001-1000010.e2s")
	if err != nil {
		t.Fatal(err)
	}
	f := bytes.NewReader(b)
	for at := int64(0); at < int64(len(b)); {
		kind, size, err := eraHead(f, at)
		if err != nil || kind != 0x00ff {
			t.Fatalf("entry %#x at %d: %v", kind, at, err)
		}
		out = append(out, b[at+eraHeadSize:at+eraHeadSize+int64(size)])
		at += eraHeadSize + int64(size)
	}
	if len(out) != 10 {
		t.Fatalf("%d headers", len(out))
	}
	return out
}

const firstNumber = 1000001

// write makes a file and opens it.
func write(t testing.TB, name string, b []byte) (string, Source, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path)
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return path, s, err
}

// expect holds a source against the headers that it should have.
func expect(t *testing.T, s Source, from uint64, want [][]byte) {
	t.Helper()
	for i, raw := range want {
		h, err := s.Header(from + uint64(i))
		w, werr := history.DecodeHeader(raw)
		if err != nil || werr != nil || h != w || h.Number != from+uint64(i) {
			t.Errorf("block %d: %+v, %v; want %+v, %v", from+uint64(i), h, err, w, werr)
		}
	}
	for _, n := range []uint64{0, from - 1, from + uint64(len(want)), 1<<64 - 1} {
		if _, err := s.Header(n); !errors.Is(err, ErrUnknown) {
			t.Errorf("block %d: %v", n, err)
		}
	}
}

func TestRLPFile(t *testing.T) {
	all := mainnet(t)
	_, s, err := write(t, "headers.rlp", bytes.Join(all, nil))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, s, firstNumber, all)

	var blocks []byte // as an execution client exports them
	for i, h := range all {
		tx := rlp.AppendList(nil, rlp.AppendBytes(nil, make([]byte, 100*i*i)))
		block := append(rlp.AppendList(slices.Clone(h), tx), 0xc0)
		blocks = rlp.AppendList(blocks, block)
	}
	_, s, err = write(t, "blocks.rlp", blocks)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, s, firstNumber, all)
}

// chain makes n headers that hang together.
func chain(t testing.TB, first uint64, n int) (out [][]byte) {
	t.Helper()
	var parent history.Hash
	for i := range n {
		body := rlp.AppendBytes(nil, parent[:])
		for field := 1; field < 15; field++ {
			switch field {
			case 8:
				body = rlp.AppendUint(body, first+uint64(i))
			case 1, 3, 4, 5:
				body = rlp.AppendBytes(body, bytes.Repeat([]byte{byte(field)}, 32))
			default:
				body = rlp.AppendBytes(body, nil)
			}
		}
		out = append(out, rlp.AppendList(nil, body))
		h, err := history.DecodeHeader(out[i])
		if err != nil {
			t.Fatal(err)
		}
		parent = h.Hash
	}
	return out
}

// A long file is read on from marks.
func TestRLPFileMarks(t *testing.T) {
	all := chain(t, 7, 3*strideHeaders+5)
	_, s, err := write(t, "headers.rlp", bytes.Join(all, nil))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, s, 7, all)
	if marks := len(s.(*file).marks); marks != 4 {
		t.Errorf("%d marks", marks)
	}
}

// Every broken file is refused when it is opened.
func TestRLPFileRefusals(t *testing.T) {
	all := mainnet(t)
	whole := bytes.Join(all, nil)
	swap := func(i, j int) []byte {
		c := slices.Clone(all)
		c[i], c[j] = c[j], c[i]
		return bytes.Join(c, nil)
	}
	bit := func(at int) []byte { c := slices.Clone(whole); c[at] ^= 1; return c }
	for name, b := range map[string][]byte{
		"nothing":               {},
		"a byte":                {7},
		"a string":              {0x83, 'd', 'o', 'g'},
		"an empty list":         {0xc0},
		"cut by a byte":         whole[:len(whole)-1],
		"cut in a head":         append(slices.Clone(whole), 0xf9, 2),
		"a byte behind":         append(slices.Clone(whole), 0),
		"a gap":                 bytes.Join(slices.Delete(slices.Clone(all), 4, 5), nil),
		"twice":                 bytes.Join(slices.Insert(slices.Clone(all), 4, all[3]), nil),
		"in disorder":           swap(4, 5),
		"a bit of a parent":     bit(10),
		"a bit of the roots":    bit(150),
		"a length of 2^64-1":    {0xff, 255, 255, 255, 255, 255, 255, 255, 255, 0},
		"a length of 2^63":      {0xff, 128, 0, 0, 0, 0, 0, 0, 0, 0},
		"a header of 4 KiB":     rlp.AppendList(nil, rlp.AppendBytes(nil, make([]byte, 4096))),
		"a block of no header":  rlp.AppendList(nil, rlp.AppendList(nil, nil)),
		"a header out of block": rlp.AppendList(nil, []byte{0xf8, 200, 1, 2}),
	} {
		if _, _, err := write(t, "x.rlp", b); err == nil {
			t.Errorf("%s is taken", name)
		} else if !errors.Is(err, ErrSource) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// eraFile makes an era1 file: version, a tuple for each block, an accumulator, the index.
func eraFile(t testing.TB, first uint64, all [][]byte) []byte {
	t.Helper()
	var out []byte
	entry := func(kind uint16, data []byte) {
		out = binary.LittleEndian.AppendUint16(out, kind)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
		out = append(append(out, 0, 0), data...)
	}
	entry(eraVersion, nil)
	var at []int
	for i, h := range all {
		at = append(at, len(out))
		entry(eraHeader, pack(t, h))
		entry(0x04, pack(t, make([]byte, 10*i)))
		entry(0x05, pack(t, make([]byte, 5*i)))
		entry(0x06, make([]byte, 32))
	}
	entry(0x07, make([]byte, 32))
	index := binary.LittleEndian.AppendUint64(nil, first)
	for _, p := range at {
		index = binary.LittleEndian.AppendUint64(index, uint64(int64(p-len(out))))
	}
	entry(eraIndex, binary.LittleEndian.AppendUint64(index, uint64(len(all))))
	return out
}

// pack frames and compresses as Snappy does.
func pack(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := s2.NewWriter(&b, s2.WriterSnappyCompat(), s2.WriterConcurrency(1))
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEra(t *testing.T) {
	all := mainnet(t)
	_, s, err := write(t, "mainnet-00122.era1", eraFile(t, firstNumber, all))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, s, firstNumber, all)
}

func TestEraFolder(t *testing.T) {
	all := chain(t, 0, 60)
	dir := t.TempDir()
	for i, part := range [][2]int{{0, 20}, {20, 40}, {50, 60}} {
		name := filepath.Join(dir, string(rune('z'-i))+".era1") // names say nothing about order
		if err := os.WriteFile(name, eraFile(t, uint64(part[0]), all[part[0]:part[1]]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n, raw := range all {
		h, err := s.Header(uint64(n))
		if n >= 40 && n < 50 {
			if !errors.Is(err, ErrUnknown) {
				t.Errorf("block %d of no file: %v", n, err)
			}
			continue
		}
		if w, _ := history.DecodeHeader(raw); err != nil || h != w {
			t.Errorf("block %d: %v", n, err)
		}
	}
	if _, err := s.Header(1 << 40); !errors.Is(err, ErrUnknown) {
		t.Errorf("far ahead: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "over.era1"), eraFile(t, 15, all[15:25]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrSource) {
		t.Errorf("files that overlap: %v", err)
	}
	if _, err := Open(t.TempDir()); !errors.Is(err, ErrSource) {
		t.Errorf("an empty folder: %v", err)
	}
}

// A broken era1 file gives no header that is not one of the chain.
func TestEraRefusals(t *testing.T) {
	all := mainnet(t)
	good := eraFile(t, firstNumber, all)
	index := len(good) - (8 + 8*len(all) + 8)
	set := func(at int, v uint64) []byte {
		b := slices.Clone(good)
		binary.LittleEndian.PutUint64(b[at:], v)
		return b
	}
	bomb := eraFile(t, firstNumber, [][]byte{make([]byte, 60000)})
	for name, b := range map[string][]byte{
		"no index":              good[:index-8],
		"cut by a byte":         good[:len(good)-1],
		"an index of nothing":   set(len(good)-8, 0),
		"an index of too much":  set(len(good)-8, 8193),
		"an index of 2^64-1":    set(len(good)-8, 1<<64-1),
		"one block more":        set(len(good)-8, 11),
		"one block less":        set(len(good)-8, 9),
		"numbers that wrap":     set(index, 1<<64-5),
		"other numbers":         set(index, 5),
		"an offset forwards":    set(index+8, 0),
		"an offset too far":     set(index+8, 1<<63),
		"offsets that repeat":   set(index+16, binary.LittleEndian.Uint64(good[index+8:])),
		"an offset into a body": set(index+8, binary.LittleEndian.Uint64(good[index+8:])+3),
		"other compressed data": func() []byte { b := slices.Clone(good); b[60] ^= 1; return b }(),
		"another's header":      eraFile(t, firstNumber, append(slices.Clone(all[:1]), all[2:]...)),
		"a header of 60 kB":     bomb,
	} {
		_, s, err := write(t, "x.era1", b)
		for n := uint64(firstNumber); err == nil && n < firstNumber+2; n++ {
			_, err = s.Header(n)
		}
		if !errors.Is(err, ErrSource) && !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Any bytes as a file: an error or headers, no panic, and no more read than is there.
func FuzzFile(f *testing.F) {
	all := mainnet(f)
	f.Add(bytes.Join(all[:2], nil))
	f.Add(eraFile(f, firstNumber, all[:2]))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		tmp, err := os.CreateTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(tmp.Name())
		defer tmp.Close()
		if _, err := io.Copy(tmp, bytes.NewReader(b)); err != nil {
			t.Fatal(err)
		}
		if s, err := openRLP(tmp); err == nil {
			first := s.(*file).first
			if h, err := s.Header(first); err != nil || h.Number != first {
				t.Fatalf("block %d: %v", first, err)
			}
		}
		if s, err := readEra(tmp); err == nil {
			_, _ = s.Header(s.first)
			_, _ = s.Header(s.first + uint64(len(s.at)) - 1)
		}
	})
}
