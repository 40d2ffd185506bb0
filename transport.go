package ropewalk

import (
	"context"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Transport makes links of one kind. link/libp2p, link/rlpx and link/mem have one. One
// that has the method SetProtocols([]link.Protocol) is told the node's protocols at
// its start; any other must have been made with node.Protocols.
type Transport interface {
	Kind() link.Kind
	// Listen opens every listener.
	Listen() error
	// Addrs are where others can dial, with the node's own peer ID.
	Addrs() []link.Addr
	// Accept waits for the next finished inbound link. After Close it fails.
	Accept() (link.Link, error)
	// Dial makes a link; the context bounds the whole of it.
	Dial(ctx context.Context, t id.Ticket, to link.Addr) (link.Link, error)
	// Close ends every link and waits. It may be called twice.
	Close() error
}
