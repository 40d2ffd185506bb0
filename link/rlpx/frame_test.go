package rlpx

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/link"
)

// openWhole opens the frame at the beginning of wire and returns what follows it. wire
// is changed.
func openWhole(o *opener, wire []byte) (code uint64, payload, rest []byte, err error) {
	if len(wire) < headBytes {
		return 0, nil, nil, errors.New("short")
	}
	size, err := o.header((*[headBytes]byte)(wire))
	if err != nil {
		return 0, nil, nil, err
	}
	end := headBytes + bodyBytes(size)
	if len(wire) < end {
		return 0, nil, nil, errors.New("short")
	}
	frame, err := o.body(wire[headBytes:end], size)
	if err != nil {
		return 0, nil, nil, err
	}
	code, payload, err = split(frame)
	return code, payload, wire[end:], err
}

// What is sealed is opened: any messages, one after another, both ways, compressed or
// not.
func TestFramesRoundTrip(t *testing.T) {
	a, b := pair(t)
	rapid.Check(t, func(t *rapid.T) {
		from, to := a, b
		if rapid.Bool().Draw(t, "back") {
			from, to = b, a
		}
		from.seal.snappy = rapid.Bool().Draw(t, "snappy")
		n := rapid.IntRange(1, 4).Draw(t, "n")
		wire := []byte("in front")
		var codes []uint64
		var payloads [][]byte
		for i := range n {
			code := rapid.Uint64().Draw(t, "code")
			if rapid.Bool().Draw(t, "small") {
				code %= codeMax + 1
			}
			payload := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "payload")
			if rapid.Bool().Draw(t, "long") {
				payload = bytes.Repeat(payload, 100)
			}
			var err error
			if wire, err = from.seal.seal(wire, code, payload); err != nil {
				t.Fatal(i, err)
			}
			codes, payloads = append(codes, code), append(payloads, payload)
		}
		wire = bytes.TrimPrefix(wire, []byte("in front"))
		for i := range n {
			code, payload, rest, err := openWhole(to.open, wire)
			if err != nil {
				t.Fatal(i, err)
			}
			if from.seal.snappy {
				n, err := inflatedLen(payload)
				if err != nil {
					t.Fatal(i, err)
				}
				if payload, err = inflate(make([]byte, n), payload); err != nil {
					t.Fatal(i, err)
				}
			}
			if code != codes[i] || !bytes.Equal(payload, payloads[i]) {
				t.Fatalf("message %d: code %d for %d, payload %x for %x", i, code, codes[i], payload, payloads[i])
			}
			wire = rest
		}
		if len(wire) != 0 {
			t.Fatalf("%d bytes left", len(wire))
		}
	})
}

// A bit that was flipped anywhere in a frame is noticed before anything is decrypted,
// at the first frame and later; and the frame as it was is then opened as if nothing
// had happened, so nothing has moved.
func TestFlippedBits(t *testing.T) {
	a, b := pair(t)
	payload := bytes.Repeat([]byte("rope"), 12)
	for n := 1; n <= 1000; n++ {
		wire, err := a.seal.seal(nil, 0x21, payload)
		if err != nil {
			t.Fatal(err)
		}
		head, body := (*[headBytes]byte)(wire), wire[headBytes:]
		if n == 1 || n == 1000 {
			flips(t, head[:], func() error { _, err := b.open.header(head); return err })
		}
		size, err := b.open.header(head)
		if err != nil {
			t.Fatalf("frame %d, header as it was: %v", n, err)
		}
		if n == 1 || n == 1000 {
			flips(t, body, func() error { _, err := b.open.body(body, size); return err })
		}
		frame, err := b.open.body(body, size)
		if err != nil || !bytes.Equal(frame[1:], payload) {
			t.Fatalf("frame %d, body as it was: %v", n, err)
		}
	}
}

// flips has every bit of b wrong once and sees it refused with b untouched.
func flips(t *testing.T, b []byte, open func() error) {
	t.Helper()
	for bit := range len(b) * 8 {
		b[bit/8] ^= 1 << (bit % 8)
		before := bytes.Clone(b)
		if err := open(); !errors.Is(err, link.Breach) {
			t.Fatalf("bit %d of %d bytes: %v", bit, len(b), err)
		}
		if !bytes.Equal(b, before) {
			t.Fatalf("bit %d: bytes were touched", bit)
		}
		b[bit/8] ^= 1 << (bit % 8)
	}
}

func TestHeaderOfNothing(t *testing.T) {
	a, b := pair(t)
	var head [headBytes]byte
	a.seal.stream.XORKeyStream(head[:blockBytes], head[:blockBytes])
	a.seal.mac.header(head[:])
	copy(head[blockBytes:], a.seal.mac.tag())
	if _, err := b.open.header(&head); !errors.Is(err, link.Breach) {
		t.Fatalf("size 0: %v", err)
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		frame string
		code  uint64
		ok    bool
	}{
		{"\x80x", 0, true}, {"\x01x", 1, true}, {"\x7fx", 0x7f, true}, {"\x81\x80x", 0x80, true}, {"\x82\x01\x00x", 0x100, true},
		{"\x88\xff\xff\xff\xff\xff\xff\xff\xffx", 1<<64 - 1, true},
		{"", 0, false}, {"\x00x", 0, false}, {"\x81\x7fx", 0, false}, {"\x81\x00x", 0, false}, {"\x82\x00\x80x", 0, false},
		{"\x82\x01", 0, false}, {"\x81", 0, false}, {"\x89\x01\x00\x00\x00\x00\x00\x00\x00\x00x", 0, false}, {"\xc0x", 0, false}, {"\xb8\x01x", 0, false},
	} {
		code, payload, err := split([]byte(c.frame))
		if (err == nil) != c.ok || code != c.code || c.ok && string(payload) != "x" {
			t.Errorf("%x: code %x, payload %q, %v", c.frame, code, payload, err)
		}
		if err != nil && !errors.Is(err, link.Breach) {
			t.Errorf("%x: %v is no breach", c.frame, err)
		}
	}
}

