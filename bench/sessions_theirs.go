package main

import (
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
)

// gethPeersMax is what go-ethereum's node has by default, a third of which it dials.
const gethPeersMax = 50

// gether is go-ethereum's server with the defaults of its node: both discoveries, and
// one protocol that does nothing, because peers that share none part.
type gether struct{ s *p2p.Server }

func newGether(known string) (dweller, string, error) {
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, "", err
	}
	s := &p2p.Server{Config: p2p.Config{
		PrivateKey: key, MaxPeers: gethPeersMax, DiscoveryV4: true, DiscoveryV5: true, Name: "theirs", ListenAddr: "127.0.0.1:0",
		Logger: log.NewLogger(log.DiscardHandler()),
		Protocols: []p2p.Protocol{{Name: "idle", Version: 1, Length: 1, Run: func(_ *p2p.Peer, rw p2p.MsgReadWriter) error {
			for {
				m, err := rw.ReadMsg()
				if err != nil {
					return err
				}
				if err := m.Discard(); err != nil {
					return err
				}
			}
		}}},
	}}
	if known != "" {
		boot, err := enode.Parse(enode.ValidSchemes, known)
		if err != nil {
			return nil, "", err
		}
		s.BootstrapNodes, s.BootstrapNodesV5 = []*enode.Node{boot}, []*enode.Node{boot}
	}
	if err := s.Start(); err != nil {
		return nil, "", err
	}
	return &gether{s}, s.Self().String(), nil
}

func (g *gether) name() string { return g.s.Self().ID().String() }
func (g *gether) slots() int   { return gethPeersMax / 3 }
func (g *gether) kill()        { g.s.Stop() }

func (g *gether) links() (out, in []string, err error) {
	for _, p := range g.s.PeersInfo() {
		if p.Network.Inbound {
			in = append(in, p.ID)
		} else {
			out = append(out, p.ID)
		}
	}
	return out, in, nil
}
