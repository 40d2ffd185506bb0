package api

import (
	"context"
	"net/netip"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// overlay is a node's part in a content network, as *ropewalk.Overlay has it.
type overlay interface {
	Ping(ctx context.Context, record string, kind int, payload []byte) (ropewalk.OverlayPong, error)
	FindNodes(ctx context.Context, record string, distances []uint16) ([]string, error)
	FindContent(ctx context.Context, record string, key []byte) (ropewalk.Found, error)
	Offer(ctx context.Context, record string, items []ropewalk.Item) ([]byte, error)
	Lookup(ctx context.Context, target id.ID) ([]string, error)
	Get(ctx context.Context, key []byte) (ropewalk.Found, error)
	Trace(ctx context.Context, key []byte) (ropewalk.Found, error)
	Share(ctx context.Context, key, value []byte) (ropewalk.Spread, error)
	Store(ctx context.Context, key, value []byte) error
	Local(ctx context.Context, key []byte) ([]byte, error)
	Page(ctx context.Context, offset, limit int) (keys [][]byte, total int, err error)
	GetRecord(ctx context.Context, who id.ID) (string, error)
	LookupRecord(ctx context.Context, who id.ID) (string, error)
	AddRecord(ctx context.Context, record string) (bool, error)
	DeleteRecord(ctx context.Context, who id.ID) (bool, error)
	Radius(ctx context.Context) (id.ID, error)
	Table(ctx context.Context) (ropewalk.Table, error)
}

// discovery is a node's part in discv5, as *ropewalk.Discovery has it.
type discovery interface {
	Ping(ctx context.Context, record string) (ropewalk.DiscoveryPong, error)
	FindNode(ctx context.Context, record string, distances []uint16) ([]string, error)
	Talk(ctx context.Context, record string, protocol, body []byte) ([]byte, error)
	Lookup(ctx context.Context, target id.ID) ([]string, error)
	GetRecord(ctx context.Context, who id.ID) (string, error)
	LookupRecord(ctx context.Context, who id.ID) (string, error)
	AddRecord(ctx context.Context, record string) (bool, error)
	DeleteRecord(ctx context.Context, who id.ID) (bool, error)
	Nodes(ctx context.Context) ([]ropewalk.Discovered, error)
	Table(ctx context.Context) (ropewalk.Table, error)
	State(ctx context.Context, at netip.AddrPort, tcp bool) error
}

var (
	_ overlay   = (*ropewalk.Overlay)(nil)
	_ discovery = (*ropewalk.Discovery)(nil)
)

// strands are those of a node behind interfaces, so that tests can stand in for them.
type strands interface {
	overlay(name string) (overlay, error)
	discv5() discovery
}

// strandsOf are the strands of a node, or what a test puts in their place.
func strandsOf(n Node) strands {
	if s, ok := n.(strands); ok {
		return s
	}
	return nodeStrands{n}
}

type nodeStrands struct{ n Node }

func (s nodeStrands) overlay(name string) (overlay, error) {
	o, err := s.n.Network(name)
	if err != nil {
		return nil, err
	}
	return o, nil
}

func (s nodeStrands) discv5() discovery { return s.n.Discovery() }
