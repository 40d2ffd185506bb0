package node

import (
	"errors"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/session"
	"github.com/ropewalk/ropewalk/trace"
)

// Disturbed: the world says that something has happened to the machine we run on.
// Links may be dead that look alive, so that every peer is asked at once, and hosts
// may have failed for a reason of ours.
func (n *Node) Disturbed(now time.Time, why session.Disturbance) {
	n.begin(now)
	n.pulse.Disturbed(now)
	n.session.Disturbed(now, why)
	n.settle()
}

// ClockJumped: the wall clock has been set by so much. Nothing in the node waits by
// the wall clock, so that there is nothing to do; who looks for the reason of odd
// times finds it.
func (n *Node) ClockJumped(now time.Time, by time.Duration) {
	n.trace.Emit(now, trace.Event{Strand: "node", Kind: "clock_jumped", N: by.Milliseconds()})
}

// broke tells whether a link ended without anybody meaning it.
func broke(why error) bool {
	var closed *link.Closed
	if !errors.As(why, &closed) {
		return true
	}
	return closed.Reason == link.NetworkError || closed.Reason == link.Timeout
}

// ipOf is where a peer is; invalid when it is behind a relay, or unknown.
func ipOf(p *peer.Peer) netip.Addr {
	info := p.Info()
	if info.Via {
		return netip.Addr{}
	}
	return info.Addr.IP()
}
