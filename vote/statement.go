package vote

import (
	"net/netip"

	"github.com/ropewalk/ropewalk/link"
)

// Statement is what one remote says of where we are.
type Statement struct {
	From  netip.Addr     // of the remote
	Saw   netip.AddrPort // where it sees us
	Out   bool           // we dialled
	Via   bool           // a third party carries the link, and is whom the remote sees
	Bound bool           // the link left from a port we listen on
}

// Of is the statement that came with a link.
func Of(info link.Info) Statement {
	return Statement{From: info.Addr.IP(), Saw: info.Observed, Out: info.Dir == link.Out, Via: info.Via || info.Addr.Relayed(), Bound: info.Addr.IsQUIC()}
}

// plain brings a statement into the form in which statements are compared, and tells
// whether it counts at all.
func (s Statement) plain(localnet bool) (Statement, bool) {
	s.From = s.From.Unmap().WithZone("")
	ip := s.Saw.Addr().Unmap().WithZone("")
	port := s.Saw.Port()
	if !s.Bound {
		port = 0
	}
	s.Saw = netip.AddrPortFrom(ip, port)
	good := s.Out && !s.Via && s.From.IsValid() && ip.IsValid() && s.From.Is4() == ip.Is4()
	return s, good && place(s.From, localnet) && place(ip, localnet)
}

// place tells whether a host can be at an address.
func place(ip netip.Addr, localnet bool) bool {
	if localnet {
		return !ip.IsUnspecified() && !ip.IsMulticast()
	}
	_, special := link.Special(ip)
	return !special
}

// group is who has one vote together. On a local network everybody is of one group,
// and each address counts.
func group(from netip.Addr, localnet bool) string {
	if localnet {
		return from.String()
	}
	return link.Group(from)
}
