package discv5

import (
	"net/netip"
	"slices"
	"time"
)

// hostOf is the part of an address that one machine has: IPv4 whole, IPv6 its /64.
func hostOf(ip netip.Addr) netip.Addr {
	if ip.Is4() {
		return ip
	}
	p, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return ip
	}
	return p.Addr()
}

// crowded tells whether a host has as many nodes with sessions as it may, and the one
// that asks is none of them. Only nodes that proved that they are there count, so nobody
// can use up another's places.
func (l *sessions) crowded(now time.Time, p place) bool {
	all := l.hosts[hostOf(p.at.Addr())]
	if len(all) < idsMax {
		return false
	}
	for _, s := range all {
		if s.who == p.who || s.idle() && now.Sub(s.heard) >= idsIdle {
			return false
		}
	}
	return true
}

// settle counts a session that has keys among those of its host, in the place of the
// same node's, or of one that was long silent, when there are as many as may be.
func (l *sessions) settle(now time.Time, s *session) {
	host := hostOf(s.at.Addr())
	all := l.hosts[host]
	if slices.Contains(all, s) {
		return
	}
	if len(all) >= idsMax {
		for _, o := range slices.Clone(all) {
			if o.idle() && (o.who == s.who || now.Sub(o.heard) >= idsIdle) {
				l.drop(o)
				break
			}
		}
	}
	l.hosts[host] = append(l.hosts[host], s)
}

// leave takes a session from its host's.
func (l *sessions) leave(s *session) {
	host := hostOf(s.at.Addr())
	all := l.hosts[host]
	i := slices.Index(all, s)
	if i < 0 {
		return
	}
	if len(all) == 1 {
		delete(l.hosts, host)
		return
	}
	l.hosts[host] = slices.Delete(all, i, i+1)
}
