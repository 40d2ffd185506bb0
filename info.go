package ropewalk

import (
	"context"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// Info says who the node is and where it listens.
func (n *Node) Info() Info {
	info := Info{ID: n.key.ID(), PeerID: n.key.Public().PeerID().String(), LibP2P: []string{}, Content: n.Networks(), Version: Version(), Profile: n.cfg.Profile, Network: n.cfg.Network}
	if text := n.record.Load(); text != nil {
		info.ENR = *text
	}
	n.mu.Lock()
	info.RPC, info.Dnet = n.rpc, n.dnet
	up := n.state == running
	if up {
		info.Uptime = time.Since(n.started).Seconds()
	}
	n.mu.Unlock()
	if d := n.datagrams.Load(); d != nil {
		info.UDP = d.socket.LocalAddr().String()
	}
	if up {
		info.Protocols = n.runs.NodeInfo()
		for _, t := range n.transportList() {
			if t.Kind() == link.RLPx {
				if a, ok := n.rlpxAt(); ok && len(t.Addrs()) > 0 {
					info.Enode, info.RLPx = a.String(), place(a)
				}
				continue
			}
			for _, a := range t.Addrs() {
				info.LibP2P = append(info.LibP2P, a.String())
			}
		}
	}
	return info
}

// Record is the node's own record; empty before Start.
func (n *Node) Record() string {
	if text := n.record.Load(); text != nil {
		return *text
	}
	return ""
}

// healthWithin bounds how long the loop may take to answer a health check.
const healthWithin = 2 * time.Second

// Health asks the loop whether it still turns and the parts whether they work.
func (n *Node) Health() Health {
	ctx, cancel := context.WithTimeout(context.Background(), healthWithin)
	defer cancel()
	sessions, err := n.sessions(ctx)
	h := Health{OK: err == nil, Checks: []Check{{Name: "loop", OK: err == nil, Detail: detail(err, "turns")}}}
	if err == nil {
		for _, t := range n.transportList() {
			h.Checks = append(h.Checks, n.listens(t))
		}
	}
	h.Checks = append(h.Checks, Check{Name: "peers", OK: true, Detail: fmt.Sprintf("%d connected", len(sessions))})
	if n.store != nil {
		h.Checks = append(h.Checks, n.storeCheck())
	}
	for _, c := range h.Checks {
		h.OK = h.OK && c.OK
	}
	return h
}

// listens checks that a link that should be reachable has an address.
func (n *Node) listens(t Transport) Check {
	c := Check{Name: "listen"}
	asked := len(n.cfg.Listen.LibP2P) > 0
	if t.Kind() == link.RLPx {
		c.Name, asked = "rlpx", len(n.cfg.Listen.RLPx) > 0
	}
	count := len(t.Addrs())
	asked = asked && !n.routes.All() // then only onion services are told of
	c.OK, c.Detail = count > 0 || !asked, fmt.Sprintf("addresses: %d", count)
	return c
}

func detail(err error, otherwise string) string {
	if err != nil {
		return err.Error()
	}
	return otherwise
}
