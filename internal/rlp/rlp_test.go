package rlp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The examples of the Ethereum wiki, "RLP", and the borders between the forms.
func TestAppend(t *testing.T) {
	long := bytes.Repeat([]byte{'a'}, 56)
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"dog", AppendString(nil, "dog"), "83 646f67"},
		{"empty string", AppendBytes(nil, nil), "80"},
		{"empty list", AppendList(nil, nil), "c0"},
		{"cat dog", AppendList(nil, AppendString(AppendString(nil, "cat"), "dog")), "c8 83636174 83646f67"},
		{"zero byte", AppendBytes(nil, []byte{0}), "00"},
		{"byte 7f", AppendBytes(nil, []byte{0x7f}), "7f"},
		{"byte 80", AppendBytes(nil, []byte{0x80}), "8180"},
		{"0", AppendUint(nil, 0), "80"},
		{"15", AppendUint(nil, 15), "0f"},
		{"127", AppendUint(nil, 127), "7f"},
		{"128", AppendUint(nil, 128), "8180"},
		{"1024", AppendUint(nil, 1024), "820400"},
		{"max", AppendUint(nil, 1<<64-1), "88 ffffffffffffffff"},
		{"55 bytes", AppendBytes(nil, long[:55]), "b7" + hex.EncodeToString(long[:55])},
		{"56 bytes", AppendBytes(nil, long), "b838" + hex.EncodeToString(long)},
		{"list of 55", AppendList(nil, long[:55]), "f7" + hex.EncodeToString(long[:55])},
		{"list of 56", AppendList(nil, long), "f838" + hex.EncodeToString(long)},
		{"after a prefix", AppendUint([]byte{1}, 2), "0102"},
	} {
		if want := unhex(t, c.want); !bytes.Equal(c.got, want) {
			t.Errorf("%s: %x, want %x", c.name, c.got, want)
		}
	}
	if got := AppendBytes(nil, make([]byte, 1024))[:3]; !bytes.Equal(got, []byte{0xb9, 4, 0}) {
		t.Errorf("1024 bytes begin %x", got)
	}
	if got := AppendList(nil, make([]byte, 1<<16))[:4]; !bytes.Equal(got, []byte{0xfa, 1, 0, 0}) {
		t.Errorf("list of 65536 bytes begins %x", got)
	}
}

// What has a second encoding is refused in it, wherever it stands.
func TestRefused(t *testing.T) {
	a55, a56 := strings.Repeat("61", 55), strings.Repeat("61", 56)
	for _, c := range []struct{ name, in string }{
		{"nothing", ""},
		{"prefix before 00", "8100"},
		{"prefix before 7f", "817f"},
		{"string cut short", "83 6461"},
		{"string prefix alone", "81"},
		{"long form for 55 bytes", "b837" + a55},
		{"long form for 0 bytes", "b800"},
		{"length with a leading zero", "b90038" + a56},
		{"length cut short", "b9"},
		{"length cut after one byte", "b938"},
		{"56 bytes claimed, 55 there", "b838" + a55},
		{"length of 2^64-1", "bf ffffffffffffffff"},
		{"length of 2^63", "bf 8000000000000000"},
		{"length that wraps with its head", "bf fffffffffffffff6 00"},
		{"list cut short", "c3 0102"},
		{"long list for 55 bytes", "f837" + strings.Repeat("01", 55)},
		{"list length with a leading zero", "f90038" + strings.Repeat("01", 56)},
		{"list length of 2^64-1", "ff ffffffffffffffff"},
		{"trailing byte", "83646f67 00"},
		{"trailing byte after list", "c0 00"},
		{"bad item in a list", "c2 8100"},
		{"bad item two lists deep", "c3 c2 8100"},
		{"item that leaves its list", "c2 83 01"},
		{"65 lists deep", deep(65)},
	} {
		if err := Check(unhex(t, c.in)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: Check says %v", c.name, err)
		}
	}
	if err := Check(unhex(t, deep(64))); err != nil {
		t.Errorf("64 lists deep: %v", err)
	}
}

// deep is the hex of n lists within each other.
func deep(n int) string {
	var b []byte
	for range n {
		b = AppendList(nil, b)
	}
	return hex.EncodeToString(b)
}

func TestReader(t *testing.T) {
	inner := AppendList(nil, AppendUint(nil, 7))
	b := AppendUint(nil, 300)
	b = AppendString(b, "rope")
	b = append(b, inner...)
	b = append(b, inner...)
	b = AppendUint(b, 65535)
	r, err := NewList(AppendList(nil, b))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := r.Uint64(); v != 300 || err != nil {
		t.Error(v, err)
	}
	if s, err := r.Bytes(); string(s) != "rope" || err != nil {
		t.Error(s, err)
	}
	l, err := r.List()
	if err != nil {
		t.Fatal(err)
	}
	if v, err := l.Uint64(); v != 7 || err != nil || l.More() || l.End() != nil {
		t.Error(v, err)
	}
	if raw, err := r.Raw(); !bytes.Equal(raw, inner) || err != nil {
		t.Error(raw, err)
	}
	if r.End() == nil || !r.More() || len(r.Rest()) != 3 {
		t.Error("an item is left, and End is content")
	}
	if v, err := r.Uint16(); v != 65535 || err != nil {
		t.Error(v, err)
	}
	if _, err := r.Raw(); !errors.Is(err, ErrMalformed) {
		t.Error("an item after the last")
	}
	if r.End() != nil {
		t.Error(r.End())
	}
}

