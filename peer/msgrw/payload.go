package msgrw

import (
	"io"
	"sync/atomic"

	"github.com/ropewalk/ropewalk/link"
)

// payload reads one message's bytes, which are its own and do not change.
type payload struct {
	data []byte // nil once all was read
	*progress
	home link.Lender // gets data back when all was read; may be nil
}

// progress is how far a payload has been read. It stands apart so that the next
// ReadMsg can look at it without keeping the payload.
type progress struct {
	size uint32
	read atomic.Uint32
}

// Read implements io.Reader.
func (p *payload) Read(b []byte) (int, error) {
	left := p.left()
	if len(left) == 0 {
		if len(b) == 0 {
			return 0, nil
		}
		return 0, io.EOF
	}
	n := copy(b, left)
	p.advance(n)
	return n, nil
}

// ReadByte implements io.ByteReader.
func (p *payload) ReadByte() (byte, error) {
	left := p.left()
	if len(left) == 0 {
		return 0, io.EOF
	}
	c := left[0]
	p.advance(1)
	return c, nil
}

// WriteTo implements io.WriterTo.
func (p *payload) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(p.left())
	p.advance(n)
	return int64(n), err
}

// Len is how much is left.
func (p *payload) Len() int { return len(p.left()) }

// left is what was not read.
func (p *payload) left() []byte {
	if p.data == nil {
		return nil
	}
	return p.data[p.read.Load():]
}

// advance counts n bytes of left as read. After the last they are nobody's.
func (p *payload) advance(n int) {
	if p.read.Add(uint32(n)) < p.size || p.data == nil {
		return
	}
	data := p.data
	p.data = nil // others of the block may be kept
	if p.home != nil {
		p.home.Reuse(data)
	}
}

// move takes the memory of a whole payload of n bytes, which a lender's is; nil when it
// is another, or has been read from.
func (p *payload) move(n int) []byte {
	if p.home == nil || p.read.Load() != 0 || len(p.data) != n {
		return nil
	}
	p.home = nil
	data := p.data
	p.advance(n)
	return data
}

// unread is how much has not been read.
func (p *progress) unread() int { return int(p.size - p.read.Load()) }

// payloads makes readers, many at once.
type payloads struct {
	block []payload
	far   []progress
}

func (s *payloads) of(data []byte, home link.Lender) *payload {
	if len(s.far) == 0 {
		s.far = make([]progress, payloadsBlock)
	}
	far := &s.far[0]
	s.far = s.far[1:]
	far.size = uint32(len(data))
	if len(data) > arenaPayload {
		return &payload{data, far, home}
	}
	if len(s.block) == 0 {
		s.block = make([]payload, payloadsBlock)
	}
	p := &s.block[0]
	s.block = s.block[1:]
	p.data, p.progress = data, far
	if len(data) > copiedPayload { // else it is the inbox's own
		p.home = home
	}
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
