package ropewalk

import (
	"net"
	"net/netip"
	"slices"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/nat"
	"github.com/ropewalk/ropewalk/vote"
)

// atInterfaces are the addresses of this machine at which listeners on all of them
// are reached: those in the list whose address is unspecified.
func (n *Node) atInterfaces(addrs []link.Addr) []link.Addr {
	if !slices.ContainsFunc(addrs, func(a link.Addr) bool { return a.IP().IsUnspecified() }) {
		return nil
	}
	return spread(addrs, n.interfaces())
}

// interfaces are the addresses of this machine.
func (n *Node) interfaces() (ips []netip.Addr) {
	nets, err := net.InterfaceAddrs()
	if err != nil {
		n.log.Debug("interfaces not known", "err", err)
		return nil
	}
	for _, at := range nets {
		if p, err := netip.ParsePrefix(at.String()); err == nil {
			ips = append(ips, p.Addr().Unmap())
		}
	}
	return ips
}

// udpAddrs are where discv5 takes packets: of a socket on all interfaces, what a router
// forwards to it, where the world sees us, and the addresses of the machine, in this order.
func (n *Node) udpAddrs() (out []netip.AddrPort) {
	d := n.datagrams.Load()
	if d == nil {
		return nil
	}
	at := d.socket.LocalAddr()
	if !at.Addr().IsUnspecified() {
		return []netip.AddrPort{at}
	}
	for _, m := range n.mapped {
		if m.Port == (nat.Port{Proto: nat.UDP, Num: at.Port()}) {
			out = append(out, m.External)
		}
	}
	for _, v6 := range []bool{false, true} {
		if a, ok := n.machine.External(v6); ok && (!v6 || at.Addr().Is6()) {
			out = append(out, netip.AddrPortFrom(a.IP, at.Port()))
		}
	}
	for _, ip := range n.interfaces() {
		if !ip.IsLinkLocalUnicast() && (ip.Is4() || at.Addr().Is6()) {
			out = append(out, netip.AddrPortFrom(ip, at.Port()))
		}
	}
	return out
}

// spread puts the IP addresses of a machine in the place of unspecified ones. "::"
// listens on both families, "0.0.0.0" on IPv4.
func spread(addrs []link.Addr, ips []netip.Addr) (out []link.Addr) {
	for _, a := range addrs {
		if !a.IP().IsUnspecified() {
			continue
		}
		for _, ip := range ips {
			if ip.IsLinkLocalUnicast() || ip.Is6() && a.IP().Is4() {
				continue
			}
			out = append(out, a.At(netip.AddrPortFrom(ip, a.Port())))
		}
	}
	return out
}

// outside puts the addresses at which the world sees us, where they are known, in the
// place of unspecified ones, and drops those otherwise. Such a listener keeps its port,
// but where a router forwards another one to it; that leads to listeners in the house
// too.
func outside(addrs []link.Addr, external func(v6 bool) (vote.Address, bool), mapped []nat.Mapping) (out []link.Addr) {
	add := func(a link.Addr) {
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	for _, a := range addrs {
		for _, v6 := range []bool{false, true} {
			at, ok := external(v6)
			if !ok || v6 && a.IP().Is4() {
				continue
			}
			port, forwarded := uint16(0), false
			if at.By == vote.Mapped {
				port, forwarded = forwardedTo(mapped, a, at.IP)
			}
			switch {
			case forwarded:
				add(a.At(netip.AddrPortFrom(at.IP, port)))
			case a.IP().IsUnspecified():
				add(a.At(netip.AddrPortFrom(at.IP, a.Port())))
			}
		}
	}
	for _, a := range addrs {
		if !a.IP().IsUnspecified() {
			add(a)
		}
	}
	return out
}

// forwardedTo is the port at an address of ours that a router forwards to a listener.
func forwardedTo(mapped []nat.Mapping, a link.Addr, ip netip.Addr) (uint16, bool) {
	if !forwardable(a) {
		return 0, false
	}
	for _, m := range mapped {
		if m.Port == (nat.Port{Proto: nat.TCP, Num: a.Port()}) && m.External.Addr() == ip {
			return m.External.Port(), true
		}
	}
	return 0, false
}

// forwardable tells whether a router can forward a port to a listener: one of RLPx, as
// libp2p asks for its own, on all IPv4 addresses or on one of the house.
func forwardable(a link.Addr) bool {
	ip := a.IP()
	return a.Kind() == link.RLPx && a.Port() != 0 && (ip.IsUnspecified() || ip.Is4() && ip.IsPrivate())
}
