package hosts

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
)

// What the filter says.
var (
	ErrAddress = errors.New("hosts: address not allowed")
	ErrSelf    = errors.New("hosts: this is ourselves")
)

// Filter judges addresses. The zero Filter is that of a public
// node without a key.
type Filter struct {
	Self     id.ID
	Localnet bool        // private and loopback addresses are fine
	Kinds    []link.Kind // link kinds we can dial; empty means all

	own ordered.Set[link.Addr] // addresses found to be our own
}

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

// Allowed says why the address must not be stored or dialled on a stranger's word,
// or nil. It does not look at bans.
func (f *Filter) Allowed(a link.Addr) error {
	if a.IsZero() {
		return fmt.Errorf("%w: empty", ErrAddress)
	}
	if who := a.ID(); !who.IsZero() && who == f.Self {
		return ErrSelf
	}
	return f.placed(a)
}

// placed is Allowed without the look at the key, for addresses of a host that is
// known not to be ourselves.
func (f *Filter) placed(a link.Addr) error {
	if f.own.Has(a.Bare()) {
		return ErrSelf
	}
	if a.Kind() == link.Mem {
		if !f.Localnet {
			return fmt.Errorf("%w: in memory, and this is no local network", ErrAddress)
		}
		return nil
	}
	ip := a.IP()
	switch {
	case !ip.IsValid():
		return fmt.Errorf("%w: a name; names come only from configuration", ErrAddress)
	case slices.Contains(portsDenied[:], a.Port()):
		return fmt.Errorf("%w: port %d", ErrAddress, a.Port())
	case ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Errorf("%w: %s is no host", ErrAddress, ip)
	case f.Localnet:
		return nil
	}
	for _, p := range special {
		if p.Contains(ip) {
			return fmt.Errorf("%w: %s is in %s", ErrAddress, ip, p)
		}
	}
	return nil
}

// Dialable tells whether we have a link kind for the address.
func (f *Filter) Dialable(a link.Addr) bool {
	return len(f.Kinds) == 0 || slices.Contains(f.Kinds, a.Kind())
}

// Mine remembers an address as our own, as when a dial to it reached ourselves.
// When there are too many, another is forgotten.
func (f *Filter) Mine(a link.Addr) {
	if f.own.Len() >= ownMax {
		f.own.Delete(f.own.At(0))
	}
	f.own.Add(a.Bare())
}
