package ropewalk

import (
	"context"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/peer/msgrw"
)

// Handle adds a protocol, before Start. It runs on every kind of link. The error is
// ErrStarted, ErrClosed, or wraps ErrProtocol and says what is wrong with it.
func (n *Node) Handle(p Protocol) error {
	<-n.life
	defer n.letGo()
	switch n.is() {
	case running, stopped:
		return ErrStarted
	case closed:
		return ErrClosed
	}
	if err := p.Check(n.machine.Protocols()); err != nil {
		return err
	}
	if err := n.machine.Handle(node.Handler{Protocol: p.Link(), Handler: n.runs.Handler(p), Attributes: p.Attributes}); err != nil {
		n.runs.Withdraw()
		return fmt.Errorf("%w %.16q/%d: %w", ErrProtocol, p.Name, p.Version, err)
	}
	return nil
}

// hubConfig ties the user's protocols to the node.
func (n *Node) hubConfig() msgrw.Config {
	return msgrw.Config{
		Post:    func(f func(now time.Time)) bool { return n.post(input{asked: true, fn: f}) },
		Gate:    n.gateOf,
		Memory:  n.memoryOf,
		Share:   n.share,
		Own:     node.LaneUser,
		Log:     n.log,
		Trace:   n.onEvent,
		Watched: func() bool { return n.watched(msgrw.Strand) },
	}
}

// Peers describes the connected peers that have protocols of Handle, with what each
// protocol's PeerInfo says.
func (n *Node) Peers(ctx context.Context) ([]*PeerInfo, error) {
	list, err := ask(ctx, n, func(_ time.Time, reply func([]*Peer, error)) { reply(n.runs.Peers(), nil) })
	out := make([]*PeerInfo, 0, len(list))
	for _, p := range list {
		out = append(out, p.Info())
	}
	return out, err
}

// Protocols tells what was counted of each protocol of Handle, in their order.
func (n *Node) Protocols(ctx context.Context) ([]ProtocolStats, error) {
	return ask(ctx, n, func(_ time.Time, reply func([]ProtocolStats, error)) { reply(n.runs.Stats(), nil) })
}
