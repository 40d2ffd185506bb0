package link

import "fmt"

// Reason is why we end a link. The numbers are those of devp2p's Disconnect
// message (RLPx specification, "Disconnect (0x01)").
type Reason uint8

// What we say.
const (
	Requested        Reason = 0x00
	NetworkError     Reason = 0x01
	Breach           Reason = 0x02
	Useless          Reason = 0x03
	TooManyPeers     Reason = 0x04
	AlreadyConnected Reason = 0x05
	BadVersion       Reason = 0x06
	BadIdentity      Reason = 0x07
	Quitting         Reason = 0x08
	WrongIdentity    Reason = 0x09
	Self             Reason = 0x0a
	Timeout          Reason = 0x0b
	Subprotocol      Reason = 0x10
)

var reasonNames = [...]string{
	Requested: "requested", NetworkError: "network error", Breach: "breach of protocol",
	Useless: "useless peer", TooManyPeers: "too many peers", AlreadyConnected: "already connected",
	BadVersion: "incompatible version", BadIdentity: "invalid identity", Quitting: "quitting",
	WrongIdentity: "unexpected identity", Self: "connected to self", Timeout: "timeout",
	Subprotocol: "subprotocol error",
}

func (r Reason) String() string {
	if int(r) < len(reasonNames) && reasonNames[r] != "" {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason 0x%02x", uint8(r))
}

// Error lets a handler return a Reason to say how its link should end.
func (r Reason) Error() string { return r.String() }

// RemoteReason is what the remote said when it ended the link. It is a type of
// its own so that what we say and what we were told are never mixed up.
type RemoteReason uint8

func (r RemoteReason) String() string { return Reason(r).String() }

// Closed is the error of a link that one side closed on purpose.
type Closed struct {
	Reason Reason // why, in the words of whoever closed
	Remote bool   // the remote closed
}

// Told returns the remote's reason, when it was the remote that closed.
func (c *Closed) Told() (RemoteReason, bool) { return RemoteReason(c.Reason), c.Remote }

func (c *Closed) Error() string {
	if c.Remote {
		return "link closed by remote: " + c.Reason.String()
	}
	return "link closed: " + c.Reason.String()
}
