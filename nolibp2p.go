//go:build nolibp2p

package ropewalk

import (
	"context"
	"errors"

	"github.com/ropewalk/ropewalk/link"
)

// errNoLibP2P is what a program built with the tag nolibp2p says to libp2p's addresses.
var errNoLibP2P = errors.New("ropewalk: built without libp2p (tag nolibp2p)")

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

func visitLibP2P(context.Context, link.Addr, PingOptions, *PingReport) (visit, error) {
	return nil, errNoLibP2P
}
