package node

import "github.com/ropewalk/ropewalk/gossipsub"

// exchanged offers the peers that others recommended to the host book, on the word
// of the network group of who did: the book's filter, its bans and its quota of
// unproven hosts per group decide, and session dials whom it needs. Who has left
// meanwhile has no word.
func (n *Node) exchanged(all []gossipsub.Exchange) {
	for _, x := range all {
		if p, ok := n.peers.ByID(x.From); ok {
			_ = n.book.HearAddrs(n.now, p.Info().Addr.Group(), x.Record.Addrs)
		}
	}
}
