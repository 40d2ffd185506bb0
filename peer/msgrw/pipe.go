package msgrw

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"time"
)

// ErrPipeClosed is what the ends of a MsgPipe return once one of them is closed.
var ErrPipeClosed = errors.New("msgrw: read or write on closed message pipe")

// MsgPipe joins two ends for tests of protocols: what one writes the other reads.
// WriteMsg returns when the message has been read to its end, or discarded.
func MsgPipe() (*MsgPipeRW, *MsgPipeRW) {
	closing := make(chan struct{})
	c1, c2 := make(chan Msg), make(chan Msg)
	once := new(sync.Once)
	return &MsgPipeRW{c1, c2, closing, once}, &MsgPipeRW{c2, c1, closing, once}
}

// MsgPipeRW is one end of a MsgPipe.
type MsgPipeRW struct {
	w       chan<- Msg
	r       <-chan Msg
	closing chan struct{}
	once    *sync.Once
}

// WriteMsg implements MsgWriter.
func (p *MsgPipeRW) WriteMsg(m Msg) error {
	raw, err := io.ReadAll(io.LimitReader(orNothing(m.Payload), int64(m.Size)))
	switch {
	case err != nil:
		return err
	case len(raw) < int(m.Size):
		return io.ErrUnexpectedEOF
	}
	body := &pipeBody{r: bytes.NewReader(raw), consumed: make(chan struct{})}
	m.Payload, m.ReceivedAt = body, time.Now()
	if len(raw) == 0 {
		body.end()
	}
	select {
	case p.w <- m:
	case <-p.closing:
		return ErrPipeClosed
	}
	select {
	case <-body.consumed:
	case <-p.closing: // it was delivered
	}
	return nil
}

// ReadMsg implements MsgReader.
func (p *MsgPipeRW) ReadMsg() (Msg, error) {
	select {
	case m := <-p.r:
		return m, nil
	case <-p.closing:
		return Msg{}, ErrPipeClosed
	}
}

// Close ends both ends. It may be called any number of times.
func (p *MsgPipeRW) Close() error {
	p.once.Do(func() { close(p.closing) })
	return nil
}

// pipeBody tells the writer when it has been read.
type pipeBody struct {
	r        *bytes.Reader
	consumed chan struct{}
	once     sync.Once
}

// Read implements io.Reader.
func (b *pipeBody) Read(to []byte) (int, error) {
	n, err := b.r.Read(to)
	if b.r.Len() == 0 {
		b.end()
	}
	return n, err
}

func (b *pipeBody) end() { b.once.Do(func() { close(b.consumed) }) }

func orNothing(r io.Reader) io.Reader {
	if r == nil {
		return bytes.NewReader(nil)
	}
	return r
}