func TestSealTooLarge(t *testing.T) {
	a, b := pair(t)
	for _, n := range []int{payloadBytesMax + 1, payloadBytesMax} {
		// With its code the longest payload no longer fits when it is not compressed.
		if out, err := a.seal.seal([]byte("x"), 1, make([]byte, n)); !errors.Is(err, errFrameSize) || string(out) != "x" {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
	a.seal.snappy = true
	random := make([]byte, payloadBytesMax)
	rand.Read(random)
	if out, err := a.seal.seal([]byte("x"), 1, random); !errors.Is(err, errFrameSize) || string(out) != "x" {
		t.Fatalf("%d bytes that cannot be compressed: %v", len(random), err)
	}
	// What was refused has not moved the sealer.
	wire, err := a.seal.seal(nil, 1, make([]byte, payloadBytesMax))
	if err != nil {
		t.Fatal(err)
	}
	if _, payload, _, err := openWhole(b.open, wire); err != nil {
		t.Fatal(err)
	} else if n, err := inflatedLen(payload); n != payloadBytesMax || err != nil {
		t.Fatal(n, err)
	}
}

// A frame costs no memory on either side, whatever its size.
func TestFramesDoNotAllocate(t *testing.T) {
	a, b := pair(t)
	a.seal.snappy = true
	for _, n := range []int{0, 1, 64, 1 << 10, 100 << 10} {
		payload, room := make([]byte, n), make([]byte, n)
		rand.Read(payload)
		wire := make([]byte, 0, 2*n+1<<10)
		if got := testing.AllocsPerRun(100, func() {
			wire, _ = a.seal.seal(wire[:0], 0x10, payload)
			_, squeezed, _, err := openWhole(b.open, wire)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := inflate(room, squeezed); err != nil {
				t.Fatal(err)
			}
		}); got > 0.5 { // the race detector empties pools now and then
			t.Errorf("%d bytes: %v allocations", n, got)
		}
		if !bytes.Equal(room, payload) {
			t.Errorf("%d bytes came as others", n)
		}
	}
}

func BenchmarkSealOpen(b *testing.B) {
	for _, n := range []int{64, 1 << 10, 256 << 10} {
		payload := make([]byte, n)
		rand.Read(payload)
		for _, snappy := range []bool{false, true} {
			b.Run(fmt.Sprintf("seal/snappy=%v/%d", snappy, n), func(b *testing.B) {
				from, _ := pair(b)
				from.seal.snappy = snappy
				b.SetBytes(int64(n))
				b.ReportAllocs()
				var wire []byte
				for b.Loop() {
					wire, _ = from.seal.seal(wire[:0], 0x10, payload)
				}
			})
		}
		b.Run(fmt.Sprintf("both/%d", n), func(b *testing.B) {
			from, to := pair(b)
			b.SetBytes(int64(n))
			b.ReportAllocs()
			var wire []byte
			for b.Loop() {
				wire, _ = from.seal.seal(wire[:0], 0x10, payload)
				if _, _, _, err := openWhole(to.open, wire); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzFrames: a stream of anything is refused; a body of anything under right MACs,
// announced by any header, does no harm, and its code has one encoding.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x00\x05\xc2\x80\x80"), []byte("\x10abcd"))
	f.Add([]byte("\x00\x00\x00"), []byte{})
	f.Add([]byte("\xff\xff\xff"), []byte("\x81\x7f"))
	f.Fuzz(func(t *testing.T, head, body []byte) {
		s := secrets{aes: [32]byte{1}, mac: [32]byte{2}}
		seal, _, err := s.states(true)
		if err != nil {
			t.Fatal(err)
		}
		s = secrets{aes: [32]byte{1}, mac: [32]byte{2}}
		_, open, err := s.states(false)
		if err != nil {
			t.Fatal(err)
		}
		var wild [headBytes]byte
		copy(wild[:], body)
		if _, err := open.header(&wild); !errors.Is(err, link.Breach) {
			t.Fatalf("a header without a MAC: %v", err)
		}
		var h [headBytes]byte
		copy(h[:blockBytes], head)
		size := int(h[0])<<16 | int(h[1])<<8 | int(h[2])
		seal.stream.XORKeyStream(h[:blockBytes], h[:blockBytes])
		seal.mac.header(h[:])
		copy(h[blockBytes:], seal.mac.tag())
		got, err := open.header(&h)
		if size == 0 {
			if !errors.Is(err, link.Breach) {
				t.Fatalf("size 0: %v", err)
			}
			return
		}
		if got != size || err != nil {
			t.Fatalf("size %d for %d, %v", got, size, err)
		}
		wire := make([]byte, padded(len(body)), bodyBytes(len(body)))
		copy(wire, body)
		seal.stream.XORKeyStream(wire, wire)
		seal.mac.body(wire)
		wire = append(wire, seal.mac.tag()...)
		frame, err := open.body(wire, size)
		if len(wire) != bodyBytes(size) {
			if err == nil {
				t.Fatalf("%d bytes as the body of %d", len(wire), size)
			}
			return
		}
		if err != nil || len(frame) != size {
			t.Fatalf("a frame of %d bytes: %d, %v", size, len(frame), err)
		}
		code, payload, err := split(frame)
		if err != nil {
			return
		}
		again := append(rlp.AppendUint(nil, code), payload...)
		if !bytes.Equal(again, frame) {
			t.Fatalf("%x is not the one encoding of %d", frame, code)
		}
	})
}
