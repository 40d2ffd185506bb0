//go:build unix && !linux

package udp

import "golang.org/x/sys/unix"

// grown is the size of a buffer.
func grown(fd, option, _ int) int {
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
	if err != nil {
		return 0
	}
	return n
}
