//go:build unix

package udp

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// setBuffers asks for buffers and says what the system gave.
func setBuffers(conn *net.UDPConn, raw syscall.RawConn, want int) (read, write int) {
	// What is refused or cut is seen in the answers below.
	_ = conn.SetReadBuffer(want)
	_ = conn.SetWriteBuffer(want)
	_ = raw.Control(func(fd uintptr) {
		read = grown(int(fd), unix.SO_RCVBUF, want)
		write = grown(int(fd), unix.SO_SNDBUF, want)
	})
	return read, write
}
