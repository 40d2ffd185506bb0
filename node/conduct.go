package node

import (
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/session"
)

// witness tells the session manager how peers have done.
type witness struct{ n *Node }

// Conduct is what the other strands know of a peer: its round trip, and when it was the
// first to tell us a message or a line. Content is nobody's yet.
func (w witness) Conduct(who id.ID) session.Conduct {
	p, ok := w.n.peers.ByID(who)
	if !ok {
		return session.Conduct{}
	}
	useful, _ := w.n.useful.Get(who)
	return session.Conduct{RTT: w.n.rtt(p), Useful: useful}
}

// told notes that a peer was the first to tell us something.
func (n *Node) told(by id.ID) {
	if _, ok := n.peers.ByID(by); ok {
		n.useful.Put(by, n.now)
	}
}
