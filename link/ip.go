package link

import "net/netip"

// special are the ranges no public node lives in: RFC 6890 and its updates.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/3", "4000::/2", "8000::/1", // all of IPv6 but global unicast 2000::/3
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

func prefixes(text ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(text))
	for i, s := range text {
		out[i] = netip.MustParsePrefix(s)
	}
	return out
}

// Special returns the range for special purposes that an address lies in, if it does:
// no public node can be reached there. IPv4 mapped into IPv6 lies in ::/3 and has to
// be unmapped before.
func Special(ip netip.Addr) (netip.Prefix, bool) {
	for _, p := range special {
		if p.Contains(ip) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// Group is the network group of an IP address, IPv4 /16 or IPv6 /32, whose hosts may
// all be one person's; empty when the address is invalid.
func Group(ip netip.Addr) string { return groupOf(ip, 16, 32) }

func groupOf(ip netip.Addr, v4, v6 int) string {
	bits := v6
	if ip.Is4() {
		bits = v4
	}
	p, err := ip.Prefix(bits)
	if err != nil || !ip.IsValid() {
		return ""
	}
	return p.String()
}
