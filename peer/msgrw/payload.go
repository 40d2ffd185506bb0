package msgrw

import (
	"io"
	"sync/atomic"
)

// payload reads one message's bytes, which are its own and do not change.
type payload struct {
	data []byte
	*progress
}

// progress is how far a payload has been read. It stands apart so that the next
// ReadMsg can look at it without keeping the payload.
type progress struct {
	size uint32
	read atomic.Uint32
}

// Read implements io.Reader.
func (p *payload) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		if len(b) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	n := copy(b, p.data)
	p.advance(n)
	return n, nil
}

// ReadByte implements io.ByteReader.
func (p *payload) ReadByte() (byte, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	c := p.data[0]
	p.advance(1)
	return c, nil
}

// WriteTo implements io.WriterTo.
func (p *payload) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(p.data)
	p.advance(n)
	return int64(n), err
}

// Len is how much is left.
func (p *payload) Len() int { return len(p.data) }

// rest takes all that is left.
func (p *payload) rest() []byte {
	b := p.data
	p.advance(len(b))
	return b
}

func (p *payload) advance(n int) {
	p.read.Add(uint32(n))
	if p.data = p.data[n:]; len(p.data) == 0 {
		p.data = nil // others of the block may be kept
	}
}

// unread is how much has not been read.
func (p *progress) unread() int { return int(p.size - p.read.Load()) }

// payloads makes readers, many at once.
type payloads struct {
	block []payload
	far   []progress
}

func (s *payloads) of(data []byte) *payload {
	if len(s.far) == 0 {
		s.far = make([]progress, payloadsBlock)
	}
	far := &s.far[0]
	s.far = s.far[1:]
	far.size = uint32(len(data))
	if len(data) > arenaPayload {
		return &payload{data, far}
	}
	if len(s.block) == 0 {
		s.block = make([]payload, payloadsBlock)
	}
	p := &s.block[0]
	s.block = s.block[1:]
	p.data, p.progress = data, far
	return p
}

// arena cuts small payloads from chunks.
type arena struct {
	chunk []byte
	size  int // of the last chunk
}

// take returns n bytes with anything in them, 0 ≤ n ≤ payloadBytesMax.
func (a *arena) take(n int) []byte {
	if n > arenaPayload {
		return make([]byte, n)
	}
	if n > len(a.chunk) {
		a.size = min(max(2*a.size, arenaFirst, 2*n), arenaLast)
		a.chunk = make([]byte, a.size)
	}
	b := a.chunk[:n:n]
	a.chunk = a.chunk[n:]
	return b
}
