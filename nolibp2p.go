//go:build nolibp2p

package ropewalk

import (
	"errors"

	"github.com/ropewalk/ropewalk/link"
)

// errNoLibP2P is what Start says in a program built with the tag nolibp2p.
var errNoLibP2P = errors.New("ropewalk: built without libp2p (tag nolibp2p): want Config.Transports")

// defaultTransports: none was built in.
func (n *Node) defaultTransports([]link.Protocol) ([]Transport, error) { return nil, errNoLibP2P }
