package libp2p

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// errFrame is a frame that breaks the rules of its protocol.
var errFrame = errors.New("libp2p: bad frame")

// frames reads the frames of one inbound stream.
type frames struct {
	r        *bufio.Reader
	protocol link.Protocol
	spare    *buffers
	bound    func(time.Time) error // sets a deadline for reading; nil when there is none
}

func newFrames(r io.Reader, p link.Protocol, spare *buffers) *frames {
	f := &frames{r: bufio.NewReaderSize(r, readBufferBytes), protocol: p, spare: spare}
	if s, ok := r.(interface{ SetReadDeadline(time.Time) error }); ok {
		f.bound = s.SetReadDeadline
	}
	return f
}

// next reads one frame. The error wraps errFrame when the remote broke the rules,
// is io.EOF at a clean end, and the stream's own otherwise. The payload belongs to
// the caller.
func (f *frames) next() (code uint64, data []byte, err error) {
	n, err := f.length()
	for f.protocol.Bare && n == 0 && err == nil {
		n, err = f.length() // gossipsub: length 0 is legal and ignored
	}
	if err == nil && !f.protocol.Bare {
		code, n, err = f.code(n)
	}
	if err != nil {
		return 0, nil, err
	}
	if f.bound == nil || n <= f.r.Buffered() {
		data, err = f.payload(n)
		return code, data, err
	}
	if err = f.bound(time.Now().Add(frameTimeout + time.Duration(n)*time.Second/frameBytesPerSecond)); err != nil {
		return 0, nil, err
	}
	if data, err = f.payload(n); err != nil {
		return 0, nil, err
	}
	return code, data, f.bound(time.Time{})
}

// length reads and checks a frame's length.
func (f *frames) length() (int, error) {
	n, _, err := f.uvarint(lengthVarintMax)
	limit := uint64(f.protocol.PayloadBytesMax())
	if !f.protocol.Bare {
		limit += lengthVarintMax
	}
	if err == nil && n > limit {
		err = fmt.Errorf("%w: frame of %d bytes, at most %d", errFrame, n, limit)
	}
	return int(n), err
}

// code reads and checks the message code of a frame of n bytes and tells how many are
// left. It is read by itself, so that the payload is a whole buffer.
func (f *frames) code(n int) (code uint64, left int, err error) {
	code, w, err := f.uvarint(min(n, lengthVarintMax))
	left = n - w
	switch {
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	case err != nil:
	case f.protocol.Length > 0 && code >= f.protocol.Length:
		err = fmt.Errorf("%w: message code %d of %d", errFrame, code, f.protocol.Length)
	case left > f.protocol.PayloadBytesMax():
		err = fmt.Errorf("%w: payload of %d bytes", errFrame, left)
	}
	return code, left, err
}

// uvarint reads a varint of at most max bytes and tells how many it has. Its error is
// io.EOF when nothing came.
func (f *frames) uvarint(max int) (n uint64, width int, err error) {
	for i := range max {
		b, err := f.r.ReadByte()
		switch {
		case err == io.EOF && i > 0:
			return 0, i, io.ErrUnexpectedEOF
		case err != nil:
			return 0, i, err
		case i == lengthVarintMax-1 && b > 1:
			return 0, i, fmt.Errorf("%w: number above 64 bits", errFrame)
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return n, i + 1, nil
		}
	}
	return 0, max, fmt.Errorf("%w: number without an end in %d bytes", errFrame, max)
}

// payload reads n bytes. Memory follows what arrives, growBytes at first and then
// doubling, so that a length alone costs nothing.
func (f *frames) payload(n int) ([]byte, error) {
	data := f.spare.get(min(n, growBytes))
	for have := 0; ; {
		m, err := io.ReadFull(f.r, data[have:])
		if err == io.EOF && n > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		if have += m; have == n {
			return data, nil
		}
		grown := f.spare.get(min(n, 2*len(data)))
		copy(grown, data)
		f.spare.put(data)
		data = grown
	}
}

// appendFrame appends the frame's head and, for convenience of small frames, its
// payload.
func appendFrame(b []byte, p link.Protocol, m link.Msg) []byte {
	return append(appendHead(b, p, m), m.Data...)
}

// appendHead appends what stands in front of the payload.
func appendHead(b []byte, p link.Protocol, m link.Msg) []byte {
	if p.Bare {
		return binary.AppendUvarint(b, uint64(len(m.Data)))
	}
	var code [binary.MaxVarintLen64]byte
	w := binary.PutUvarint(code[:], m.Code)
	b = binary.AppendUvarint(b, uint64(w+len(m.Data)))
	return append(b, code[:w]...)
}
