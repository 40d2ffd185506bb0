package rlpx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/klauspost/compress/snappy"
	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/link"
)

// inflated decompresses into memory of its own.
func inflated(payload []byte) ([]byte, error) {
	n, err := inflatedLen(payload)
	if err != nil {
		return nil, err
	}
	return inflate(make([]byte, n), payload)
}

func TestSnappyRoundTrip(t *testing.T) {
	if b := new(press).deflate([]byte("x"), []byte{0xc0}); string(b) != "x\x01\x00\xc0" {
		t.Errorf("the empty list is %x", b)
	}
	for n := range 300 {
		for _, p := range [][]byte{bytes.Repeat([]byte{7}, n), []byte("the quick brown fox jumps over the lazy dog again and again and again")[:min(n, 69)]} {
			if got, err := inflated(new(press).deflate(nil, p)); err != nil || !bytes.Equal(got, p) {
				t.Fatalf("%d bytes: %v", n, err)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p := bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "p"), rapid.IntRange(1, 300).Draw(t, "times"))
		b := new(press).deflate([]byte("in front"), p)
		b = bytes.TrimPrefix(b, []byte("in front"))
		got, err := inflated(b)
		if err != nil || !bytes.Equal(got, p) {
			t.Fatalf("%d bytes as %d: %v", len(p), len(b), err)
		}
		if other, err := snappy.DecodeStrict(nil, b); err != nil || !bytes.Equal(other, p) {
			t.Fatalf("not Snappy: %v", err)
		}
	})
}

// What compressing does nothing for is soon written as it is, and what it is good for
// is found again.
func TestPress(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var p press
	write := func(size int, random bool) (smaller bool) {
		data := make([]byte, size)
		for i := range data {
			if random {
				data[i] = byte(r.Uint32())
			}
		}
		b := p.deflate(nil, data)
		if got, err := inflated(b); err != nil || !bytes.Equal(got, data) {
			t.Fatalf("%d bytes: %v", size, err)
		}
		return len(b) < size
	}
	sizes := []int{1, 59, 60, 61, 62, literalBytesMax, literalBytesMax + 1, 255, 256, 257, 258, 1 << 10, plainBytesMax, plainBytesMax + 1, 70_000}
	for range 2 {
		for _, n := range sizes {
			write(n, true)
		}
	}
	if p.vain < plainAfter {
		t.Fatalf("%d in vain", p.vain)
	}
	if !write(plainBytesMax+1, false) {
		t.Error("a large payload is not compressed")
	}
	tries := 0
	for !write(1<<10, false) {
		if tries++; tries >= plainEvery {
			t.Fatal("compressing is not tried again")
		}
	}
	if tries == 0 {
		t.Error("compressing was tried at once")
	}
	for range plainAfter {
		if p.vain = 0; !write(1<<10, false) {
			t.Error("not compressed")
		}
	}
}

// Bombs, cuts and what Snappy does not define: EIP-706, nethermind#12896.
func TestSnappyRefusals(t *testing.T) {
	claims := func(n uint64, rest string) []byte { return append(binary.AppendUvarint(nil, n), rest...) }
	for what, b := range map[string][]byte{
		"nothing":                     nil,
		"a length cut":                {0x80},
		"a length without end":        bytes.Repeat([]byte{0xff}, 11),
		"4 GiB in six bytes":          claims(1<<32-1, "\x00"),
		"2^64-1":                      claims(1<<64-1, "\x00x"),
		"16 MiB":                      claims(1<<24, string(make([]byte, 1<<20))),
		"16 MiB - 1 in ten bytes":     claims(1<<24-1, "\x00xxxxx"),
		"more than copies can":        claims(23, "\x00"),
		"nothing follows":             claims(1, ""),
		"a literal cut":               claims(5, "\x10abc"),
		"a literal too short":         claims(5, "\x0cabcd"),
		"a literal too long":          claims(3, "\x0cabcd"),
		"a second element too many":   claims(1, "\x00a\x00b"),
		"bytes after nothing":         claims(0, "\x00a"),
		"a copy from before":          claims(5, "\x00a\x01\x02"),
		"a copy at offset 0":          claims(5, "\x00a\x01\x00"),
		"the last offset again":       claims(9, "\x00a\x01\x01\x01\x00"), // which S2 has and Snappy has not
		"a wide copy at offset 0":     claims(5, "\x00a\x0e\x00\x00"),
		"a widest copy at offset 0":   claims(5, "\x00a\x0f\x00\x00\x00\x00"),
		"a copy beyond the end":       claims(4, "\x00a\x01\x01"),
		"a copy cut":                  claims(5, "\x00a\x01"),
		"the length of a literal cut": claims(100, "\xf0"),
	} {
		got, err := inflated(b)
		if err == nil || !errors.Is(err, link.Breach) {
			t.Errorf("%s: %x, %v", what, got, err)
		}
	}
	// These are refused before there is memory for them.
	for _, b := range [][]byte{claims(1<<32-1, "\x00"), claims(1<<24-1, "\x00xxxxx"), claims(23, "\x00")} {
		if n, err := inflatedLen(b); err == nil {
			t.Errorf("%d bytes of %x", n, b)
		}
	}
	good := deflate(nil, []byte("rope"))
	for _, n := range []int{0, 3, 5} {
		if _, err := inflate(make([]byte, n), good); err == nil {
			t.Errorf("4 bytes into %d", n)
		}
	}
	if n, err := inflatedLen(deflate(nil, make([]byte, payloadBytesMax))); n != payloadBytesMax || err != nil {
		t.Errorf("2^24-1 zeros: %d, %v", n, err)
	}
}

// FuzzSnappy: everything is compressed and comes back; what is taken from strangers
// fills exactly what it claims and is what the library's other decoder reads.
func FuzzSnappy(f *testing.F) {
	f.Add([]byte(""))
	f.Add(deflate(nil, bytes.Repeat([]byte("rope"), 50)))
	f.Add([]byte("\x05\x00a\x01\x00"))
	f.Add([]byte("\xff\xff\xff\x07\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := inflated(new(press).deflate(nil, b)); err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%x comes back as %x, %v", b, got, err)
		}
		n, err := inflatedLen(b)
		if err != nil {
			return
		}
		if n > payloadBytesMax || n > growthMax*len(b) {
			t.Fatalf("%d bytes of %d", n, len(b))
		}
		got, err := inflate(make([]byte, n), b)
		if err != nil {
			return
		}
		if want, err := snappy.Decode(nil, b); err != nil || len(got) != n || !bytes.Equal(got, want) {
			t.Fatalf("%x, want %x, %v", got, want, err)
		}
	})
}
