package msgrw

import (
	"bytes"
	"fmt"
	"sync"
)

// scratch holds what is encoded until it is written.
var scratch = sync.Pool{New: func() any { return new(scratchBuffer) }}

// scratchBuffer encodes a message and reads it.
type scratchBuffer struct {
	raw []byte
	r   bytes.Reader
}

// scratchKept bounds the buffers that are kept.
const scratchKept = 64 << 10

func (s *scratchBuffer) send(w MsgWriter, code uint64) error {
	if len(s.raw) > payloadBytesMax {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(s.raw))
	}
	s.r.Reset(s.raw)
	return w.WriteMsg(Msg{Code: code, Size: uint32(len(s.raw)), Payload: &s.r})
}

// put gives the buffer back, unless a writer may still read from it.
func (s *scratchBuffer) put(err error) {
	if err == nil && s.r.Len() == 0 && cap(s.raw) <= scratchKept {
		scratch.Put(s)
	}
}

// Send writes a message whose payload is the RLP of data. See EncodeToBytes.
func Send(w MsgWriter, code uint64, data any) error {
	s := scratch.Get().(*scratchBuffer)
	raw, err := AppendRLP(s.raw[:0], data)
	if err != nil {
		return err
	}
	s.raw = raw
	err = s.send(w, code)
	s.put(err)
	return err
}

// SendItems writes a message whose payload is the RLP list of the elements.
func SendItems(w MsgWriter, code uint64, elems ...any) error { return Send(w, code, elems) }

// SendBytes writes a message with a payload that is encoded already, or that is no
// RLP at all, and allocates nothing.
func SendBytes(w MsgWriter, code uint64, data []byte) error {
	s := scratch.Get().(*scratchBuffer)
	s.raw = append(s.raw[:0], data...)
	err := s.send(w, code)
	s.put(err)
	return err
}

// ExpectMsg reads a message and tells how it differs from a code and a content, for
// tests. Content is nil for any, or what Send would be given.
func ExpectMsg(r MsgReader, code uint64, content any) error {
	m, err := r.ReadMsg()
	if err != nil {
		return err
	}
	if m.Code != code {
		return fmt.Errorf("message code %d, want %d", m.Code, code)
	}
	if content == nil {
		return m.Discard()
	}
	want, err := EncodeToBytes(content)
	if err != nil {
		return err
	}
	got, err := m.bytes()
	if err != nil {
		return err
	}
	defer m.spent()
	if int(m.Size) != len(want) || !bytes.Equal(got, want) {
		return fmt.Errorf("message code %d: payload %x of size %d, want %x", code, got, m.Size, want)
	}
	return nil
}
