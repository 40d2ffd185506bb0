package libp2p

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ropewalk/ropewalk/link"
)

// errFrame is a frame that breaks the rules of its protocol.
var errFrame = errors.New("libp2p: bad frame")

// frames reads the frames of one inbound stream.
type frames struct {
	r        *bufio.Reader
	protocol link.Protocol
	spare    *buffers
}

func newFrames(r io.Reader, p link.Protocol, spare *buffers) *frames {
	return &frames{r: bufio.NewReaderSize(r, readBufferBytes), protocol: p, spare: spare}
}

// next reads one frame. The error wraps errFrame when the remote broke the rules,
// is io.EOF at a clean end, and the stream's own otherwise. The payload belongs to
// the caller.
func (f *frames) next() (code uint64, data []byte, err error) {
	for {
		n, err := f.length()
		if err != nil {
			return 0, nil, err
		}
		if f.protocol.Bare {
			if n == 0 {
				continue // gossipsub: length 0 is legal and ignored
			}
			data, err := f.payload(n)
			return 0, data, err
		}
		body, err := f.payload(n)
		if err != nil {
			return 0, nil, err
		}
		code, w := binary.Uvarint(body)
		switch {
		case w <= 0:
			return 0, nil, fmt.Errorf("%w: no message code", errFrame)
		case f.protocol.Length > 0 && code >= f.protocol.Length:
			return 0, nil, fmt.Errorf("%w: message code %d of %d", errFrame, code, f.protocol.Length)
		case len(body)-w > f.protocol.PayloadBytesMax():
			return 0, nil, fmt.Errorf("%w: payload of %d bytes", errFrame, len(body)-w)
		}
		return code, body[w:], nil
	}
}

// length reads and checks a frame's length.
func (f *frames) length() (int, error) {
	var n uint64
	for i := range lengthVarintMax {
		b, err := f.r.ReadByte()
		switch {
		case err == io.EOF && i > 0:
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, err
		case i == lengthVarintMax-1 && b > 1:
			return 0, fmt.Errorf("%w: length above 64 bits", errFrame)
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			limit := uint64(f.protocol.PayloadBytesMax())
			if !f.protocol.Bare {
				limit += lengthVarintMax
			}
			if n > limit {
				return 0, fmt.Errorf("%w: frame of %d bytes, at most %d", errFrame, n, limit)
			}
			return int(n), nil
		}
	}
	return 0, fmt.Errorf("%w: length above %d bytes", errFrame, lengthVarintMax)
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
