package libp2p

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/ropewalk/ropewalk/link"
)

var (
	bare  = link.Protocol{Name: "bare", Bare: true, BytesMax: 100 << 10}
	coded = link.Protocol{Name: "coded", Version: 1, Length: 4, BytesMax: 100 << 10}
)

// Rule: S1
func TestFrames(t *testing.T) {
	big := bytes.Repeat([]byte{7}, 100<<10)
	for _, c := range []struct {
		name  string
		p     link.Protocol
		wire  []byte
		codes []uint64
		data  [][]byte
		end   error // io.EOF at a clean end
	}{
		{"bare", bare, []byte("\x04text"), []uint64{0}, [][]byte{[]byte("text")}, io.EOF},
		{"bare empty is ignored", bare, []byte("\x00\x00\x01a\x00"), []uint64{0}, [][]byte{{'a'}}, io.EOF},
		{"bare at the limit", bare, appendFrame(nil, bare, link.Msg{Data: big}), []uint64{0}, [][]byte{big}, io.EOF},
		{"bare above the limit", bare, appendFrame(nil, bare, link.Msg{Data: append(big, 1)}), nil, nil, errFrame},
		{"coded", coded, []byte("\x05\x03text\x01\x00"), []uint64{3, 0}, [][]byte{[]byte("text"), {}}, io.EOF},
		{"coded at the limit", coded, appendFrame(nil, coded, link.Msg{Code: 1, Data: big}), []uint64{1}, [][]byte{big}, io.EOF},
		{"coded above the limit", coded, appendFrame(nil, coded, link.Msg{Code: 1, Data: append(big, 1)}), nil, nil, errFrame},
		{"coded without code", coded, []byte("\x00"), nil, nil, errFrame},
		{"coded with half a code", coded, []byte("\x01\x80"), nil, nil, errFrame},
		{"code above the length", coded, []byte("\x01\x04"), nil, nil, errFrame},
		{"length above 64 bits", bare, []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), nil, nil, errFrame},
		{"length without end", bare, bytes.Repeat([]byte{0x80}, 11), nil, nil, errFrame},
		{"cut in the length", bare, []byte("\x80"), nil, nil, io.ErrUnexpectedEOF},
		{"cut in the payload", bare, []byte("\x04te"), nil, nil, io.ErrUnexpectedEOF},
		{"cut before the payload", bare, []byte("\x04"), nil, nil, io.ErrUnexpectedEOF},
		{"nothing", coded, nil, nil, nil, io.EOF},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFrames(bytes.NewReader(c.wire), c.p, new(buffers))
			for i := range c.codes {
				code, data, err := f.next()
				if err != nil || code != c.codes[i] || !bytes.Equal(data, c.data[i]) {
					t.Fatalf("frame %d: code %d, %d bytes, %v", i, code, len(data), err)
				}
			}
			if _, _, err := f.next(); !errors.Is(err, c.end) {
				t.Errorf("the end is %v, want %v", err, c.end)
			}
		})
	}
}

// A length alone must not cost memory.
func TestTrap24FrameOfALengthAlone(t *testing.T) {
	huge := link.Protocol{Name: "huge", Bare: true, BytesMax: 1 << 30}
	wire := appendHead(nil, huge, link.Msg{Data: make([]byte, 1<<29)})
	got := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			_, _, _ = newFrames(bytes.NewReader(wire), huge, new(buffers)).next()
		}
	}).AllocedBytesPerOp()
	if got > growBytes+2*readBufferBytes {
		t.Errorf("%d bytes allocated for a frame that never came", got)
	}
}

// The payload of every frame is a buffer that can be used again, and one up to
// growBytes is read into it at once.
func TestFramesAgain(t *testing.T) {
	for _, p := range []link.Protocol{bare, coded} {
		for _, size := range []int{1, 300, growBytes, growBytes + 1} {
			b := new(buffers)
			_, data, err := newFrames(bytes.NewReader(appendFrame(nil, p, link.Msg{Data: make([]byte, size)})), p, b).next()
			if err != nil || len(data) != size {
				t.Fatal(len(data), err)
			}
			if size <= growBytes && b.bytes != 0 {
				t.Errorf("%s: %d bytes were read into more than one buffer", p.Name, size)
			}
			had := b.bytes
			if b.put(data); b.bytes != had+cap(data) {
				t.Errorf("%s: the buffer of %d bytes is lost", p.Name, size)
			}
		}
	}
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x04text\x00\x02\x01a"))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Add(appendFrame(nil, coded, link.Msg{Code: 3, Data: make([]byte, 70<<10)}))
	f.Fuzz(func(t *testing.T, wire []byte) {
		for _, p := range []link.Protocol{bare, coded} {
			fr := newFrames(bytes.NewReader(wire), p, new(buffers))
			total := 0
			for {
				code, data, err := fr.next()
				if err != nil {
					break
				}
				total += len(data)
				if len(data) > p.PayloadBytesMax() || !p.Bare && code >= p.Length || total > len(wire) {
					t.Fatalf("code %d with %d bytes of %d", code, len(data), len(wire))
				}
				// What was read, written again, is read as the same.
				again := newFrames(bytes.NewReader(appendFrame(nil, p, link.Msg{Code: code, Data: data})), p, new(buffers))
				c2, d2, err := again.next()
				if err != nil || c2 != code || !bytes.Equal(d2, data) {
					t.Fatalf("wrote code %d and %d bytes, read %d, %d, %v", code, len(data), c2, len(d2), err)
				}
			}
		}
	})
}
