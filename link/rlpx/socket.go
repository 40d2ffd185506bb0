package rlpx

import "net"

// narrow bounds what the system keeps of a link's bytes. All lanes share one stream:
// what is in its buffers goes before anything else, so megabytes in them are
// hundreds of milliseconds for a neighbour, and for Pong.
func narrow(c net.Conn) {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	_ = tcp.SetReadBuffer(socketReadBytes)
	limitUnsent(tcp, socketUnsentBytes)
}
