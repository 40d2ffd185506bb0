package node

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
)

// ErrStatement is of an endpoint that a record of ours cannot state.
var ErrStatement = errors.New("node: not an endpoint for the record")

// stated is where the user says that we are, over everything that says so otherwise: one
// address of each family, with the ports that were named.
type stated struct{ v4, v6 statement }

type statement struct {
	ip       netip.Addr
	udp, tcp uint16 // of discv5 and of RLPx; 0: as it is without
}

// State has our record say that we are at an endpoint, for discv5's packets or, with tcp,
// for links over RLPx, whatever others see or the router says: until the node ends. The
// record is signed anew under the next number. The error is ErrStatement: for what is no
// address of a host, for a private one outside a local network, and for links where none
// are taken.
func (n *Node) State(now time.Time, at netip.AddrPort, tcp bool) error {
	ip := at.Addr().Unmap()
	special, is := link.Special(ip)
	switch {
	case !ip.IsValid(), at.Port() == 0, ip.Zone() != "", ip.IsUnspecified(), ip.IsMulticast():
		return fmt.Errorf("%w: %s", ErrStatement, at)
	case is && (!n.cfg.Localnet || worth(ip) == 2):
		return fmt.Errorf("%w: %s is %v", ErrStatement, ip, special)
	case tcp && (n.record == nil || n.record.TCP(ip.Is6()) == 0):
		return fmt.Errorf("%w: no links over RLPx are taken there", ErrStatement)
	}
	old := n.stated
	s := &n.stated.v4
	if ip.Is6() {
		s = &n.stated.v6
	}
	if s.ip = ip; tcp {
		s.tcp = at.Port()
	} else {
		s.udp = at.Port()
	}
	err := n.SetAddrs(now, n.given)
	if err != nil {
		n.stated = old
	}
	return err
}

// state puts into a record what the user says.
func (s stated) state(b *enr.Builder) {
	put := func(s statement, ip *netip.Addr, udp, tcp *uint16) {
		if !s.ip.IsValid() {
			return
		}
		*ip = s.ip
		if s.udp != 0 {
			*udp = s.udp
		}
		if s.tcp != 0 && *tcp != 0 {
			*tcp = s.tcp
		}
	}
	put(s.v4, &b.IP, &b.UDP, &b.TCP)
	put(s.v6, &b.IP6, &b.UDP6, &b.TCP6)
	if b.TCP6 == b.TCP {
		b.TCP6 = 0
	}
}
