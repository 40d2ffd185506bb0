package kad

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// What is wrong with a record that an answer named.
var (
	ErrSelf      = errors.New("kad: ourselves")
	ErrDistance  = errors.New("kad: not at a distance that was asked for")
	ErrEndpoint  = errors.New("kad: no endpoint that can be believed")
	ErrDuplicate = errors.New("kad: named twice in one answer")
)

// CheckFound says why a verified record in an answer of responder, who wrote from an
// address, must not be used; nil when it may. asked are the distances of the question;
// nil when it named none, as FINDCONTENT: then nobody names itself. Addresses of a
// machine's own or of a local network are believed only from there (discv5 wire, "NODES").
func CheckFound(self, responder id.ID, asked []uint16, from netip.Addr, r *enr.Record) error {
	if r.ID() == self {
		return ErrSelf
	}
	distance := id.LogDistance(responder, r.ID())
	switch {
	case asked == nil && distance == 0:
		return fmt.Errorf("%w: the responder itself", ErrDistance)
	case asked != nil && !slices.Contains(asked, uint16(distance)):
		return fmt.Errorf("%w: %d", ErrDistance, distance)
	}
	any := false
	for _, v6 := range [...]bool{false, true} {
		at := endpoint(r, v6)
		if !at.IsValid() {
			continue
		}
		if err := relayed(from.Unmap(), at); err != nil {
			return err
		}
		any = true
	}
	if !any {
		return fmt.Errorf("%w: none", ErrEndpoint)
	}
	return nil
}

// relayed judges an endpoint on the word of somebody at an address.
func relayed(from netip.Addr, at netip.AddrPort) error {
	ip := at.Addr().Unmap()
	near := func(a netip.Addr) bool { return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() }
	_, special := link.Special(ip)
	switch {
	case at.Port() < portMin:
		return fmt.Errorf("%w: port %d", ErrEndpoint, at.Port())
	case ip.IsUnspecified() || ip.IsMulticast() || ip.Zone() != "":
		return fmt.Errorf("%w: %s is no host", ErrEndpoint, ip)
	case ip.IsLoopback() && !from.IsLoopback():
		return fmt.Errorf("%w: loopback, from %s", ErrEndpoint, from)
	case special && !near(ip), special && !near(from):
		return fmt.Errorf("%w: %s, from %s", ErrEndpoint, ip, from)
	}
	return nil
}

// Tellable tells whether somebody at an address may be told of a node: addresses of a
// local network are for those within it.
func Tellable(to netip.Addr, r *enr.Record) bool {
	at := Endpoint(r)
	if _, special := link.Special(at.Addr()); !special {
		return true
	}
	_, near := link.Special(to)
	return near && (to.IsLoopback() || !at.Addr().IsLoopback())
}

// Sieve returns those of an answer's records that may be used, in place and at most n,
// and how many were refused.
func Sieve(self, responder id.ID, asked []uint16, from netip.Addr, records []*enr.Record, n int) (good []*enr.Record, refused int) {
	good = records[:0]
	for _, r := range records {
		twice := slices.ContainsFunc(good, func(o *enr.Record) bool { return o.ID() == r.ID() })
		if twice || len(good) == n || CheckFound(self, responder, asked, from, r) != nil {
			refused++
			continue
		}
		good = append(good, r)
	}
	return good, refused
}
