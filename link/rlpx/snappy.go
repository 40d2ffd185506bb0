package rlpx

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/snappy"

	"github.com/ropewalk/ropewalk/link"
)

var (
	errSnappy   = fmt.Errorf("rlpx: %w: payload is not Snappy", link.Breach)
	errInflated = fmt.Errorf("rlpx: %w: payload of 16 MiB or more", link.Breach)
)

// growthMax is how many bytes one byte of Snappy can stand for, rounded up: a copy of
// 64 bytes takes three.
const growthMax = 22

// literalBytesMax is the longest payload that is not searched for what repeats. Our
// choice: a frame costs what its 136-byte blocks of Keccak cost, of which so short a
// payload has one, compressed or not.
const literalBytesMax = 64

// press compresses the payloads of one direction. It remembers whether that was of
// use lately.
type press struct{ vain uint }

// deflate appends payload in Snappy's block format (EIP-706), as it is when
// compressing is not worth it. payload is at most payloadBytesMax and does not overlap
// what dst has room for.
func (p *press) deflate(dst, payload []byte) []byte {
	n := len(payload)
	if n == 0 || n > plainBytesMax {
		return deflate(dst, payload)
	}
	if n <= literalBytesMax {
		return literal(dst, payload)
	}
	if p.vain >= plainAfter && p.vain%plainEvery != 0 {
		p.vain++
		return literal(dst, payload)
	}
	at := len(dst)
	dst = deflate(dst, payload)
	if len(dst)-at < n {
		p.vain = 0
	} else {
		p.vain++
	}
	return dst
}

// deflate is press.deflate without a memory.
func deflate(dst, payload []byte) []byte {
	dst = slices.Grow(dst, s2.MaxEncodedLen(len(payload))+blockBytes+macBytes)
	block := s2.EncodeSnappy(dst[len(dst):cap(dst)], payload)
	return dst[:len(dst)+len(block)]
}

// literal appends a payload of 1 byte to 16 MiB as one literal.
func literal(dst, payload []byte) []byte {
	n := len(payload)
	dst = binary.AppendUvarint(dst, uint64(n))
	switch last := n - 1; {
	case last < 60:
		dst = append(dst, byte(last)<<2)
	case last < 1<<8:
		dst = append(dst, 60<<2, byte(last))
	case last < 1<<16:
		dst = append(dst, 61<<2, byte(last), byte(last>>8))
	default:
		dst = append(dst, 62<<2, byte(last), byte(last>>8), byte(last>>16))
	}
	return append(dst, payload...)
}

// inflatedLen is how many bytes a compressed payload says it stands for, at most
// 2^24-1 and never more than so many bytes can.
func inflatedLen(payload []byte) (int, error) {
	n, width := binary.Uvarint(payload)
	switch {
	case width <= 0:
		return 0, errSnappy
	case n > payloadBytesMax:
		return 0, errInflated
	case n > growthMax*uint64(len(payload)-width):
		return 0, errSnappy
	}
	return int(n), nil
}

// inflate decompresses payload into dst, which has exactly inflatedLen bytes, and
// returns dst. Everything that is there is used, dst is filled, and what Snappy does
// not define is refused.
func inflate(dst, payload []byte) ([]byte, error) {
	if n, err := inflatedLen(payload); err != nil || n != len(dst) {
		return nil, errSnappy
	}
	out, err := snappy.DecodeStrict(dst, payload)
	if err != nil || len(out) != len(dst) {
		return nil, errSnappy
	}
	return out, nil
}
