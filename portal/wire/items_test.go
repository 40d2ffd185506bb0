package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLengths(t *testing.T) {
	for n, want := range map[int]string{0: "00", 127: "7f", 128: "8001", 300: "ac02", 16384: "808001",
		1587870: "9ef560", 1<<32 - 1: "ffffffff0f"} {
		b := AppendLength(nil, n)
		if hex.EncodeToString(b) != want {
			t.Errorf("%d: %x, want %s", n, b, want)
		}
		var l length
		for i, c := range b {
			last, err := l.add(c)
			if err != nil || last != (i == len(b)-1) {
				t.Errorf("%d: byte %d: last %v, %v", n, i, last, err)
			}
		}
		if l.v != uint64(n) {
			t.Errorf("%s: %d, want %d", want, l.v, n)
		}
	}
	for _, bad := range []string{"8000", "808000", "ff00", "8080808000", "ffffffff10", "ffffffff7f", "ffffffff8f", "8080808080", "ffffffffff01"} {
		err := NewItems(1, 1<<40, 1<<40).Write(unhex(t, bad))
		if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// take reads what is whole.
func take(r *Items) (out [][]byte) {
	for {
		item, ok := r.Next()
		if !ok {
			return out
		}
		out = append(out, item)
	}
}

// However a stream is cut, the same items come out.
func TestItems(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 300), 1, 8).Draw(t, "items")
		var stream []byte
		for _, item := range items {
			stream = append(AppendLength(stream, len(item)), item...)
		}
		r := NewItems(len(items), 300, len(stream))
		var got [][]byte
		for rest := stream; len(rest) > 0; {
			if r.Done() {
				t.Fatal("done before the end")
			}
			n := rapid.IntRange(1, len(rest)).Draw(t, "chunk")
			chunk := slices.Clone(rest[:n])
			if err := r.Write(chunk); err != nil {
				t.Fatal(err)
			}
			clear(chunk) // the reader has its own
			got = append(got, take(r)...)
			rest = rest[n:]
		}
		if !r.Done() || r.End() != nil || r.Held() != 0 {
			t.Fatalf("done %v, end %v, %d bytes held", r.Done(), r.End(), r.Held())
		}
		if !slices.EqualFunc(got, items, bytes.Equal) {
			t.Fatalf("%x, want %x", got, items)
		}
	})
}

// Every lie about lengths and numbers ends the stream, and costs no memory.
func TestItemsRefusals(t *testing.T) {
	const itemMax, streamMax = 10, 16
	for _, c := range []struct {
		name, in string
		items    int
		want     error
		whole    int // items that came before
	}{
		{"an item above its cap", "0b", 1, ErrTooLarge, 0},
		{"an item of 4 GiB", "ffffffff0f", 1, ErrTooLarge, 0},
		{"items that cannot all fit", "08 6161616161616161 08", 2, ErrTooLarge, 1},
		{"an item that cannot fit, begun", "08 6161616161616161 07 61", 2, ErrTooLarge, 1},
		{"more bytes than a stream has", "0a" + strings.Repeat("61", 16), 2, ErrTooLarge, 0},
		{"a byte behind the last item", "0161 00", 1, ErrMalformed, 1},
		{"an item too many", "0161 0162", 1, ErrMalformed, 1},
		{"a length with an empty end", "0161 8100", 2, ErrMalformed, 1},
		{"a length without an end", "0161 8080808080", 2, ErrMalformed, 1},
	} {
		r := NewItems(c.items, itemMax, streamMax)
		err := r.Write(unhex(t, c.in))
		if !errors.Is(err, c.want) || r.Done() {
			t.Errorf("%s: %v, done %v", c.name, err, r.Done())
		}
		if err := r.Write([]byte{1}); !errors.Is(err, c.want) || !errors.Is(r.End(), c.want) {
			t.Errorf("%s: taken up again: %v", c.name, err)
		}
		if got := take(r); len(got) != c.whole {
			t.Errorf("%s: %d whole items, want %d", c.name, len(got), c.whole)
		}
	}
	for _, c := range []struct {
		name, in string
		whole    int
	}{{"no end of a length", "0161 80", 1}, {"no item", "", 0}, {"half an item", "0261", 0}, {"an item less", "0161", 1}} {
		r := NewItems(2, itemMax, streamMax)
		if err := r.Write(unhex(t, c.in)); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if err := r.End(); !errors.Is(err, ErrShort) || r.Done() || len(take(r)) != c.whole {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// An item that its sender no longer has is no bytes, and the next follows.
func TestItemsGone(t *testing.T) {
	r := NewItems(3, 10, 16)
	if err := r.Write(unhex(t, "00 0161 00")); err != nil {
		t.Fatal(err)
	}
	got := take(r)
	if len(got) != 3 || len(got[0]) != 0 || string(got[1]) != "a" || len(got[2]) != 0 || !r.Done() {
		t.Errorf("%q, done %v", got, r.Done())
	}
}

func TestRaw(t *testing.T) {
	r := NewRaw(5)
	for _, chunk := range []string{"he", "", "llo"} {
		if err := r.Write([]byte(chunk)); err != nil || r.Done() {
			t.Fatalf("%q: %v, done %v", chunk, err, r.Done())
		}
	}
	if err := r.End(); err != nil || !r.Done() {
		t.Fatalf("%v, done %v", err, r.Done())
	}
	if got := take(r); len(got) != 1 || string(got[0]) != "hello" {
		t.Errorf("%q", got)
	}
	r = NewRaw(5)
	if err := r.Write([]byte("hello!")); !errors.Is(err, ErrTooLarge) || !errors.Is(r.End(), ErrTooLarge) {
		t.Errorf("six bytes of five: %v", err)
	}
}

// Who claims much and sends little costs little.
func TestItemsMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var kept []*Items
	for range 64 {
		r := NewItems(1, 1<<30, 1<<31)
		if err := r.Write(append(AppendLength(nil, 1<<30), 'x')); err != nil {
			t.Fatal(err)
		}
		if r.Held() != 1 {
			t.Fatalf("%d bytes held", r.Held())
		}
		kept = append(kept, r)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 64*(growBytes+16<<10) {
		t.Errorf("64 claims of 1 GiB cost %d bytes", got)
	}
	runtime.KeepAlive(kept)
}

func FuzzItems(f *testing.F) {
	f.Add([]byte{1, 'a', 0, 2, 'b', 'c'}, uint8(3), uint8(2))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, uint8(1), uint8(1))
	f.Add([]byte{0x80, 0x80}, uint8(1), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, n, step uint8) {
		r := NewItems(int(n%64)+1, 1000, 4000)
		var again []byte
		for rest := b; len(rest) > 0; {
			k := min(int(step)+1, len(rest))
			err := r.Write(rest[:k])
			for _, item := range take(r) {
				again = append(AppendLength(again, len(item)), item...)
			}
			if err != nil {
				break
			}
			rest = rest[k:]
		}
		if !bytes.HasPrefix(b, again) {
			t.Fatalf("%x came back as %x", b, again)
		}
		if r.Done() && len(again) != len(b) {
			t.Fatalf("done with %d of %d bytes", len(again), len(b))
		}
	})
}
