package ropewalk

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ropewalk/ropewalk/link"
)

// listenMax bounds the addresses of one kind of link, our choice: each costs a socket
// and a goroutine for the whole life of the node.
const listenMax = 8

// handshakesMax bounds what HandshakeConfig may allow, our choice: each costs a socket.
const handshakesMax = 4096

// rlpxAddr reads where RLPx listens: HOST:PORT, where HOST is an IP address,
// "localhost", or nothing for every IPv4 address. Port 0 is any free one.
func rlpxAddr(text string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return netip.AddrPort{}, err
	}
	switch host {
	case "":
		host = "0.0.0.0"
	case "localhost":
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" {
		return netip.AddrPort{}, fmt.Errorf("%.80q is no IP address", host)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port %.20q: want 0 to 65535", port)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(n)), nil
}

// rlpxPath tells whether RLPx is to listen at a Unix socket, and whether it can.
func rlpxPath(text string) (is bool, err error) {
	if !strings.HasPrefix(text, "/") {
		return false, nil
	}
	if link.Unix(exampleKey().Uncompressed(), exampleKey().ID(), text).IsZero() {
		return true, fmt.Errorf("%.120q: want an absolute path of at most 103 letters, digits and . _ - + = ~", text)
	}
	return true, nil
}

// rlpxAddrs reads all of them, and the paths.
func rlpxAddrs(texts []string) (at []netip.AddrPort, paths []string, err error) {
	for _, text := range texts {
		path, err := rlpxPath(text)
		if err == nil && !path {
			var a netip.AddrPort
			if a, err = rlpxAddr(text); err == nil {
				at = append(at, a)
			}
		}
		if err != nil {
			return nil, nil, fmt.Errorf("listen.rlpx: %w", err)
		}
		if path {
			paths = append(paths, text)
		}
	}
	return at, paths, nil
}
