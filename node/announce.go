package node

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

// recordFile holds the node's own record in the data folder, for its number.
const recordFile = "record"

// loadRecord takes the record of an earlier run, whose number the next one goes on from.
// One that is not ours, or cannot be read, is as good as none: numbers begin with the
// clock, which is past those of a file that was lost.
func (n *Node) loadRecord(now time.Time, saved []byte) {
	r, err := enr.Parse(strings.TrimSpace(string(saved)))
	switch {
	case err != nil:
	case r.ID() != n.self:
		err = errors.New("the record of another node")
	case r.Seq() > math.MaxInt64:
		err = errors.New("a number that leaves no room for others")
	default:
		n.signed = r
		return
	}
	n.trace.Emit(now, trace.Event{Strand: "node", Kind: "load_failed", Err: err.Error()})
}

// SetAddrs says where others can dial us. The record is signed anew when that changes
// it, under a number that only ever grows: Unix milliseconds, or one more than the last
// where the clock is behind that (EIP-778 asks for a growing number alone; nodes that
// know a record ignore every other of a number as low). It is saved each time. An error
// wraps enr.ErrTooLarge when the entries do not fit a record. But in a local network
// private addresses stay out of it.
func (n *Node) SetAddrs(now time.Time, addrs []link.Addr) error {
	n.begin(now)
	n.given = slices.Clone(addrs)
	if !n.cfg.Localnet {
		addrs = slices.DeleteFunc(slices.Clone(addrs), link.Addr.IsLocal)
	}
	b := recordOf(n.cfg.Network, addrs)
	n.listenUDP(&b)
	b.Extra = n.extra()
	b.Seq = uint64(now.UnixMilli())
	if b.Rope.Onion != (enr.Onion{}) { // stays out when what protocols add leaves no room
		if _, err := b.Sign(n.cfg.Key); errors.Is(err, enr.ErrTooLarge) {
			b.Rope.Onion = enr.Onion{}
		}
	}
	r := n.signed
	if r != nil {
		b.Seq = max(b.Seq, r.Seq()+1)
	}
	switch {
	case r != nil && same(r, b) && r == n.record:
		return nil
	case r == nil || !same(r, b):
		var err error
		if r, err = b.Sign(n.cfg.Key); err != nil {
			return fmt.Errorf("node: record: %w", err)
		}
		n.signed = r
		n.out.Saves = append(n.out.Saves, work.Save{File: recordFile, Data: []byte(r.String() + "\n")})
	}
	n.record = r
	n.trace.Emit(now, trace.Event{Strand: "node", Kind: "record", N: int64(r.Seq())})
	n.places, n.hidden = nil, false
	for _, a := range link.RecordAddrs(r) {
		switch {
		case !a.IP().IsValid():
			n.hidden = true
		case !slices.Contains(n.places, a.IP()):
			n.places = append(n.places, a.IP())
		}
	}
	n.tell(now)
	if n.discovery != nil {
		n.discoveryNews(n.discovery.SetRecord(now, r))
		for _, o := range n.overlays {
			n.overlayNews(o, o.SetRecord(now, r))
		}
	}
	n.settle()
	return nil
}

// SetUDP says at which addresses discv5 takes packets; the next SetAddrs puts that into
// the record.
func (n *Node) SetUDP(at []netip.AddrPort) { n.udp = slices.Clone(at) }

// listenUDP adds to a record where discv5 takes packets: at the record's addresses, or,
// when it has none, at its own; and where the user says that we are.
func (n *Node) listenUDP(b *enr.Builder) {
	for _, a := range n.udp {
		ip := a.Addr().Unmap()
		if !n.cfg.Localnet && worth(ip) < 2 {
			continue
		}
		own, port := &b.IP, &b.UDP
		if ip.Is6() {
			own, port = &b.IP6, &b.UDP6
		}
		if !own.IsValid() {
			*own = ip
		}
		if *port == 0 {
			*port = a.Port()
		}
	}
	n.stated.state(b)
	if b.IP.IsValid() && b.UDP6 == b.UDP {
		b.UDP6 = 0
	}
}

// extra are the record's entries beside those that every node has.
func (n *Node) extra() []enr.Pair { return append(attributes(n.cfg.Handlers), n.portalEntries()...) }

// tell has peers told of our record while strangers can reach us at one of its
// addresses, as far as is known. Without peers nobody is told, and no trial begins.
func (n *Node) tell(now time.Time) {
	if n.record == nil || n.peers.Len() == 0 {
		return
	}
	reached := n.hidden // on the operator's word
	for _, ip := range n.places {
		reached = n.poll.Standing(now, ip) || reached
	}
	if reached {
		n.pex.Own(now, n.record)
	} else {
		n.pex.Own(now, nil)
	}
}
