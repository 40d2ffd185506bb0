package ropewalk

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// listenMax bounds the addresses of one kind of link, our choice: each costs a socket
// and a goroutine for the whole life of the node.
const listenMax = 8

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

// rlpxAddrs reads all of them.
func rlpxAddrs(texts []string) ([]netip.AddrPort, error) {
	var out []netip.AddrPort
	for _, text := range texts {
		a, err := rlpxAddr(text)
		if err != nil {
			return nil, fmt.Errorf("listen.rlpx: %w", err)
		}
		out = append(out, a)
	}
	return out, nil
}
