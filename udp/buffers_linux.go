package udp

import "golang.org/x/sys/unix"

// grown is the size of a buffer. One that net.core.rmem_max or wmem_max kept smaller
// than wanted is asked for again as only root may.
func grown(fd, option, want int) int {
	got := doubled(fd, option)
	if got < want {
		force := unix.SO_RCVBUFFORCE
		if option == unix.SO_SNDBUF {
			force = unix.SO_SNDBUFFORCE
		}
		if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, want) == nil {
			got = doubled(fd, option)
		}
	}
	return got
}

// doubled reads a size, of which Linux keeps the double for its own needs (socket(7)).
func doubled(fd, option int) int {
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
	if err != nil {
		return 0
	}
	return n / 2
}
