package ropewalk

import (
	"net/netip"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/nat"
)

// natMode is how the router is asked for ports.
func (n *Node) natMode() nat.Mode {
	m, err := nat.Parse(n.cfg.Listen.NAT)
	if err != nil || (n.cfg.Localnet || n.routes.All()) && m.Asks() {
		return nat.Mode{Kind: nat.None}
	}
	return m
}

// natPorts are the ports of our listeners that a router can forward to, once they
// listen.
func (n *Node) natPorts() (out []nat.Port) {
	if !n.natMode().Asks() {
		return nil
	}
	for _, t := range n.transportList() {
		for _, a := range t.Addrs() {
			p := nat.Port{Proto: nat.TCP, Num: a.Port()}
			if forwardable(a) && !slices.Contains(out, p) && len(out) < listenMax {
				out = append(out, p)
			}
		}
	}
	if d := n.datagrams.Load(); d != nil {
		if at := d.socket.LocalAddr(); at.Addr().Is4() || at.Addr().IsUnspecified() {
			out = append(out, nat.Port{Proto: nat.UDP, Num: at.Port()})
		}
	}
	return out
}

// mapPorts keeps ports mapped until the node ends. What the router says of our address
// goes to the machine, and the addresses are announced anew.
func (n *Node) mapPorts(ports []nat.Port) {
	nat.Run(n.ctx(), nat.Config{Mode: n.natMode(), Ports: ports, Trace: n.fromOutside, Changed: func(all []nat.Mapping) {
		var ip netip.Addr
		if len(all) > 0 {
			ip = all[0].External.Addr()
		}
		list := n.addrs()
		n.post(input{fn: func(now time.Time) {
			n.mapped = all
			n.machine.SetMapped(now, ip)
			n.announce(now, list)
		}})
	}})
}
