package link

import (
	"net/netip"
	"strconv"

	"github.com/ropewalk/ropewalk/enr"
)

// RecordAddrs are the addresses a node record names, the better ones first: libp2p on
// the "rw" entry's ports of "ip" and "ip6", then RLPx on "tcp" and "tcp6". The record
// must be verified.
func RecordAddrs(r *enr.Record) []Addr {
	peer := r.Public().PeerID().String()
	rope, _ := r.Rope()
	var out []Addr
	for _, ip := range []netip.Addr{r.IP(), r.IP6()} {
		if !ip.IsValid() {
			continue
		}
		host := "/ip4/" + ip.String()
		if ip.Is6() {
			host = "/ip6/" + ip.String()
		}
		if rope.QUIC != 0 {
			out = append(out, Addr{host + "/udp/" + decimal(rope.QUIC) + "/quic-v1/p2p/" + peer, r.ID(), ip.Unmap()})
		}
		if rope.TCP != 0 {
			out = append(out, Addr{host + "/tcp/" + decimal(rope.TCP) + "/p2p/" + peer, r.ID(), ip.Unmap()})
		}
	}
	for _, ip := range []netip.Addr{r.IP(), r.IP6()} {
		if tcp := r.TCP(ip.Is6()); ip.IsValid() && tcp != 0 {
			if full, err := r.Public().Uncompressed(); err == nil {
				out = append(out, Enode(full, r.ID(), netip.AddrPortFrom(ip, tcp)))
			}
		}
	}
	return out
}

func decimal(v uint16) string { return strconv.FormatUint(uint64(v), 10) }
