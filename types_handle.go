package ropewalk

import (
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer/msgrw"
)

// Who writes a protocol needs this package only.
type (
	// Protocol is one protocol of yours; see Node.Handle.
	Protocol = msgrw.Protocol
	// Limits of a Protocol.
	Limits = msgrw.Limits
	// Overflow is what happens to a peer that sends faster than Run reads.
	Overflow = msgrw.Overflow
	// Peer is the remote of a link.
	Peer = msgrw.Peer
	// PeerInfo describes a Peer.
	PeerInfo = msgrw.PeerInfo
	// ProtocolStats is what was counted of a Protocol.
	ProtocolStats = msgrw.Stats
	// Cap is a protocol as peers name it.
	Cap = msgrw.Cap
	// Msg is one message.
	Msg = msgrw.Msg
	// MsgReader reads messages.
	MsgReader = msgrw.MsgReader
	// MsgWriter writes messages.
	MsgWriter = msgrw.MsgWriter
	// MsgReadWriter is what Run is given.
	MsgReadWriter = msgrw.MsgReadWriter
	// Conversation is what Run's MsgReadWriter is too.
	Conversation = msgrw.Conversation
	// MsgPipeRW is one end of a MsgPipe.
	MsgPipeRW = msgrw.MsgPipeRW
	// DiscReason is why a link ends. As the result of Run it ends the link so.
	DiscReason = link.Reason
)

// What can happen to a full inbound queue.
const (
	OverflowDisconnect = msgrw.Disconnect
	OverflowDrop       = msgrw.Drop
	OverflowBlock      = msgrw.Block
)

// The reasons of devp2p's Disconnect message.
const (
	DiscRequested           = link.Requested
	DiscNetworkError        = link.NetworkError
	DiscProtocolError       = link.Breach
	DiscUselessPeer         = link.Useless
	DiscTooManyPeers        = link.TooManyPeers
	DiscAlreadyConnected    = link.AlreadyConnected
	DiscIncompatibleVersion = link.BadVersion
	DiscInvalidIdentity     = link.BadIdentity
	DiscQuitting            = link.Quitting
	DiscUnexpectedIdentity  = link.WrongIdentity
	DiscSelf                = link.Self
	DiscReadTimeout         = link.Timeout
	DiscSubprotocolError    = link.Subprotocol
)

// What reading, writing and Run return.
var (
	ErrShuttingDown = msgrw.ErrShuttingDown
	ErrInvalidCode  = msgrw.ErrInvalidCode
	ErrMsgTooLarge  = msgrw.ErrTooLarge
	ErrMalformed    = msgrw.ErrMalformed
	ErrDetach       = msgrw.ErrDetach
	ErrProtocol     = msgrw.ErrProtocol
	ErrPipeClosed   = msgrw.ErrPipeClosed
)

// Send writes a message whose payload is the RLP of data.
func Send(w MsgWriter, code uint64, data any) error { return msgrw.Send(w, code, data) }

// SendItems writes a message whose payload is the RLP list of the elements.
func SendItems(w MsgWriter, code uint64, elems ...any) error {
	return msgrw.SendItems(w, code, elems...)
}

// SendBytes writes a message with a payload as it is.
func SendBytes(w MsgWriter, code uint64, data []byte) error { return msgrw.SendBytes(w, code, data) }

// ExpectMsg reads a message and tells how it differs from what is wanted, for tests.
func ExpectMsg(r MsgReader, code uint64, content any) error {
	return msgrw.ExpectMsg(r, code, content)
}

// MsgPipe joins two ends for tests of protocols.
func MsgPipe() (*MsgPipeRW, *MsgPipeRW) { return msgrw.MsgPipe() }

// NewPeer makes a peer without a link, for tests of protocols.
func NewPeer(who id.ID, name string, caps []Cap) *Peer { return msgrw.NewPeer(who, name, caps) }
