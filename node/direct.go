package node

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/session"
)

// SetDirect makes a peer a direct one of gossip, or an ordinary one again: it always
// gets our messages and is always heard. We dial it when it is missing and we know
// where it is.
func (n *Node) SetDirect(now time.Time, who id.ID, direct bool) {
	n.begin(now)
	n.gossip.SetDirect(now, who, direct)
	if use, ok := n.held.Get(who); ok && !direct {
		n.held.Delete(who)
		n.session.Release(now, who, use)
	}
	n.settle()
}

// Direct lists the direct peers of gossip, connected or not.
func (n *Node) Direct() []id.ID { return n.gossip.Direct() }

// missed has direct peers dialled that the router misses. Nobody waits for the
// outcome: the router asks again.
func (n *Node) missed(who []id.ID) {
	for _, w := range who {
		h, ok := n.book.Get(w)
		if !ok {
			continue
		}
		if to, ok := n.book.Addr(h, h.Tries); ok {
			// Refused while stopped, banned or busy: all of them pass or are meant.
			_ = n.session.Connect(n.now, id.Ticket{Owner: ownGossip}, to)
		}
	}
}

// hold keeps one use of the link with a direct peer of gossip until it is none any more;
// the router itself waits for no answer.
func (n *Node) hold(a session.Answer) {
	if a.Err != nil {
		return
	}
	if n.held.Has(a.ID) || !slices.Contains(n.gossip.Direct(), a.ID) {
		n.session.Release(n.now, a.ID, a.Use)
		return
	}
	n.held.Put(a.ID, a.Use)
}
