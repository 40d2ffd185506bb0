//go:build !linux

package rlpx

import "net"

// limitUnsent is for systems that can.
func limitUnsent(*net.TCPConn, int) {}
