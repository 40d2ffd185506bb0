package discv5

import "errors"

// What an Answer, or a verb, may fail with.
var (
	// ErrTimeout is of a request that got no answer in time, its repetition included.
	ErrTimeout = errors.New("discv5: no answer")
	// ErrTooLarge is of a body that fits no packet; see TalkMax and ReplyMax.
	ErrTooLarge = errors.New("discv5: body too large for a packet")
	// ErrBusy is of a request beyond what may be under way, to one node or in all.
	ErrBusy = errors.New("discv5: too many requests under way")
	// ErrNoAddress is of a record that names no UDP endpoint we may send to.
	ErrNoAddress = errors.New("discv5: record has no address to send to")
	// ErrSelf is of a request to ourselves.
	ErrSelf = errors.New("discv5: that is us")
	// ErrUnknown is of a node that we have no record of.
	ErrUnknown = errors.New("discv5: node not known")
	// ErrStopped is of a machine that does not run.
	ErrStopped = errors.New("discv5: not running")
	// ErrTaken is of a protocol that is registered already.
	ErrTaken = errors.New("discv5: protocol is registered already")
	// ErrProtocol is of a name that no protocol can have: empty, or too long.
	ErrProtocol = errors.New("discv5: not a protocol's name")
	// ErrGone is of a request that was answered before, or waits no more.
	ErrGone = errors.New("discv5: request is answered already, or too old")
	// ErrConfig is of a Config that no machine can be made of.
	ErrConfig = errors.New("discv5: configuration")
)
