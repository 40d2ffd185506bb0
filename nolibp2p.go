//go:build nolibp2p

package ropewalk

import (
	"context"
	"errors"

	"github.com/ropewalk/ropewalk/link"
)

// errNoLibP2P is what a program built with the tag nolibp2p says where it would need a
// link of its own. The tag leaves RLPx out too: its curve and compressor take memory
// that a node with links in memory has no use for.
var errNoLibP2P = errors.New("ropewalk: built without libp2p and RLPx (tag nolibp2p): want Config.Transports")

// defaultKinds: no link is built in.
var defaultKinds []link.Kind

// defaultTransports: none was built in.
func (n *Node) defaultTransports([]link.Protocol) ([]Transport, error) { return nil, errNoLibP2P }

func visitLibP2P(context.Context, link.Addr, PingOptions, *PingReport) (visit, error) {
	return nil, errNoLibP2P
}

func visitRLPx(context.Context, link.Addr, PingOptions, *PingReport) (visit, error) {
	return nil, errNoLibP2P
}