// A reader that was asked for the wrong thing has not moved.
func TestReaderRefusals(t *testing.T) {
	for _, c := range []struct {
		name, item string
		take       func(*Reader) error
	}{
		{"list as string", "c0", func(r *Reader) error { _, err := r.Bytes(); return err }},
		{"list as integer", "c101", func(r *Reader) error { _, err := r.Uint64(); return err }},
		{"string as list", "80", func(r *Reader) error { _, err := r.List(); return err }},
		{"integer 00", "00", func(r *Reader) error { _, err := r.Uint64(); return err }},
		{"integer with a leading zero", "820001", func(r *Reader) error { _, err := r.Uint64(); return err }},
		{"integer of nine bytes", "89010000000000000000", func(r *Reader) error { _, err := r.Uint64(); return err }},
		{"65536 as 16 bits", "83010000", func(r *Reader) error { _, err := r.Uint16(); return err }},
		{"prefix before 05", "8105", func(r *Reader) error { _, err := r.Uint64(); return err }},
		{"raw with a bad inside", "c28100", func(r *Reader) error { _, err := r.Raw(); return err }},
		{"cut short", "83", func(r *Reader) error { _, err := r.Bytes(); return err }},
	} {
		b := unhex(t, c.item)
		r := NewItems(b)
		if err := c.take(r); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", c.name, err)
		}
		if !bytes.Equal(r.Rest(), b) {
			t.Errorf("%s: the reader moved", c.name)
		}
	}
	for _, in := range []string{"", "80", "c001", "c2 01", "f800"} {
		if _, err := NewList(unhex(t, in)); !errors.Is(err, ErrMalformed) {
			t.Errorf("NewList(%s): %v", in, err)
		}
	}
}

func TestSplit(t *testing.T) {
	item, rest, err := Split(unhex(t, "c20102 05"))
	if err != nil || !bytes.Equal(item, []byte{0xc2, 1, 2}) || !bytes.Equal(rest, []byte{5}) || !IsList(item) || IsList(rest) {
		t.Errorf("%x %x %v", item, rest, err)
	}
}

// Whatever is written is read back, and is canonical.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Uint64().Draw(t, "v")
		s := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "s")
		small := rapid.Uint64Range(0, 300).Draw(t, "small")
		b := AppendUint(nil, v)
		b = AppendBytes(b, s)
		b = AppendList(b, AppendUint(AppendBytes(nil, s), small))
		b = AppendList(nil, b)
		if err := Check(b); err != nil {
			t.Fatal(err)
		}
		r, err := NewList(b)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.Uint64(); got != v || err != nil {
			t.Fatal(got, err)
		}
		if got, err := r.Bytes(); !bytes.Equal(got, s) || err != nil {
			t.Fatal(got, err)
		}
		l, err := r.List()
		if err != nil || r.End() != nil {
			t.Fatal(err)
		}
		if got, err := l.Bytes(); !bytes.Equal(got, s) || err != nil {
			t.Fatal(got, err)
		}
		if got, err := l.Uint64(); got != small || err != nil || l.End() != nil {
			t.Fatal(got, err)
		}
	})
}

// again encodes what an item says; the item was checked.
func again(item []byte) []byte {
	r := NewItems(item)
	if !IsList(item) {
		s, err := r.Bytes()
		if err != nil {
			panic(err)
		}
		return AppendBytes(nil, s)
	}
	l, err := r.List()
	if err != nil {
		panic(err)
	}
	var payload []byte
	for l.More() {
		item, err := l.Raw()
		if err != nil {
			panic(err)
		}
		payload = append(payload, again(item)...)
	}
	return AppendList(nil, payload)
}

// decode∘encode is the identity on everything that is accepted.
func FuzzRLP(f *testing.F) {
	for _, s := range []string{"", "80", "c0", "7f", "8180", "8100", "c883636174 83646f67", "b838", "f90001", "820400", "00"} {
		f.Add(unhex(f, s))
	}
	f.Add(AppendList(nil, AppendBytes(AppendUint(nil, 1<<40), make([]byte, 70))))
	f.Fuzz(func(t *testing.T, b []byte) {
		if v, err := NewItems(b).Uint64(); err == nil {
			if item, _, _ := Split(b); !bytes.Equal(AppendUint(nil, v), item) {
				t.Fatalf("integer %x is not canonical", item)
			}
		}
		item, rest, err := Split(b)
		if err == nil && len(item)+len(rest) != len(b) {
			t.Fatalf("Split lost bytes of %x", b)
		}
		if Check(b) != nil {
			return
		}
		if got := again(b); !bytes.Equal(got, b) {
			t.Fatalf("%x written again is %x", b, got)
		}
	})
}

// A head says where an item ends before the item is there.
func TestHead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := make([]byte, rapid.IntRange(0, 70000).Draw(t, "length"))
		item := AppendBytes(nil, body)
		if rapid.Bool().Draw(t, "list") {
			item = AppendList(nil, body)
		}
		head, size, ok := Head(item[:min(len(item), 9)])
		if !ok || head+int(size) != len(item) {
			t.Fatalf("head %d, size %d, %v; the item has %d bytes", head, size, ok, len(item))
		}
	})
	for _, cut := range []string{"", "b8", "b938", "bf ffffffffffffff", "f8", "fa 0100"} {
		if _, _, ok := Head(unhex(t, cut)); ok {
			t.Errorf("%q has a whole head", cut)
		}
	}
	if head, size, ok := Head(unhex(t, "ff ffffffffffffffff")); !ok || head != 9 || size != 1<<64-1 {
		t.Errorf("the longest: %d, %d, %v", head, size, ok)
	}
}
