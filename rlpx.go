package ropewalk

import (
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// fromOutside takes an event of what runs beside the loop into the one stream.
func (n *Node) fromOutside(_ time.Time, e trace.Event) {
	n.post(input{fn: func(now time.Time) { n.onEvent(now, e) }})
}

// kinds are the kinds of link this node can dial.
func (n *Node) kinds() (out []link.Kind) {
	if n.cfg.Transports == nil {
		return defaultKinds
	}
	for _, t := range n.cfg.Transports {
		out = append(out, t.Kind())
	}
	return out
}

// rlpxAt is the best address of the RLPx link: the one that the record names, else the
// nearest of those that the machine has.
func (n *Node) rlpxAt() (best link.Addr, ok bool) {
	if r, err := enr.Parse(n.Record()); err == nil {
		for _, a := range link.RecordAddrs(r) {
			if a.Kind() == link.RLPx {
				return a, true
			}
		}
	}
	for _, a := range n.addrs() {
		if a.Kind() == link.RLPx && !a.IP().IsUnspecified() && (!ok || best.IsLoopback() && !a.IsLoopback()) {
			best, ok = a, true
		}
	}
	return best, ok
}

// place is where an address leads, without who is there: the host and port of RLPx, a
// multiaddr of others.
func place(a link.Addr) string {
	if _, at, ok := strings.Cut(a.String(), "@"); ok && a.Kind() == link.RLPx {
		at, _, _ = strings.Cut(at, "?")
		return at
	}
	return a.Bare().String()
}
