package msgrw

import (
	"context"
	"errors"

	"github.com/ropewalk/ropewalk/link"
)

// Reason says how a link ends for the error of a Run, and whether it does: nil and
// ErrDetach only end the protocol on it.
func Reason(err error) (why link.Reason, ends bool) {
	var r link.Reason
	switch {
	case err == nil, errors.Is(err, ErrDetach):
		return link.Quitting, false
	case errors.As(err, &r):
		return r, true
	case errors.Is(err, ErrMalformed), errors.Is(err, ErrInvalidCode), errors.Is(err, ErrTooLarge):
		return link.Breach, true
	case errors.Is(err, ErrShuttingDown), errors.Is(err, context.Canceled):
		return link.Quitting, true
	}
	return link.Subprotocol, true
}
