package vote

import (
	"net/netip"
	"time"
)

// Source says on whose word an address is ours.
type Source string

// The sources, the strongest first.
const (
	Static Source = "static" // the operator's
	Mapped Source = "mapped" // the router's, which forwards a port to us
	Voted  Source = "voted"  // that of remotes
)

// Address is where the world sees us. Port is 0 unless votes agree on it too.
type Address struct {
	IP   netip.Addr
	Port uint16
	By   Source
}

// Poll is all that is said of our addresses. Its zero value is that of a public node
// of which nothing is known. It is a plain value for one goroutine.
type Poll struct {
	// Localnet lets loopback and private addresses count. It must not change.
	Localnet bool

	v4, v6 side
}

func (p *Poll) side(v6 bool) *side {
	if v6 {
		return &p.v6
	}
	return &p.v4
}

// Fix takes the operator's word for the address of its family. An invalid address
// changes nothing.
func (p *Poll) Fix(ip netip.Addr) {
	if ip = ip.Unmap(); ip.IsValid() {
		p.side(ip.Is6()).static = ip
	}
}

// Map takes a router's word for our IPv4 address; an invalid address takes it back.
// One that no public node has, as that of a router behind another, counts as none.
func (p *Poll) Map(ip netip.Addr) {
	if ip = ip.Unmap(); !ip.IsValid() || !ip.Is4() || !place(ip, p.Localnet) {
		ip = netip.Addr{}
	}
	p.v4.mapped = ip
}

// Add counts statements, together, and tells how many count. Saying one again makes
// it count for longer.
func (p *Poll) Add(now time.Time, all ...Statement) (n int) {
	for _, s := range all {
		if s, ok := s.plain(p.Localnet); ok {
			p.side(s.From.Is6()).add(now, group(s.From, p.Localnet), s.Saw)
			n++
		}
	}
	p.v4.judge(now)
	p.v6.judge(now)
	return n
}

// Contact notes that somebody dialled us from an address: whoever is out there
// reaches us at the address of its family.
func (p *Poll) Contact(now time.Time, from netip.Addr) {
	from = from.Unmap()
	if from.IsValid() && place(from, p.Localnet) {
		p.side(from.Is6()).met = now
	}
}

// Adopted is where the world sees us by IPv4 or IPv6; ok is false while that is not
// known.
func (p *Poll) Adopted(v6 bool) (a Address, ok bool) {
	d := p.side(v6)
	switch {
	case d.static.IsValid():
		return Address{IP: d.static, By: Static}, true
	case d.mapped.IsValid():
		return Address{IP: d.mapped, By: Mapped}, true
	case d.won.IsValid():
		return Address{IP: d.won, Port: d.port(), By: Voted}, true
	}
	return Address{}, false
}

// Advance forgets old statements and revokes what nobody reached us at.
func (p *Poll) Advance(now time.Time) {
	for _, d := range []*side{&p.v4, &p.v6} {
		d.judge(now)
		if !p.Localnet {
			d.revoke(now)
			d.rest(now)
		}
	}
}

// Standing tells whether strangers may be told that we are at an address: the
// operator, a router or votes say so; or we say it ourselves, as of an interface's, and
// somebody has reached us since, or may still try.
func (p *Poll) Standing(now time.Time, ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsValid() || !place(ip, p.Localnet) {
		return false
	}
	d := p.side(ip.Is6())
	if p.Localnet || ip == d.static || ip == d.mapped || ip == d.won {
		return true
	}
	d.try(now, ip)
	return !d.quiet
}

// Deadline is the next moment at which Advance matters; zero for none.
func (p *Poll) Deadline() time.Time {
	a, b := p.v4.deadline(p.Localnet), p.v6.deadline(p.Localnet)
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
