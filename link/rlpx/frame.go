package rlpx

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/link"
)

// Refusals of frames. Each says by link.Breach what the remote is told.
var (
	errMAC       = fmt.Errorf("rlpx: %w: wrong MAC", link.Breach)
	errEmpty     = fmt.Errorf("rlpx: %w: frame of no bytes", link.Breach)
	errCode      = fmt.Errorf("rlpx: %w: message code is not canonical", link.Breach)
	errBodySize  = errors.New("rlpx: body has not the size its header said")
	errFrameSize = fmt.Errorf("%w: it fits no frame of 16 MiB - 1 bytes", ErrTooLarge)
)

// sealer makes frames of messages.
type sealer struct {
	snappy bool // compress payloads: after Hello, when both ends can
	press  press
	stream cipher.Stream
	mac    mac
}

// seal appends the frame of one message to dst. payload may not overlap what dst has
// room for. On an error dst and the sealer are as they were: the message is larger
// than a frame can be.
func (s *sealer) seal(dst []byte, code uint64, payload []byte) ([]byte, error) {
	if len(payload) > payloadBytesMax {
		return dst, errFrameSize
	}
	at := len(dst)
	out := append(dst, make([]byte, headBytes)...)
	out = rlp.AppendUint(out, code)
	if s.snappy {
		code := len(out)
		if out = s.press.deflate(out, payload); len(out)-at-headBytes > frameBytesMax {
			out = literal(out[:code], payload) // looking for what repeats made it longer
		}
	} else {
		out = append(out, payload...)
	}
	size := len(out) - at - headBytes
	if size > frameBytesMax {
		return dst, errFrameSize
	}
	out = append(out, make([]byte, padded(size)-size)...)

	head, body := out[at:at+headBytes], out[at+headBytes:]
	head[0], head[1], head[2] = byte(size>>16), byte(size>>8), byte(size)
	copy(head[3:], headerData)
	s.stream.XORKeyStream(head[:blockBytes], head[:blockBytes])
	s.mac.header(head)
	copy(head[blockBytes:], s.mac.tag())
	s.stream.XORKeyStream(body, body)
	s.mac.body(body)
	return append(out, s.mac.tag()...), nil
}

// fits tells whether a frame takes a payload. Only of the last few bytes below the
// largest one that depends on what it says.
func (s *sealer) fits(payload []byte) bool {
	n := len(payload)
	switch {
	case n <= frameBytesMax-codeShort-literalHead:
		return true
	case n > payloadBytesMax:
		return false
	case !s.snappy:
		return n <= frameBytesMax-codeShort
	}
	return len(deflate(nil, payload)) <= frameBytesMax-codeShort
}

// headerData follows the size in a header: a list of two zeros, which meant something
// once.
var headerData = []byte{0xc2, 0x80, 0x80}

// padded is n rounded up to whole blocks.
func padded(n int) int { return (n + blockBytes - 1) &^ (blockBytes - 1) }

// bodyBytes is what follows the header of a frame of that size on the wire.
func bodyBytes(size int) int { return padded(size) + macBytes }

// opener takes frames apart. After a refusal the frame after it cannot be opened.
type opener struct {
	stream cipher.Stream
	mac    mac
}

// header opens a frame's first 32 bytes in place and returns the size of its body,
// from 1 to 2^24-1: bodyBytes(size) bytes follow. A header that is refused changes
// neither h nor the opener.
func (o *opener) header(h *[headBytes]byte) (size int, err error) {
	before := o.mac.state()
	o.mac.header(h[:blockBytes])
	if subtle.ConstantTimeCompare(o.mac.tag(), h[blockBytes:]) != 1 {
		o.mac.restore(&before)
		return 0, errMAC
	}
	o.stream.XORKeyStream(h[:blockBytes], h[:blockBytes])
	// What follows the size is not looked at: some write other things there.
	size = int(h[0])<<16 | int(h[1])<<8 | int(h[2])
	if size == 0 {
		return 0, errEmpty
	}
	return size, nil
}

// body opens a frame's body in place: b is what followed the header, size what
// the header said. It returns the first size bytes of b. A body that is refused
// changes neither b nor the opener.
func (o *opener) body(b []byte, size int) (frame []byte, err error) {
	if len(b) != bodyBytes(size) {
		return nil, errBodySize
	}
	ciphertext, tag := b[:len(b)-macBytes], b[len(b)-macBytes:]
	before := o.mac.state()
	o.mac.body(ciphertext)
	if subtle.ConstantTimeCompare(o.mac.tag(), tag) != 1 {
		o.mac.restore(&before)
		return nil, errMAC
	}
	o.stream.XORKeyStream(ciphertext, ciphertext)
	return b[:size], nil
}

// split cuts an opened frame into the message's code and its payload, which aliases
// the frame. The code has one encoding only.
func split(frame []byte) (code uint64, payload []byte, err error) {
	if len(frame) == 0 {
		return 0, nil, errEmpty
	}
	switch first := frame[0]; {
	case first == 0x80:
		return 0, frame[1:], nil
	case first == 0 || first > 0x88:
		return 0, nil, errCode
	case first < 0x80:
		return uint64(first), frame[1:], nil
	}
	width := int(frame[0] - 0x80)
	if len(frame) < 1+width {
		return 0, nil, errCode
	}
	var wide [8]byte
	copy(wide[8-width:], frame[1:1+width])
	code = binary.BigEndian.Uint64(wide[:])
	if code < 0x80 || (bits.Len64(code)+7)/8 != width {
		return 0, nil, errCode
	}
	return code, frame[1+width:], nil
}
