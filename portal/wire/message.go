package wire

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/internal/ssz"
)

// Errors of this package.
var (
	// ErrEmpty is of an empty body: what was asked is not supported.
	ErrEmpty = errors.New("portal: empty body")
	// ErrKind is of a message of another kind than what was due.
	ErrKind = errors.New("portal: another kind of message")
	// ErrMalformed is of bytes that are no message, and of a message that must not be sent.
	ErrMalformed = errors.New("portal: malformed")
)

// Kind is a message's selector.
type Kind byte

// The messages. Requests are even, the answer to each is the next.
const (
	KindPing Kind = iota
	KindPong
	KindFindNodes
	KindNodes
	KindFindContent
	KindContent
	KindOffer
	KindAccept
	kinds
)

var kindNames = [kinds]string{"ping", "pong", "findnodes", "nodes", "findcontent", "content", "offer", "accept"}

func (k Kind) String() string {
	if k >= kinds {
		return fmt.Sprintf("kind %d", byte(k))
	}
	return kindNames[k]
}

// Request tells whether a message of this kind asks.
func (k Kind) Request() bool { return k < kinds && k%2 == 0 }

// KindOf is what a body claims to be.
func KindOf(b []byte) (Kind, error) {
	switch {
	case len(b) == 0:
		return 0, ErrEmpty
	case Kind(b[0]) >= kinds:
		return 0, fmt.Errorf("%w: selector %d", ErrMalformed, b[0])
	}
	return Kind(b[0]), nil
}

// body takes the selector of a message that must be of one kind.
func body(b []byte, want Kind) ([]byte, error) {
	k, err := KindOf(b)
	switch {
	case err != nil:
		return nil, err
	case k != want:
		return nil, fmt.Errorf("%w: %s where %s is due", ErrKind, k, want)
	}
	return b[1:], nil
}

// malformed says that err came up in a message of a kind.
func malformed(k Kind, err error) error { return fmt.Errorf("%w: %s: %w", ErrMalformed, k, err) }

// refuse says what is wrong in a message of a kind.
func refuse(k Kind, format string, args ...any) error {
	return malformed(k, fmt.Errorf(format, args...))
}

// Ping asks whether a node is there and tells what Payload holds, an encoded Payload of
// that type. A pong is the same the other way.
type Ping struct {
	Seq     uint64 // of the sender's record
	Type    uint16
	Payload []byte
}

// DecodePing reads a ping.
func DecodePing(b []byte) (Ping, error) { return decodePing(b, KindPing) }

// DecodePong reads a pong.
func DecodePong(b []byte) (Ping, error) { return decodePing(b, KindPong) }

func decodePing(b []byte, k Kind) (Ping, error) {
	b, err := body(b, k)
	if err != nil {
		return Ping{}, err
	}
	parts, err := ssz.Parts(b, pingHead, 10)
	if err != nil {
		return Ping{}, malformed(k, err)
	}
	if len(parts[0]) > payloadMax {
		return Ping{}, refuse(k, "payload of %d bytes, at most %d", len(parts[0]), payloadMax)
	}
	return Ping{
		Seq:     binary.LittleEndian.Uint64(b),
		Type:    binary.LittleEndian.Uint16(b[8:]),
		Payload: parts[0],
	}, nil
}

// AppendPing appends the message as a ping.
func (m Ping) AppendPing(b []byte) ([]byte, error) { return m.append(b, KindPing) }

// AppendPong appends the message as a pong.
func (m Ping) AppendPong(b []byte) ([]byte, error) { return m.append(b, KindPong) }

func (m Ping) append(b []byte, k Kind) ([]byte, error) {
	if len(m.Payload) > payloadMax {
		return b, refuse(k, "payload of %d bytes, at most %d", len(m.Payload), payloadMax)
	}
	b = ssz.AppendUint64(append(b, byte(k)), m.Seq)
	b = ssz.AppendOffset(ssz.AppendUint16(b, m.Type), pingHead)
	return append(b, m.Payload...), nil
}
