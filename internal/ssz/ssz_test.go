package ssz

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
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

func TestParts(t *testing.T) {
	for _, c := range []struct {
		name, in string
		fixed    int
		at       []int
		want     []string
	}{
		{"one part", "04000000 6869", 4, []int{0}, []string{"hi"}},
		{"empty part", "04000000", 4, []int{0}, []string{""}},
		{"two parts", "ff 09000000 0a000000 61 6263", 9, []int{1, 5}, []string{"a", "bc"}},
		{"first empty", "ff 09000000 09000000 6263", 9, []int{1, 5}, []string{"", "bc"}},
		{"no parts", "0102", 2, nil, nil},
	} {
		parts, err := Parts(unhex(t, c.in), c.fixed, c.at...)
		if err != nil || len(parts) != len(c.want) {
			t.Errorf("%s: %d parts, %v", c.name, len(parts), err)
			continue
		}
		for i, p := range parts {
			if string(p) != c.want[i] || cap(p) != len(p) {
				t.Errorf("%s: part %d is %q with room for %d", c.name, i, p, cap(p))
			}
		}
	}
	for _, c := range []struct {
		name, in string
		fixed    int
		at       []int
	}{
		{"nothing", "", 4, []int{0}},
		{"cut short", "040000", 4, []int{0}},
		{"a gap", "05000000 00", 4, []int{0}},
		{"into the fixed part", "03000000 00", 4, []int{0}},
		{"zero", "00000000", 4, []int{0}},
		{"past the end", "05000000", 4, []int{0}},
		{"far past the end", "ffffffff 00", 4, []int{0}},
		{"backwards", "ff 0a000000 09000000 61 6263", 9, []int{1, 5}},
		{"second past the end", "ff 09000000 0d000000 616263", 9, []int{1, 5}},
		{"second into the fixed part", "ff 09000000 08000000 616263", 9, []int{1, 5}},
	} {
		if _, err := Parts(unhex(t, c.in), c.fixed, c.at...); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestLists(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"04000000", []string{""}},
		{"04000000 616263", []string{"abc"}},
		{"08000000 09000000 61 6263", []string{"a", "bc"}},
		{"0c000000 0c000000 0c000000", []string{"", "", ""}},
	} {
		items, err := Lists(unhex(t, c.in), 3, 3)
		if err != nil || len(items) != len(c.want) {
			t.Errorf("%s: %q, %v", c.in, items, err)
			continue
		}
		for i, item := range items {
			if string(item) != c.want[i] || cap(item) != len(item) {
				t.Errorf("%s: item %d is %q with room for %d", c.in, i, item, cap(item))
			}
		}
	}
	for _, c := range []struct {
		name, in string
		want     error
	}{
		{"less than an offset", "040000", ErrMalformed},
		{"offset zero", "00000000", ErrMalformed},
		{"offset no multiple", "05000000 00", ErrMalformed},
		{"first past the end", "08000000", ErrMalformed},
		{"first far past the end", "fcffffff", ErrMalformed},
		{"backwards", "0c000000 0e000000 0d000000 6162", ErrMalformed},
		{"second past the end", "08000000 0b000000 6162", ErrMalformed},
		{"second into the offsets", "08000000 04000000 6162", ErrMalformed},
		{"four of three", "10000000 10000000 10000000 10000000", ErrLimit},
		{"an item of four", "04000000 61626364", ErrLimit},
	} {
		if _, err := Lists(unhex(t, c.in), 3, 3); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestBits(t *testing.T) {
	for _, c := range []struct {
		in   string
		want string
	}{
		{"01", ""}, {"02", "0"}, {"03", "1"}, {"0101", "10000000"}, {"ff01", "11111111"},
		{"80", "0000000"}, {"010000000000008001", strings.Repeat("1"+strings.Repeat("0", 62)+"1", 1)},
	} {
		set, err := Bits(unhex(t, c.in), 64)
		got := ""
		for _, on := range set {
			got += map[bool]string{false: "0", true: "1"}[on]
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %s, %v", c.in, got, err)
		}
		if again := AppendBits(nil, set); !bytes.Equal(again, unhex(t, c.in)) {
			t.Errorf("%s came back as %x", c.in, again)
		}
	}
	for _, c := range []struct {
		in   string
		want error
	}{
		{"", ErrMalformed}, {"00", ErrMalformed}, {"0100", ErrMalformed},
		{"00000000000000000000", ErrMalformed}, {"000000000000000002", ErrLimit},
		{"00000000000000000001", ErrLimit},
	} {
		if _, err := Bits(unhex(t, c.in), 64); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.in, err)
		}
	}
}

