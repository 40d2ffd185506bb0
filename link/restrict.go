package link

import (
	"errors"
	"fmt"
	"net/netip"
)

// Restriction is the networks that a node keeps to; an empty one is none.
type Restriction []netip.Prefix

// ErrRestriction is returned for text that names no network.
var ErrRestriction = errors.New("link: not a network")

// ParseRestriction reads networks, "10.0.0.0/8" or "2001:db8::/32".
func ParseRestriction(texts []string) (Restriction, error) {
	var out Restriction
	for _, s := range texts {
		p, err := netip.ParsePrefix(s)
		if err != nil || p.Addr().Is4In6() {
			return nil, fmt.Errorf("%w: %.80q: want addresses with a length, such as 10.0.0.0/8 or 2001:db8::/32", ErrRestriction, s)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

// Allows tells whether we may have to do with an IP address.
func (r Restriction) Allows(ip netip.Addr) bool {
	if len(r) == 0 {
		return true
	}
	ip = ip.Unmap().WithZone("") // a prefix contains no address with a zone
	for _, p := range r {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// AllowsAddr is Allows for the IP address that an address names. Memory and Unix
// sockets have none, and a name only shows when it is resolved: whoever does so asks
// Allows. A hidden service is in no network of ours.
func (r Restriction) AllowsAddr(a Addr) bool {
	if a.IP().IsValid() {
		return r.Allows(a.IP())
	}
	return len(r) == 0 || !a.Network().Hidden()
}
