package main

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
)

// gethPair is nodesOf for go-ethereum's server.
func gethPair(protos ...proto) (nodes, error) {
	a, err := gethWith(true, protos)
	if err != nil {
		return nodes{}, err
	}
	b, err := gethWith(false, protos)
	if err != nil {
		return nodes{}, err
	}
	connect := func() error {
		self := b.Self()
		a.AddPeer(enode.NewV4(self.Pubkey(), self.IP(), self.TCP(), 0))
		for end := time.Now().Add(10 * time.Second); a.PeerCount() == 0 || b.PeerCount() == 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				return errors.New("go-ethereum did not connect")
			}
		}
		return nil
	}
	// Its Stop waits for every Run, one that stalls included: the process ends anyway.
	return nodes{connect, func() { go a.Stop(); go b.Stop() }}, nil
}

func gethWith(dialler bool, protos []proto) (*p2p.Server, error) {
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, err
	}
	s := &p2p.Server{Config: p2p.Config{
		PrivateKey: key, MaxPeers: 64, NoDiscovery: true, Name: "theirs", ListenAddr: "127.0.0.1:0", Logger: log.NewLogger(log.DiscardHandler()),
	}}
	for _, p := range protos {
		s.Protocols = append(s.Protocols, p2p.Protocol{Name: p.name, Version: 1, Length: codes,
			Run: func(_ *p2p.Peer, rw p2p.MsgReadWriter) error { return p.run(dialler, &gethConduit{rw: rw}) }})
	}
	return s, s.Start()
}

type gethConduit struct {
	rw   p2p.MsgReadWriter
	body bytes.Reader
}

func (c *gethConduit) write(code uint64, b []byte) error {
	c.body.Reset(b)
	return c.rw.WriteMsg(p2p.Msg{Code: code, Size: uint32(len(b)), Payload: &c.body})
}

func (c *gethConduit) read() (uint64, int, error) {
	m, err := c.rw.ReadMsg()
	if err != nil {
		return 0, 0, err
	}
	n, err := io.Copy(io.Discard, m.Payload)
	return m.Code, int(n), err
}