func TestSmall(t *testing.T) {
	if err := Fixed([]byte{1, 2}, 3); !errors.Is(err, ErrMalformed) {
		t.Errorf("two bytes for three: %v", err)
	}
	if _, err := Bytes(make([]byte, 4), 3); !errors.Is(err, ErrLimit) {
		t.Errorf("four bytes of three: %v", err)
	}
	if _, err := Uint16s(make([]byte, 3), 3); !errors.Is(err, ErrMalformed) {
		t.Errorf("half a number: %v", err)
	}
	if _, err := Uint16s(make([]byte, 8), 3); !errors.Is(err, ErrLimit) {
		t.Errorf("four numbers of three: %v", err)
	}
	for _, bad := range []string{"", "03", "ff00"} {
		if _, _, err := Union(unhex(t, bad), 3); !errors.Is(err, ErrMalformed) {
			t.Errorf("union %q: %v", bad, err)
		}
	}
	if kind, body, err := Union([]byte{2, 7}, 3); kind != 2 || !bytes.Equal(body, []byte{7}) || err != nil {
		t.Errorf("union: %d, %x, %v", kind, body, err)
	}
}

// What is written is read, and takes as many bytes as was said.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 9), 0, 9).Draw(t, "items")
		b := AppendLists([]byte("x"), items)[1:]
		got, err := Lists(b, 9, 9)
		if err != nil || len(got) != len(items) || len(b) != ListsSize(items) {
			t.Fatalf("%d of %d items in %d bytes: %v", len(got), len(items), len(b), err)
		}
		for i := range items {
			if !bytes.Equal(got[i], items[i]) {
				t.Fatalf("item %d: %x, want %x", i, got[i], items[i])
			}
		}
		set := rapid.SliceOfN(rapid.Bool(), 0, 64).Draw(t, "bits")
		if again, err := Bits(AppendBits(nil, set), 64); err != nil || !slices.Equal(again, set) {
			t.Fatalf("bits %v, want %v: %v", again, set, err)
		}
		numbers := rapid.SliceOfN(rapid.Uint16(), 0, 64).Draw(t, "numbers")
		if again, err := Uint16s(AppendUint16s(nil, numbers), 64); err != nil || !slices.Equal(again, numbers) {
			t.Fatalf("numbers %v, want %v: %v", again, numbers, err)
		}
	})
}

// Everything that is accepted has one encoding.
func FuzzSSZ(f *testing.F) {
	f.Add([]byte{8, 0, 0, 0, 9, 0, 0, 0, 'a', 'b'})
	f.Add([]byte{4, 0, 0, 0, 'h', 'i'})
	f.Add([]byte{1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		if items, err := Lists(b, 64, 2048); err == nil && !bytes.Equal(AppendLists(nil, items), b) {
			t.Fatalf("list %x came back as %x", b, AppendLists(nil, items))
		}
		if set, err := Bits(b, 64); err == nil && !bytes.Equal(AppendBits(nil, set), b) {
			t.Fatalf("bits %x came back as %x", b, AppendBits(nil, set))
		}
		if parts, err := Parts(b, 9, 1, 5); err == nil {
			again := append(AppendOffset(AppendOffset(b[:1:1], 9), 9+len(parts[0])), parts[0]...)
			if again = append(again, parts[1]...); !bytes.Equal(again, b) {
				t.Fatalf("container %x came back as %x", b, again)
			}
		}
	})
}
