package rlpx

import (
	"net"
	"syscall"
)

// tcpNotSentLowat is TCP_NOTSENT_LOWAT of linux/tcp.h, which package syscall lacks.
const tcpNotSentLowat = 25

// limitUnsent makes writing wait while the system holds that many bytes which it has
// not sent yet. It takes nothing from the speed of a link: what is on its way does
// not count.
func limitUnsent(c *net.TCPConn, bytes int) {
	if raw, err := c.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowat, bytes) })
	}
}
