package discv5

import (
	"net/netip"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/link"
)

// place is a node at an endpoint: what a session is with (theory, "Session Cache": "using
// the node ID and IP/port as the 'key'").
type place struct {
	who id.ID
	at  netip.AddrPort
}

// plain is an endpoint as we compare it: IPv4 that came in IPv6 form is IPv4.
func plain(at netip.AddrPort) netip.AddrPort {
	if ip := at.Addr(); ip.Is4In6() {
		return netip.AddrPortFrom(ip.Unmap(), at.Port())
	}
	return at
}

// exempt tells whether limits per address do not hold for one, because many nodes of a
// test network share it.
func (c *Config) exempt(ip netip.Addr) bool {
	if ip.IsLoopback() {
		return true
	}
	_, special := link.Special(ip)
	return c.Localnet && special
}

// endpoint is where we write to the node of a record.
func (c *Config) endpoint(r *enr.Record) (netip.AddrPort, bool) {
	at := kad.Endpoint(r)
	if at.IsValid() && !c.Restrict.Allows(at.Addr()) && r.IP6().IsValid() {
		at = netip.AddrPortFrom(r.IP6(), r.UDP(true))
	}
	return at, at.IsValid() && at.Port() != 0 && c.Restrict.Allows(at.Addr())
}

// at tells whether a record says that its node is at an endpoint.
func lives(r *enr.Record, at netip.AddrPort) bool {
	if r == nil {
		return false
	}
	ip, v6 := r.IP(), at.Addr().Is6()
	if v6 {
		ip = r.IP6()
	}
	return ip == at.Addr() && r.UDP(v6) == at.Port()
}
