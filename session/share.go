package session

import (
	"net/netip"

	"github.com/ropewalk/ropewalk/link"
)

// share is what one network may have of the inbound places.
type share struct {
	network string
	most    int
	what    string
}

// shares are the networks that a link counts with, the narrowest first; none for
// loopback and on a local network, which only the totals bound.
func (k *Keeper) shares(a link.Addr) []share {
	if k.cfg.Localnet || a.Subnet() == "" {
		return nil
	}
	narrow, wide := "from one address", "from one subnet"
	ip := a.IP()
	switch {
	case ip.Is4():
		return []share{{prefix(ip, 32), perIPv4, narrow}, {prefix(ip, 24), perIPv4Subnet, wide}}
	case ip.Is6():
		return []share{{prefix(ip, 56), perIPv6, narrow}, {prefix(ip, 48), perIPv6Subnet, wide}}
	}
	return []share{{a.Subnet(), perIPv4, narrow}}
}

func prefix(ip netip.Addr, bits int) string {
	p, _ := ip.Prefix(bits) // of a valid address
	return p.String()
}

// crowded tells whether a network has its share of the inbound places: its figure, and
// not above a quarter of all places where those are few.
func (k *Keeper) crowded(a link.Addr) (what string, is bool) {
	list := k.shares(a)
	for i, s := range list {
		n := 0
		for who, c := range k.links.All() {
			if c.kind == Inbound && !c.leaving && !k.trusted.Has(who) && len(c.shares) == len(list) && c.shares[i].network == s.network {
				n++
			}
		}
		if n >= min(s.most, max(k.cfg.Inbound/4, 1)) {
			return s.what, true
		}
	}
	return "", false
}
