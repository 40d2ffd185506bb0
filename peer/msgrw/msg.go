package msgrw

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ropewalk/ropewalk/internal/rlp"
)

// What calls return.
var (
	// ErrShuttingDown is what writing returns once the link or the protocol on it
	// has ended.
	ErrShuttingDown = errors.New("msgrw: shutting down")
	// ErrInvalidCode is a message code beyond the protocol's Length.
	ErrInvalidCode = errors.New("msgrw: invalid message code")
	// ErrTooLarge is a payload above the protocol's limit.
	ErrTooLarge = errors.New("msgrw: message too large")
	// ErrMalformed is a payload that is not the RLP of what was asked for.
	ErrMalformed = rlp.ErrMalformed
	// ErrDetach, as the result of Run, ends the protocol on this link and leaves the
	// link to the others.
	ErrDetach = errors.New("msgrw: detach")
)

// Msg is one message. Code is relative to the protocol. Payload has Size bytes; it
// may be read once, at any time.
type Msg struct {
	Code       uint64
	Size       uint32
	Payload    io.Reader
	ReceivedAt time.Time
}

// MsgReader reads messages.
type MsgReader interface {
	// ReadMsg waits for the next message. After the end it returns io.EOF.
	ReadMsg() (Msg, error)
}

// MsgWriter writes messages.
type MsgWriter interface {
	// WriteMsg takes a message and its whole payload. It waits while the queue is
	// full.
	WriteMsg(Msg) error
}

// MsgReadWriter is what Run is given. Its methods may be called by any number of
// goroutines; messages keep the order in which they were accepted.
type MsgReadWriter interface {
	MsgReader
	MsgWriter
}

// Conversation is what Run's MsgReadWriter is too.
type Conversation interface {
	MsgReadWriter
	// WriteMsgContext is WriteMsg that also ends with the context.
	WriteMsgContext(context.Context, Msg) error
	// Flush waits until what was accepted so far has been handed to the socket, or
	// to the queue of a link that has its own.
	Flush(context.Context) error
	// Context ends with the conversation.
	Context() context.Context
}

// Decode reads the payload as the RLP of val, which must be a pointer. Exactly one
// canonical item is accepted. An error wraps ErrMalformed.
func (m Msg) Decode(val any) error {
	raw, err := m.bytes()
	if err == nil {
		err = DecodeBytes(raw, val)
		m.spent()
	}
	if err != nil {
		return fmt.Errorf("message code %d, %d bytes: %w", m.Code, m.Size, err)
	}
	return nil
}

// bytes is what is left of the payload; spent says that nothing of it is held any more.
func (m Msg) bytes() ([]byte, error) {
	switch p := m.Payload.(type) {
	case nil:
		return nil, nil
	case *payload:
		return p.left(), nil
	default:
		raw, err := io.ReadAll(io.LimitReader(p, int64(m.Size)))
		if err != nil {
			err = fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		return raw, err
	}
}

func (m Msg) spent() {
	if p, ok := m.Payload.(*payload); ok {
		p.advance(p.Len())
	}
}

// String names code and size.
func (m Msg) String() string { return fmt.Sprintf("msg #%d (%d bytes)", m.Code, m.Size) }

// Discard reads the rest of the payload.
func (m Msg) Discard() error {
	switch p := m.Payload.(type) {
	case nil:
		return nil
	case *payload:
		m.spent()
		return nil
	default:
		_, err := io.Copy(io.Discard, p)
		return err
	}
}

// Time is when the message came.
func (m Msg) Time() time.Time { return m.ReceivedAt }
