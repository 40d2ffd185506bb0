//go:build nolibp2p

package ropewalk

import "github.com/ropewalk/ropewalk/link"

// defaultKinds are the kinds of link of a node whose user names none.
var defaultKinds = []link.Kind{link.RLPx}

// defaultTransports are the links of a node whose user names none: RLPx alone.
func (n *Node) defaultTransports(protocols []link.Protocol) ([]Transport, error) {
	r, err := n.newRLPx(protocols)
	if err != nil {
		return nil, err
	}
	return []Transport{r}, nil
}
