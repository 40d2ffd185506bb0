//go:build !nolibp2p

package ropewalk

import (
	"fmt"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/rlpx"
)

// newRLPx makes the link that devp2p nodes speak.
func (n *Node) newRLPx(protocols []link.Protocol) (Transport, error) {
	at, paths, err := rlpxAddrs(n.cfg.Listen.RLPx)
	if err != nil {
		return nil, err
	}
	h := n.cfg.Listen.Handshakes
	t, err := rlpx.New(rlpx.Config{
		Limits: rlpx.Limits{PendingIn: h.Pending, PerIP: h.PerAddress, ThrottleBurst: h.Burst, ThrottleEvery: h.Every},
		Key:    n.key, Protocols: protocols, Network: n.cfg.Network, Listen: at, ListenUnix: paths, Localnet: n.cfg.Localnet,
		Agent: n.cfg.Agent, Gate: n.gate(), Registry: n.metrics.labelled, Trace: n.fromOutside,
		Routes: n.routes, Proxy: n.throughProxy, Hidden: n.cfg.hidden(),
	})
	if err != nil {
		return nil, fmt.Errorf("ropewalk: %w", err)
	}
	return t, nil
}
