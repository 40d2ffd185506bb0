//go:build !nolibp2p

package ropewalk

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
)

// gateway answers NAT-PMP (RFC 6886) on an address of loopback of its own: our address
// is 8.8.8.8, and the external port is 4321 whatever is asked for.
type gateway struct {
	ip   netip.Addr
	conn *net.UDPConn
	done chan struct{}

	mu    sync.Mutex
	lives []uint32 // seconds for which a mapping was asked
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{ip: netip.AddrFrom4([4]byte{127, 78, byte(os.Getpid() >> 8), byte(os.Getpid())}), done: make(chan struct{})}
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(g.ip, 5351)))
	if err != nil {
		t.Skipf("this system's loopback is one address: %v", err)
	}
	g.conn = conn
	go g.serve()
	t.Cleanup(func() { conn.Close(); <-g.done })
	return g
}

func (g *gateway) serve() {
	defer close(g.done)
	q := make([]byte, 12)
	for {
		n, from, err := g.conn.ReadFromUDPAddrPort(q)
		if err != nil {
			return
		}
		a := []byte{0, q[1] | 0x80, 0, 0, 0, 0, 1, 0, 8, 8, 8, 8}
		if n == 12 {
			a = append(a[:8], q[4], q[5], 0x10, 0xe1, q[8], q[9], q[10], q[11])
			g.mu.Lock()
			g.lives = append(g.lives, binary.BigEndian.Uint32(q[8:]))
			g.mu.Unlock()
		}
		_, _ = g.conn.WriteToUDPAddrPort(a, from)
	}
}

func (g *gateway) asked() []uint32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.lives)
}

// behind is a node whose only link is RLPx, on all interfaces.
func behind(t *testing.T, nat string) *Node {
	t.Helper()
	n := made(t, Config{Listen: ListenConfig{NAT: nat}, Session: SessionConfig{Outbound: -1}, Transports: []Transport{}})
	r, err := n.newRLPx(n.machine.Protocols())
	if err != nil {
		t.Fatal(err)
	}
	n.cfg.Transports = []Transport{r}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n
}

// announced is where the node's record says that RLPx listens.
func announced(t *testing.T, n *Node) string {
	t.Helper()
	r, err := enr.Parse(n.Record())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range link.RecordAddrs(r) {
		if a.Kind() == link.RLPx {
			return place(a)
		}
	}
	return ""
}

// A port that a router forwards is in the record, as the router's; at the end of the
// node the mapping is taken back.
func TestForwardedPortIsAnnounced(t *testing.T) {
	g := newGateway(t)
	n := behind(t, "pmp:"+g.ip.String())
	until(t, "the router's port", func() bool { return announced(t, n) == "8.8.8.8:4321" })
	if got := n.Info().RLPx; got != "8.8.8.8:4321" {
		t.Errorf("the node says it is at %s", got)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if got := g.asked(); !slices.Equal(got, []uint32{600, 0}) {
		t.Errorf("mapped for %v seconds, want 600 and at the end 0", got)
	}
}

// The operator's word is announced with the port that we listen on.
func TestStaticAddressIsAnnounced(t *testing.T) {
	n := behind(t, "extip:8.8.4.4")
	at := netip.MustParseAddrPort(announced(t, n))
	if at.Addr() != netip.MustParseAddr("8.8.4.4") || at.Port() != n.transports[0].Addrs()[0].Port() {
		t.Errorf("announced at %s, listening at %s", at, n.transports[0].Addrs())
	}
}

// No router is asked by a node that asks none, or on a local network.
func TestNoRouterIsAsked(t *testing.T) {
	g := newGateway(t)
	for _, cfg := range []Config{
		{Listen: ListenConfig{NAT: "none", RLPx: []string{"0.0.0.0:0"}}},
		{Listen: ListenConfig{NAT: "pmp:" + g.ip.String(), RLPx: []string{"0.0.0.0:0"}}, Localnet: true},
		{Listen: ListenConfig{NAT: "pmp:" + g.ip.String(), RLPx: []string{"127.0.0.1:0"}}},
	} {
		cfg.Transports = []Transport{}
		n := made(t, cfg)
		r, err := n.newRLPx(n.machine.Protocols())
		if err != nil {
			t.Fatal(err)
		}
		n.cfg.Transports = []Transport{r}
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if ports := n.natPorts(); len(ports) > 0 {
			t.Errorf("%+v, localnet %v: asks for %v", cfg.Listen, cfg.Localnet, ports)
		}
	}
}
