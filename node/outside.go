package node

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/vote"
)

// outside notes what a new link says of where the world sees us: who we dialled tells
// it, who dialled us shows that it is reachable.
func (n *Node) outside(now time.Time, info link.Info) {
	s := vote.Of(info)
	switch {
	case s.Via:
		return
	case s.Out:
		n.poll.Add(now, s)
	default:
		n.poll.Contact(now, s.From)
	}
	n.external(now)
}

// restate lets the links that are up say again what they said when they came up: a
// remote to which our address changes loses the link.
func (n *Node) restate(now time.Time) {
	var all []vote.Statement
	for _, p := range n.peers.All() {
		if !p.Closing() {
			all = append(all, vote.Of(p.Info()))
		}
	}
	n.poll.Add(now, all...)
	n.poll.Advance(now)
	n.external(now)
	n.tell(now)
}

// external reports where the world sees us when that has changed.
func (n *Node) external(now time.Time) {
	for i, v6 := range []bool{false, true} {
		a, _ := n.poll.Adopted(v6)
		if a == n.seen[i] {
			continue
		}
		e := trace.Event{Strand: "node", Kind: "external", Topic: string(a.By), N: int64(a.Port)}
		if a.IP.IsValid() {
			e.Addr = a.IP.String()
		} else {
			e.Addr, e.Err = n.seen[i].IP.String(), "not known any more"
		}
		n.seen[i] = a
		n.trace.Emit(now, e)
	}
}

// External is where the world sees us by IPv4 or by IPv6.
func (n *Node) External(v6 bool) (vote.Address, bool) { return n.poll.Adopted(v6) }

// SetReaches says anew which addresses a way leads to: see hosts.Book.SetReaches.
func (n *Node) SetReaches(now time.Time, reaches func(link.Addr) bool) {
	n.begin(now)
	n.book.SetReaches(now, reaches)
	n.settle()
}

// SetMapped takes a router's word for our address; an invalid one takes it back.
func (n *Node) SetMapped(now time.Time, ip netip.Addr) {
	n.begin(now)
	n.poll.Map(ip)
	n.external(now)
	n.tell(now)
	n.settle()
}
