package link

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ropewalk/ropewalk/enr"
)

// RecordAddrs are the addresses a node record names, the better ones first: libp2p on
// the "rw" entry's ports of "ip" and "ip6", then RLPx on "tcp" and "tcp6", then the "rw"
// entry's onion service. The record must be verified.
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
	return append(out, onionAddrs(r, rope.Onion, peer)...)
}

// onionAddrs are the addresses of a record's onion service.
func onionAddrs(r *enr.Record, o enr.Onion, peer string) (out []Addr) {
	if o == (enr.Onion{}) {
		return nil
	}
	name := Onion(o.Key)
	if o.LibP2P != 0 {
		out = append(out, Addr{text: "/onion3/" + strings.TrimSuffix(name, onionSuffix) + ":" + decimal(o.LibP2P) + "/p2p/" + peer, who: r.ID()})
	}
	if full, err := r.Public().Uncompressed(); err == nil && o.RLPx != 0 {
		out = append(out, Addr{text: fmt.Sprintf("enode://%x@%s:%d", full, name, o.RLPx), who: r.ID()})
	}
	return out
}

func decimal(v uint16) string { return strconv.FormatUint(uint64(v), 10) }
