package node

import (
	"net/netip"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
)

// recordOf fills a record's entries from the addresses others can dial. Of each
// family the best address wins: public before private before loopback, and among
// equals the first named. TCP and QUIC ports are those of the chosen address.
func recordOf(network string, addrs []link.Addr) enr.Builder {
	var b enr.Builder
	for _, a := range addrs {
		ip := a.IP()
		if a.Relayed() || !ip.IsValid() || ip.IsUnspecified() {
			continue
		}
		best := &b.IP
		if ip.Is6() {
			best = &b.IP6
		}
		if !best.IsValid() || worth(ip) > worth(*best) {
			*best = ip
		}
	}
	rope := enr.Rope{Network: enr.NetworkTag(network)}
	for _, a := range addrs {
		if a.Relayed() || a.Kind() != link.LibP2P || !a.IP().IsValid() || a.IP() != b.IP && a.IP() != b.IP6 {
			continue
		}
		port := &rope.TCP
		if a.IsQUIC() {
			port = &rope.QUIC
		}
		if *port == 0 {
			*port = a.Port()
		}
	}
	b.Rope = &rope
	return b
}

func worth(ip netip.Addr) int {
	switch {
	case ip.IsLoopback() || ip.IsLinkLocalUnicast():
		return 0
	case ip.IsPrivate():
		return 1
	}
	return 2
}

// same tells whether signing b would change nothing that the record says.
func same(r *enr.Record, b enr.Builder) bool {
	rope, _ := r.Rope()
	return r.IP() == b.IP && r.IP6() == b.IP6 && rope == *b.Rope
}
