package udp

import (
	"errors"

	"golang.org/x/sys/windows"
)

// tooLong tells whether the error is of a datagram that was cut to the buffer, which
// other systems do without one.
func tooLong(err error) bool { return errors.Is(err, windows.WSAEMSGSIZE) }
