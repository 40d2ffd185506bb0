package devp2p

import (
	"io"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// startRope starts a node of ours that listens on RLPx alone.
func startRope(t *testing.T, protocols ...ropewalk.Protocol) *ropewalk.Node {
	t.Helper()
	return startWith(t, ropewalk.Config{}, protocols...)
}

// startWith is startRope with something else in the configuration.
func startWith(t *testing.T, cfg ropewalk.Config, protocols ...ropewalk.Protocol) *ropewalk.Node {
	t.Helper()
	cfg.Localnet = true
	cfg.Listen.LibP2P = []string{}
	cfg.Session.Outbound = -1
	return rig.Start(t, cfg, protocols...)
}

// startGeth starts go-ethereum's server without discovery.
func startGeth(t *testing.T, protocols ...p2p.Protocol) *p2p.Server {
	t.Helper()
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	s := &p2p.Server{Config: p2p.Config{
		PrivateKey: key, MaxPeers: 16, NoDiscovery: true, Name: "geth-side", ListenAddr: "127.0.0.1:0",
		Protocols: protocols, Logger: log.NewLogger(log.DiscardHandler()),
	}}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// enodeOf is a server's address as others dial it.
func enodeOf(s *p2p.Server) string {
	n := s.Self()
	return enode.NewV4(n.Pubkey(), n.IP(), n.TCP(), 0).URLv4()
}

// parsed is one of our nodes as go-ethereum dials it.
func parsed(t *testing.T, n *ropewalk.Node) *enode.Node {
	t.Helper()
	out, err := enode.ParseV4(n.Info().Enode)
	if err != nil {
		t.Fatalf("%q: %v", n.Info().Enode, err)
	}
	return out
}

// answer is a Run of go-ethereum that answers each message with itself.
func answer(_ *p2p.Peer, rw p2p.MsgReadWriter) error {
	for {
		m, err := rw.ReadMsg()
		if err != nil {
			return err
		}
		body, err := io.ReadAll(m.Payload)
		if err != nil {
			return err
		}
		if err := rw.WriteMsg(p2p.Msg{Code: m.Code, Size: uint32(len(body)), Payload: reader(body)}); err != nil {
			return err
		}
	}
}

// answerRope is the same for a node of ours.
func answerRope(_ *ropewalk.Peer, rw ropewalk.MsgReadWriter) error {
	for {
		m, err := rw.ReadMsg()
		if err != nil {
			return err
		}
		body, err := io.ReadAll(m.Payload)
		if err != nil {
			return err
		}
		if err := rw.WriteMsg(ropewalk.Msg{Code: m.Code, Size: uint32(len(body)), Payload: reader(body)}); err != nil {
			return err
		}
	}
}
