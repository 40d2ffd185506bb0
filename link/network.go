package link

import "strings"

// Network is what an address is an address of.
type Network string

// The networks.
const (
	NetIP4   Network = "ip4"
	NetIP6   Network = "ip6"
	NetOnion Network = "onion" // onion services of version 3
	NetI2P   Network = "i2p"
	NetDNS   Network = "dns" // a name: which network shows when it is resolved
	NetUnix  Network = "unix"
	NetMem   Network = "mem"
)

// Hidden tells whether hosts of the network are reached through a proxy alone. Their
// names cost nothing and say nothing of where a host is, so no limit per group keeps
// links apart by them.
func (n Network) Hidden() bool { return n == NetOnion || n == NetI2P }

// Network is the network of where the address leads, of a relayed one that of the
// relay; empty for the zero Addr.
func (a Addr) Network() Network {
	switch {
	case a.text == "":
		return ""
	case a.ip.Is4():
		return NetIP4
	case a.ip.IsValid():
		return NetIP6
	case strings.HasPrefix(a.text, "/mem/"):
		return NetMem
	case strings.HasPrefix(a.text, "/unix/"):
		return NetUnix
	case strings.HasPrefix(a.text, "/onion3/"):
		return NetOnion
	case a.Kind() != RLPx:
		return NetDNS
	}
	host, _ := a.hostPort()
	switch {
	case host[0] == '/':
		return NetUnix
	case strings.HasSuffix(host, onionSuffix):
		return NetOnion
	case strings.HasSuffix(host, i2pSuffix):
		return NetI2P
	}
	return NetDNS
}

// Host is the IP address or name that the address leads to; the path of a Unix socket,
// empty in memory.
func (a Addr) Host() string {
	host, _ := a.hostPort()
	return host
}

// IsLocal tells whether the address is loopback, private, link-local, a socket of this
// machine or in memory: fit for a local network only.
func (a Addr) IsLocal() bool {
	if a.IsLoopback() {
		return true
	}
	ip := a.IP()
	return ip.IsValid() && (ip.IsPrivate() || ip.IsLinkLocalUnicast() || ip.IsUnspecified())
}

// IsLoopback tells whether the address never leaves this machine.
func (a Addr) IsLoopback() bool {
	if a.ip.IsValid() {
		return a.ip.IsLoopback()
	}
	n := a.Network()
	return n == NetMem || n == NetUnix
}

// Group is the network group that shares one address's fate: IPv4 /16, IPv6 /32, of
// hidden services the first four bits of the name, as Bitcoin groups them. Loopback,
// Unix sockets and memory have the empty group, which no per-group limit counts. A
// hidden service is never in a group of IP addresses, whatever proxy leads to it.
func (a Addr) Group() string { return a.prefix(16, 32) }

// Subnet is the finer group: IPv4 /24, IPv6 /56.
func (a Addr) Subnet() string { return a.prefix(24, 56) }

func (a Addr) prefix(v4, v6 int) string {
	if ip := a.IP(); ip.IsValid() {
		if ip.IsLoopback() {
			return ""
		}
		return groupOf(ip, v4, v6)
	}
	host, _ := a.hostPort()
	switch n := a.Network(); n {
	case NetMem, NetUnix:
		return ""
	case NetOnion, NetI2P:
		return string(n) + ":" + hiddenGroup(host)
	}
	return "name:" + host
}

// hiddenGroup is the first four bits of a base32 name as one hexadecimal digit.
func hiddenGroup(name string) string {
	v := strings.IndexByte("abcdefghijklmnopqrstuvwxyz234567", name[0])
	return string("0123456789abcdef"[v>>1])
}
