package node

import (
	"bytes"
	"math"
	"net/netip"
	"slices"
	"strings"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
)

// recordOf fills a record's entries from the addresses others can dial. Of each
// family the best address wins: public before private before loopback, and among
// equals the first named. The ports of libp2p and RLPx are those of the chosen
// addresses. The first onion service stands beside them. "tcp6" is left out where "tcp" says the same.
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
		if a.Relayed() || !a.IP().IsValid() || a.IP() != b.IP && a.IP() != b.IP6 {
			continue
		}
		port := &rope.TCP
		switch {
		case a.Kind() == link.RLPx && a.IP().Is6():
			port = &b.TCP6
		case a.Kind() == link.RLPx:
			port = &b.TCP
		case a.Kind() != link.LibP2P:
			continue
		case a.IsQUIC():
			port = &rope.QUIC
		}
		if *port == 0 {
			*port = a.Port()
		}
	}
	if b.TCP6 == b.TCP {
		b.TCP6 = 0
	}
	rope.Onion = onionOf(addrs)
	b.Rope = &rope
	return b
}

// onionOf is the first onion service of the addresses, with the ports that it leads to
// us by.
func onionOf(addrs []link.Addr) (out enr.Onion) {
	for _, a := range addrs {
		key, err := link.OnionKey(a.Host())
		if a.Network() != link.NetOnion || a.Relayed() || err != nil || out != (enr.Onion{}) && out.Key != key {
			continue
		}
		out.Key = key
		port := &out.LibP2P
		if a.Kind() == link.RLPx {
			port = &out.RLPx
		}
		if *port == 0 {
			*port = a.Port()
		}
	}
	return out
}

// attributes are what the user's protocols add to the record.
func attributes(handlers []Handler) (out []enr.Pair) {
	for _, h := range handlers {
		out = append(out, h.Attributes...)
	}
	return out
}

// widest is a record with everything in it that can be: what does not fit beside that
// must not be added.
func widest(network string, handlers []Handler) enr.Builder {
	const port = math.MaxUint16
	return enr.Builder{
		Seq: math.MaxInt64, IP: netip.IPv4Unspecified(), IP6: netip.IPv6Unspecified(), TCP: port, TCP6: port - 1,
		Rope: &enr.Rope{Network: enr.NetworkTag(network), TCP: port, QUIC: port}, Extra: attributes(handlers),
	}
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
	return r.IP() == b.IP && r.IP6() == b.IP6 && rope == *b.Rope && r.TCP(false) == b.TCP && tcp6(r) == b.TCP6 && r.UDP(false) == b.UDP && udp6(r) == b.UDP6 && sameExtra(r, b.Extra)
}

// sameExtra tells whether a record's entries of protocols are these.
func sameExtra(r *enr.Record, extra []enr.Pair) bool {
	extra = slices.SortedFunc(slices.Values(extra), func(a, b enr.Pair) int { return strings.Compare(a.Key, b.Key) })
	return slices.EqualFunc(r.Extra(), extra, func(a, b enr.Pair) bool { return a.Key == b.Key && bytes.Equal(a.Value, b.Value) })
}

// tcp6 is the port that stands under that name, and not the one it falls back to.
func tcp6(r *enr.Record) uint16 {
	if port := r.TCP(true); port != r.TCP(false) {
		return port
	}
	return 0
}

// udp6 is the like of tcp6.
func udp6(r *enr.Record) uint16 {
	if port := r.UDP(true); port != r.UDP(false) {
		return port
	}
	return 0
}
