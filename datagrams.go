package ropewalk

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/udp"
	"github.com/ropewalk/ropewalk/utp"
)

// datagrams is the socket of discv5.
type datagrams struct {
	socket *udp.Socket
	out    []udp.Packet // the loop's, used again
}

// openDatagrams opens the socket, where the node has one.
func (n *Node) openDatagrams() error {
	if n.cfg.Listen.UDP == off {
		return nil
	}
	at, err := rlpxAddr(n.cfg.Listen.UDP)
	if err != nil {
		return err
	}
	socket, err := udp.Listen(at, udp.Config{})
	if err != nil {
		return &ErrListen{Field: "listen.udp", Addr: n.cfg.Listen.UDP, Err: err}
	}
	n.datagrams.Store(&datagrams{socket: socket})
	return nil
}

// readPackets hands what comes to the loop until the socket is closed. A batch is the
// loop's until it has handled it: when it is behind, the socket waits.
func (n *Node) readPackets(d *datagrams) error {
	for {
		batch, err := d.socket.Read()
		if err != nil {
			return nil // it was closed
		}
		if !n.post(input{fn: func(now time.Time) {
			for _, p := range batch.Packets() {
				n.machine.Packet(now, p.Addr, p.Data)
			}
			batch.Release()
		}}) {
			batch.Release()
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
	d.out = d.out[:0]
	for _, p := range packets {
		d.out = append(d.out, udp.Packet{Addr: p.To, Data: p.Data})
	}
	_, _ = d.socket.Write(d.out) // the socket counts what it could not send
}

func (n *Node) closeDatagrams() error {
	if d := n.datagrams.Swap(nil); d != nil {
		return d.socket.Close()
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
	into.Discovery, into.Streams = d, utp.Config{Upload: int(n.cfg.Overlay.Upload)}
	for _, name := range sortedKeys(n.networks) {
		cfg, err := n.overlayConfig(n.networks[name])
		if err != nil {
			return err
		}
		into.Overlays = append(into.Overlays, cfg)
		if into.Archive == "" && n.cfg.Overlay.Networks[name].Kind == kindBlob && !n.cfg.Chat.NoArchive {
			into.Archive = name
		}
	}
	n.archives = into.Archive != ""
	return nil
}
