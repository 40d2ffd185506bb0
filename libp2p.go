//go:build !nolibp2p

package ropewalk

import (
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/libp2p"
	"github.com/ropewalk/ropewalk/node"
)

// defaultKinds are the kinds of link of a node whose user names none, the better first.
var defaultKinds = []link.Kind{link.LibP2P, link.RLPx}

// defaultTransports are the links of a node whose user names none: libp2p and RLPx.
func (n *Node) defaultTransports(protocols []link.Protocol) ([]Transport, error) {
	r, err := n.newRLPx(protocols)
	if err != nil {
		return nil, err
	}
	l, err := n.newLibP2P(protocols)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return []Transport{l, r}, nil
}

func (n *Node) newLibP2P(protocols []link.Protocol) (Transport, error) {
	p, _ := profileNamed(n.cfg.Profile)
	public := !n.cfg.Localnet
	c := libp2p.Config{
		Key: n.key, Protocols: protocols, Localnet: n.cfg.Localnet, UserAgent: n.cfg.Agent,
		Foreign:    func(streams []string) bool { return node.Foreign(n.cfg.Network, streams) },
		Gate:       n.gate(),
		Trusted:    n.trusted.has,
		NATPortMap: public && n.natMode().Asks(), Relay: public, HolePunch: public, AutoNAT: public,
		Limits:   libp2p.Limits{Inbound: max(1, n.cfg.Session.Inbound), Outbound: outboundMax + 16, MemoryBytes: p.memoryMax, Files: p.fds},
		Registry: n.metrics.registry, Logger: n.log,
		Routes: n.routes, Proxy: n.throughProxy, Hidden: n.cfg.hidden(),
	}
	for _, a := range n.onions() {
		if a.Kind() == link.LibP2P {
			c.Announce = append(c.Announce, a)
		}
	}
	if n.routes.All() {
		for _, text := range n.cfg.Listen.External {
			a, err := link.ParseAddr(text)
			if err != nil {
				return nil, err
			}
			c.Announce = append(c.Announce, a)
		}
	}
	for _, text := range n.cfg.Listen.LibP2P {
		a, err := link.ParseAddr(text)
		if err != nil {
			return nil, err
		}
		c.Listen = append(c.Listen, a)
	}
	t, err := libp2p.New(c)
	if err != nil {
		return nil, fmt.Errorf("ropewalk: %w", err)
	}
	return t, nil
}
