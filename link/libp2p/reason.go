package libp2p

import (
	"context"
	"errors"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/ropewalk/ropewalk/link"
)

// toCode is how a reason crosses the wire. A connection's code is best effort over
// TCP: yamux sends it and closes the socket, and a remote that writes at that moment
// may meet the reset before it has read the code. So a link first resets its streams
// with the same code, and the remote, if it is one of us, closes (Link.farewell).
func toCode(why link.Reason) network.ConnErrorCode {
	return reasonBase + network.ConnErrorCode(why)
}

// told reads a reason from a stream's error.
func told(err error) (link.Reason, bool) {
	var se *network.StreamError
	if !errors.As(err, &se) || !se.Remote || se.ErrorCode < reasonBase || se.ErrorCode > reasonBase+0xff {
		return 0, false
	}
	return link.Reason(se.ErrorCode - reasonBase), true
}

// fromCode reads a remote's code: ours, or the nearest reason to one of libp2p's.
func fromCode(code network.ConnErrorCode) link.Reason {
	switch {
	case code >= reasonBase && code <= reasonBase+0xff:
		return link.Reason(code - reasonBase)
	case code == network.ConnNoError:
		return link.Requested
	}
	switch code {
	case network.ConnResourceLimitExceeded, network.ConnRateLimited, network.ConnGarbageCollected, network.ConnGated:
		return link.TooManyPeers
	case network.ConnProtocolViolation:
		return link.Breach
	case network.ConnSupplanted:
		return link.AlreadyConnected
	case network.ConnShutdown:
		return link.Quitting
	case network.ConnProtocolNegotiationFailed:
		return link.Useless
	}
	return link.NetworkError
}

// whyClosed asks a closed connection how it ended: *link.Closed when either side
// closed it on purpose, otherwise ErrLost.
func whyClosed(c network.Conn) error {
	// Opening a stream on a closed connection reserves nothing and returns the
	// error the connection ended with.
	ctx, cancel := context.WithTimeout(network.WithAllowLimitedConn(context.Background(), "reason"), time.Second)
	defer cancel()
	s, err := c.NewStream(ctx)
	if err == nil {
		_ = s.Reset()
		return ErrLost
	}
	var ce *network.ConnError
	if !errors.As(err, &ce) {
		return ErrLost
	}
	if !ce.Remote && ce.ErrorCode == network.ConnNoError {
		return ErrLost
	}
	return &link.Closed{Reason: fromCode(ce.ErrorCode), Remote: ce.Remote}
}
