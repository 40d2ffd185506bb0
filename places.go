package ropewalk

import (
	"fmt"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/session"
)

// What a node may have places for, and how many of them it dials.
const (
	outboundMax      = session.OutboundMax
	inboundMax       = 4096
	dialRatioDefault = 3 // as nodes of devp2p: a third
)

// fillPlaces divides MaxPeers between those whom we dial and those who dial us, as far
// as the user has not. A profile that dials nobody goes on to dial nobody.
func (s *SessionConfig) fillPlaces(p profile) {
	if s.MaxPeers == 0 {
		return
	}
	if s.Outbound == 0 {
		s.Outbound = min(max(s.MaxPeers/or(s.DialRatio, dialRatioDefault), 1), s.MaxPeers-max(s.Inbound, 0), outboundMax)
		if p.outbound < 0 || s.Outbound == 0 {
			s.Outbound = -1
		}
	}
	if s.Inbound == 0 {
		s.Inbound = min(s.MaxPeers-max(s.Outbound, 0), inboundMax)
		if s.Inbound == 0 {
			s.Inbound = -1
		}
	}
}

// Places is how many links a node of this configuration works for and takes in.
func (c Config) Places() Places {
	c.fill()
	return Places{Outbound: max(c.Session.Outbound, 0), Inbound: max(c.Session.Inbound, 0)}
}

// places checks what limits links, each and together.
func (v *validator) places(s SessionConfig) {
	v.within("session.outbound", s.Outbound, -1, outboundMax)
	v.within("session.inbound", s.Inbound, -1, inboundMax)
	v.within("session.max_peers", s.MaxPeers, 0, outboundMax+inboundMax)
	v.within("session.dial_ratio", s.DialRatio, 0, outboundMax+inboundMax)
	say := func(field string, value any, allowed string, with ...any) {
		v.bad = append(v.bad, FieldError{field, fmt.Sprint(value), fmt.Sprintf(allowed, with...)})
	}
	out, in := max(s.Outbound, 0), max(s.Inbound, 0)
	switch {
	case s.MaxPeers <= 0: // nothing to divide
	case out > s.MaxPeers:
		say("session.outbound", out, "at most session.max_peers = %d", s.MaxPeers)
	case in > s.MaxPeers:
		say("session.inbound", in, "at most session.max_peers = %d", s.MaxPeers)
	case out+in > s.MaxPeers:
		say("session.inbound", in, "at most %d, for session.outbound = %d and session.max_peers = %d", s.MaxPeers-out, out, s.MaxPeers)
	case untrusted(s) > s.MaxPeers:
		say("session.peers", fmt.Sprintf("%d that are not trusted", untrusted(s)), "at most session.max_peers = %d", s.MaxPeers)
	}
}

// untrusted counts the kept peers that limits bind.
func untrusted(s SessionConfig) (n int) {
	for _, text := range s.Peers {
		addrs, err := dialAddrs(text)
		if err == nil && !s.trusts(addrs[0]) {
			n++
		}
	}
	return n
}

func (s SessionConfig) trusts(a link.Addr) bool {
	for _, text := range s.Trusted {
		if who, ok := whoIs(text); ok && who == a.ID() {
			return true
		}
	}
	return false
}

func (v *validator) trusted(list []string) {
	for _, text := range list {
		_, ok := whoIs(text)
		v.check(ok, "session.trusted", text, "node IDs, peer IDs, records (enr:…), or addresses that name their peer")
	}
	if len(list) > session.TrustedMax {
		v.bad = append(v.bad, FieldError{"session.trusted", fmt.Sprintf("%d peers", len(list)), fmt.Sprintf("at most %d", session.TrustedMax)})
	}
}

// restriction checks the networks, and that whom the user names lives in one.
func (v *validator) restriction(s SessionConfig) {
	r, err := link.ParseRestriction(s.NetRestrict)
	if err != nil || len(s.NetRestrict) > restrictMax {
		v.check(false, "session.net_restrict", fmt.Sprint(s.NetRestrict), fmt.Sprintf("at most %d networks such as 10.0.0.0/8 or 2001:db8::/32", restrictMax))
		return
	}
	for _, list := range []struct {
		field string
		texts []string
	}{{"session.peers", s.Peers}, {"session.seeds", s.Seeds}} {
		for _, text := range list.texts {
			addrs, err := dialAddrs(text)
			v.check(err != nil || r.AllowsAddr(addrs[0]), list.field, text, "addresses within session.net_restrict")
		}
	}
}

// restrictMax bounds the networks of a restriction, our choice: each is looked at for
// every address.
const restrictMax = 64
