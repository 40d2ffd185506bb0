package ropewalk

import (
	"net"
	"net/netip"
	"slices"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/vote"
)

// atInterfaces are the addresses of this machine at which listeners on all of them
// are reached: those in the list whose address is unspecified.
func (n *Node) atInterfaces(addrs []link.Addr) []link.Addr {
	if !slices.ContainsFunc(addrs, func(a link.Addr) bool { return a.IP().IsUnspecified() }) {
		return nil
	}
	nets, err := net.InterfaceAddrs()
	if err != nil {
		n.log.Debug("interfaces not known", "err", err)
		return nil
	}
	var ips []netip.Addr
	for _, at := range nets {
		if p, err := netip.ParsePrefix(at.String()); err == nil {
			ips = append(ips, p.Addr().Unmap())
		}
	}
	return spread(addrs, ips)
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
// place of unspecified ones, and drops those otherwise. Such a listener keeps its port.
func outside(addrs []link.Addr, external func(v6 bool) (vote.Address, bool)) (out []link.Addr) {
	add := func(a link.Addr) {
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	for _, a := range addrs {
		if !a.IP().IsUnspecified() {
			continue
		}
		for _, v6 := range []bool{false, true} {
			if at, ok := external(v6); ok && !(v6 && a.IP().Is4()) {
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
