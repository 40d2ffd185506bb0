package discv5

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// startRope starts a node of ours that does discovery and has no links.
func startRope(t *testing.T, bootnodes ...string) *ropewalk.Node {
	t.Helper()
	cfg := ropewalk.Config{Localnet: true}
	cfg.Listen.LibP2P, cfg.Listen.RLPx = []string{}, []string{}
	cfg.Session.Outbound = -1
	cfg.Session.Bootnodes = bootnodes
	return rig.Start(t, cfg)
}

// geth is a node of go-ethereum's discv5.
type geth struct {
	*discover.UDPv5
	local *enode.LocalNode
}

func startGeth(t *testing.T, bootnodes ...string) geth {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	db, err := enode.OpenDB("")
	if err != nil {
		t.Fatal(err)
	}
	at := conn.LocalAddr().(*net.UDPAddr)
	ln := enode.NewLocalNode(db, key)
	ln.SetStaticIP(at.IP)
	ln.SetFallbackUDP(at.Port)
	cfg := discover.Config{PrivateKey: key, Log: log.NewLogger(log.DiscardHandler()), PingInterval: 200 * time.Millisecond}
	for _, text := range bootnodes {
		cfg.Bootnodes = append(cfg.Bootnodes, nodeOf(t, text))
	}
	v5, err := discover.ListenV5(conn, ln, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v5.Close(); db.Close() })
	return geth{v5, ln}
}

// nodeOf is a record as go-ethereum has it.
func nodeOf(t *testing.T, record string) *enode.Node {
	t.Helper()
	n, err := enode.Parse(enode.ValidSchemes, record)
	if err != nil {
		t.Fatalf("%q: %v", record, err)
	}
	return n
}

// loopback is any port of it.
var loopback = netip.MustParseAddrPort("127.0.0.1:0")
