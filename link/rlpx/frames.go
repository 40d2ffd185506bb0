package rlpx

import (
	"fmt"
	"io"

	"github.com/ropewalk/ropewalk/link"
)

// errLarge is a frame that is larger than any message of this link may be.
var errLarge = fmt.Errorf("rlpx: %w: frame too large", link.Breach)

// frames reads the frames of one connection. A frame that fits is decoded in the
// read buffer; memory for a larger one follows what arrives.
type frames struct {
	read func([]byte) (int, error) // of the socket
	open *opener
	max  int    // bytes of a frame's body; changed after Hello
	buf  []byte // buf[r:w] was read and not used
	r, w int

	inFrame bool   // the header of a frame was read and its body was not
	fresh   bool   // no read of the socket has begun since the last frame ended
	large   []byte // of the frame returned last; given back with the next
	lost    error  // of read, with which the connection is over
}

// newFrames starts with what the handshake read too much.
func newFrames(read func([]byte) (int, error), open *opener, rest []byte) *frames {
	f := &frames{read: read, open: open, max: baseBytesMax, buf: make([]byte, max(readBufferBytes, len(rest)))}
	f.w = copy(f.buf, rest)
	return f
}

// next reads a frame and returns what it holds, valid until the call after. The
// error is lost when the socket failed, else the remote broke the rules.
func (f *frames) next() (code uint64, payload []byte, err error) {
	f.release()
	f.fresh = true
	if err := f.need(headBytes); err != nil {
		return 0, nil, err
	}
	size, err := f.open.header((*[headBytes]byte)(f.buf[f.r:]))
	if err != nil {
		return 0, nil, err
	}
	f.r += headBytes
	if size > f.max {
		return 0, nil, fmt.Errorf("%w: %d bytes, at most %d", errLarge, size, f.max)
	}
	f.inFrame = true
	var body []byte
	if n := bodyBytes(size); n <= len(f.buf) {
		if err := f.need(n); err != nil {
			return 0, nil, err
		}
		body = f.buf[f.r : f.r+n]
		f.r += n
	} else if body, err = f.gather(n); err != nil {
		return 0, nil, err
	}
	f.inFrame = false
	frame, err := f.open.body(body, size)
	if err != nil {
		return 0, nil, err
	}
	return split(frame)
}

// partial tells whether a frame has begun to arrive and has not ended.
func (f *frames) partial() bool { return f.inFrame || f.w > f.r }

// need reads until n bytes, which fit in buf, are there.
func (f *frames) need(n int) error {
	if f.w-f.r >= n {
		return nil
	}
	f.w = copy(f.buf, f.buf[f.r:f.w]) // less than a frame
	f.r = 0
	for f.w < n {
		m, err := f.fill(f.buf[f.w:])
		if err != nil {
			return err
		}
		f.w += m
	}
	return nil
}

// gather reads a body of n bytes that does not fit in buf.
func (f *frames) gather(n int) ([]byte, error) {
	if err := f.need(len(f.buf)); err != nil {
		return nil, err
	}
	f.large = getBuffer(min(n, growBytes))
	have := copy(f.large, f.buf)
	f.r, f.w = 0, 0
	for have < n {
		if have == len(f.large) {
			grown := getBuffer(min(n, 2*have))
			copy(grown, f.large)
			f.release()
			f.large = grown
		}
		m, err := f.fill(f.large[have:])
		if err != nil {
			return nil, err
		}
		have += m
	}
	return f.large, nil
}

func (f *frames) fill(b []byte) (int, error) {
	n, err := f.read(b)
	if n > 0 {
		return n, nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	f.lost = err
	return 0, err
}

// release gives a large buffer back.
func (f *frames) release() {
	if f.large != nil {
		putBuffer(f.large)
		f.large = nil
	}
}
