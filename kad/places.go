package kad

import (
	"encoding/binary"
	"net/netip"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
)

// place is a host or a network whose nodes are counted: the leading bits of an address.
type place struct {
	bits  uint64
	width uint8 // how many bits; +128 for IPv6; 0: none
}

// places are those of one record, for each of its two addresses.
type places struct{ host, net [2]place }

// placesOf works out whom a record is counted with. Addresses of a local network are not
// counted in one, or no test network would run on one machine.
func placesOf(r *enr.Record, localnet bool) (p places) {
	for i := range 2 {
		at := endpoint(r, i == 1)
		if !at.IsValid() {
			continue
		}
		ip := at.Addr().Unmap()
		if localnet {
			if _, special := link.Special(ip); special {
				continue
			}
		}
		p.host[i], p.net[i] = placeOf(ip)
	}
	return p
}

func placeOf(ip netip.Addr) (host, net place) {
	if ip.Is4() {
		b := ip.As4()
		bits := uint64(binary.BigEndian.Uint32(b[:]))
		return place{bits, 32}, place{bits >> 8, 24}
	}
	b := ip.As16()
	bits := binary.BigEndian.Uint64(b[:])
	return place{bits, 128 + 64}, place{bits >> 16, 128 + 48}
}

// census counts nodes by place.
type census map[place]int

func (c census) count(p places, by int) {
	for i := range 2 {
		for _, at := range [...]place{p.host[i], p.net[i]} {
			if at.width == 0 {
				continue
			}
			if c[at] += by; c[at] == 0 {
				delete(c, at)
			}
		}
	}
}

// room tells whether one more node fits, with so many for a host and for a network.
func (c census) room(p places, host, net int) bool {
	for i := range 2 {
		if p.host[i].width != 0 && (c[p.host[i]] >= host || c[p.net[i]] >= net) {
			return false
		}
	}
	return true
}

// shares tells whether two nodes are of one network.
func (p places) shares(q places) bool {
	for i := range 2 {
		if p.net[i].width != 0 && (p.net[i] == q.net[0] || p.net[i] == q.net[1]) {
			return true
		}
	}
	return false
}
