package hosts

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
)

// What the filter says.
var (
	ErrAddress = errors.New("hosts: address not allowed")
	ErrSelf    = errors.New("hosts: this is ourselves")
	ErrOutside = errors.New("hosts: outside the networks we are restricted to")
)

// Filter judges addresses. The zero Filter is that of a public
// node without a key.
type Filter struct {
	Self     id.ID
	Localnet bool        // private and loopback addresses are fine
	Kinds    []link.Kind // link kinds we can dial; empty means all
	// Reaches tells whether a way leads to an address; nil means to all. It must be a
	// function of the address alone.
	Reaches  func(link.Addr) bool
	Restrict link.Restriction

	own ordered.Map[link.Addr, time.Time] // addresses found to be our own, and when
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
	switch n := a.Network(); {
	case n == link.NetMem && f.Localnet:
		return nil
	case n == link.NetMem:
		return fmt.Errorf("%w: in memory, and this is no local network", ErrAddress)
	case n == link.NetUnix:
		return fmt.Errorf("%w: a socket of this machine; such come only from configuration", ErrAddress)
	case n == link.NetDNS:
		return fmt.Errorf("%w: a name; names come only from configuration", ErrAddress)
	case n.Hidden() && len(f.Restrict) > 0:
		return fmt.Errorf("%w: %s", ErrOutside, n)
	case n.Hidden() && !slices.Contains(portsDenied[:], a.Port()):
		return nil
	}
	ip := a.IP()
	switch {
	case slices.Contains(portsDenied[:], a.Port()):
		return fmt.Errorf("%w: port %d", ErrAddress, a.Port())
	case !f.Restrict.Allows(ip):
		return fmt.Errorf("%w: %s", ErrOutside, ip)
	case ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return fmt.Errorf("%w: %s is no host", ErrAddress, ip)
	case f.Localnet:
		return nil
	}
	if p, ok := link.Special(ip); ok {
		return fmt.Errorf("%w: %s is in %s", ErrAddress, ip, p)
	}
	return nil
}

// Dialable tells whether we have a link kind for the address, and a way to it.
func (f *Filter) Dialable(a link.Addr) bool {
	return (len(f.Kinds) == 0 || slices.Contains(f.Kinds, a.Kind())) && (f.Reaches == nil || f.Reaches(a))
}

// Mine remembers an address as our own, as when a dial to it reached ourselves. It is
// the whole address, host and port: others share our host, or our port. When there are
// too many, another is forgotten, and each is after ownFor, for it may be given to
// somebody else.
func (f *Filter) Mine(now time.Time, a link.Addr) {
	if f.own.Len() >= ownMax {
		first, _ := f.own.At(0)
		f.own.Delete(first)
	}
	f.own.Put(a.Bare(), now)
}

func (f *Filter) forget(now time.Time) {
	for _, a := range f.own.Keys() {
		if at, _ := f.own.Get(a); now.Sub(at) >= ownFor {
			f.own.Delete(a)
		}
	}
}
