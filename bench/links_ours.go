package main

import (
	"bytes"
	"context"
	"io"

	"github.com/ropewalk/ropewalk"
)

// kinds of link for ours.
const (
	overRLPx   = "rlpx"
	overLibP2P = "libp2p"
)

// ropePair is nodesOf for ours, over one kind of link.
func ropePair(kind string, protos ...proto) (nodes, error) {
	a, err := ropeWith(kind, true, protos)
	if err != nil {
		return nodes{}, err
	}
	b, err := ropeWith(kind, false, protos)
	if err != nil {
		return nodes{}, err
	}
	connect := func() error {
		to := b.Info().Enode
		if kind == overLibP2P {
			to = b.Info().LibP2P[0]
		}
		_, err := a.Connect(context.Background(), to)
		return err
	}
	return nodes{connect, func() { a.Close(); b.Close() }}, nil
}

func ropeWith(kind string, dialler bool, protos []proto) (*ropewalk.Node, error) {
	cfg := ropewalk.Config{Localnet: true}
	cfg.Session.Outbound = -1
	cfg.Listen.RLPx, cfg.Listen.LibP2P = []string{}, []string{}
	if kind == overRLPx {
		cfg.Listen.RLPx = []string{"127.0.0.1:0"}
	} else {
		cfg.Listen.LibP2P = []string{"/ip4/127.0.0.1/tcp/0"}
	}
	n, err := ropewalk.New(cfg)
	if err != nil {
		return nil, err
	}
	for _, p := range protos {
		err := n.Handle(ropewalk.Protocol{Name: p.name, Version: 1, Length: codes, Limits: ropewalk.Limits{PayloadBytes: 16<<20 - 1},
			Run: func(_ *ropewalk.Peer, rw ropewalk.MsgReadWriter) error { return p.run(dialler, &ropeConduit{rw: rw}) }})
		if err != nil {
			return nil, err
		}
	}
	return n, n.Start(context.Background())
}

type ropeConduit struct {
	rw   ropewalk.MsgReadWriter
	body bytes.Reader
}

func (c *ropeConduit) write(code uint64, b []byte) error {
	c.body.Reset(b)
	return c.rw.WriteMsg(ropewalk.Msg{Code: code, Size: uint32(len(b)), Payload: &c.body})
}

func (c *ropeConduit) read() (uint64, int, error) {
	m, err := c.rw.ReadMsg()
	if err != nil {
		return 0, 0, err
	}
	n, err := io.Copy(io.Discard, m.Payload)
	return m.Code, int(n), err
}
