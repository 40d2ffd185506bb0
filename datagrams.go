package ropewalk

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/utp"
)

// datagrams is the socket of discv5.
type datagrams struct {
	conn *net.UDPConn
}

// packetMax is discv5's longest packet (specification, "Packet Encoding").
const packetMax = 1280

// openDatagrams opens the socket, where the node has one.
func (n *Node) openDatagrams() error {
	if n.cfg.Listen.UDP == off {
		return nil
	}
	at, err := rlpxAddr(n.cfg.Listen.UDP)
	if err != nil {
		return err
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return &ErrListen{Field: "listen.udp", Addr: n.cfg.Listen.UDP, Err: err}
	}
	n.datagrams.Store(&datagrams{conn: conn})
	return nil
}

// at is where the socket listens.
func (d *datagrams) at() netip.AddrPort {
	a := d.conn.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// readPackets hands what comes to the loop until the socket is closed.
func (n *Node) readPackets(d *datagrams) error {
	buf := make([]byte, 2*packetMax)
	for {
		size, from, err := d.conn.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil || size > packetMax {
			continue // such as what ICMP says of an earlier packet
		}
		data := append([]byte(nil), buf[:size]...)
		if !n.post(input{fn: func(now time.Time) {
			n.machine.Packet(now, netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), data)
		}}) {
			return nil
		}
	}
}

// sendPackets writes what the machine has for the network. What cannot be sent is lost.
func (n *Node) sendPackets(packets []node.Packet) {
	d := n.datagrams.Load()
	if d == nil {
		return
	}
	for _, p := range packets {
		_, _ = d.conn.WriteToUDPAddrPort(p.Data, p.To)
	}
}

func (n *Node) closeDatagrams() error {
	if d := n.datagrams.Swap(nil); d != nil {
		return d.conn.Close()
	}
	return nil
}

// discoveryConfig says what the machine needs for discv5 and content; nothing where there
// is no socket.
func (n *Node) discoveryConfig(into *node.Config) error {
	if n.cfg.Listen.UDP == off {
		return nil
	}
	d := &discv5.Config{}
	if _, err := rand.Read(d.Seed[:]); err != nil {
		return err
	}
	for _, text := range n.cfg.Session.Bootnodes {
		r, err := enr.Parse(text)
		if err != nil {
			return fmt.Errorf("bootnode: %w", err)
		}
		d.Bootnodes = append(d.Bootnodes, r)
	}
	into.Discovery, into.Streams = d, utp.Config{}
	radius, err := radiusOf(n.cfg.Overlay.Radius)
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(n.cfg.Overlay.Networks) {
		network, err := n.contentNetwork(name)
		if err != nil {
			return err
		}
		into.Overlays = append(into.Overlays, portal.Config{Network: network, Radius: radius, Client: n.cfg.Agent})
	}
	return nil
}
