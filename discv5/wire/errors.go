package wire

import "errors"

// Errors of this package. Those of Decode and Open are made once and carry no detail:
// strangers' packets cost no more than the look at them.
var (
	// ErrSize is of a datagram outside 63 to 1280 bytes.
	ErrSize = errors.New("discv5: size of packet")
	// ErrProtocol is of a packet that is not of this protocol and version, or not for
	// this node. It gets no answer.
	ErrProtocol = errors.New("discv5: not discv5 v5.1, or not for us")
	// ErrHeader is of a header whose flag, sizes or parts are wrong.
	ErrHeader = errors.New("discv5: wrong header")
	// ErrSealed is of a message that these keys do not open.
	ErrSealed = errors.New("discv5: message does not open")
	// ErrMessage is of a message that was opened and is malformed.
	ErrMessage = errors.New("discv5: malformed message")
	// ErrKind is of a message of a kind that we do not know.
	ErrKind = errors.New("discv5: unknown kind of message")
	// ErrTooLarge is of a message that does not fit into its packet.
	ErrTooLarge = errors.New("discv5: message does not fit into a packet")
	// ErrWorn is of a session that has sealed as much as its keys may.
	ErrWorn = errors.New("discv5: session's keys are worn out")
	// ErrSignature is of a handshake that is not signed by who it is from.
	ErrSignature = errors.New("discv5: wrong signature of handshake")
	// ErrPoint is of a public key that is no point of the curve.
	ErrPoint = errors.New("discv5: key is no point of the curve")
)
