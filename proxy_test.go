//go:build !nolibp2p

package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/sockstest"
)

const onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd"

// enodeOf is the RLPx address of a node with another place.
func enodeOf(n *Node, place string) string {
	return fmt.Sprintf("enode://%x@%s", n.key.Uncompressed(), place)
}

// peerAt is a libp2p address of a node with another place.
func peerAt(n *Node, place string) string { return place + "/p2p/" + n.Info().PeerID }

// tcpAt is where a node listens for libp2p over TCP.
func tcpAt(n *Node) string {
	for _, text := range n.Info().LibP2P {
		if part := strings.Split(text, "/"); part[3] == "tcp" {
			return net.JoinHostPort(part[2], part[4])
		}
	}
	return ""
}

// Two nodes meet through the proxy, over either kind of link, at an onion service, by a
// name that only the proxy knows, and at an IP address.
func TestMeetThroughProxy(t *testing.T) {
	there := started(t, bothConfig())
	names := map[string]string{
		onion + ".onion:30303": there.Info().RLPx, "seed.invalid:30303": there.Info().RLPx,
		onion + ".onion:4001": tcpAt(there), "seed.invalid:4001": tcpAt(there),
	}
	for _, to := range []string{
		enodeOf(there, onion+".onion:30303"), enodeOf(there, "seed.invalid:30303"), there.Info().Enode,
		peerAt(there, "/onion3/"+onion+":4001"), peerAt(there, "/dns4/seed.invalid/tcp/4001"), link.MustAddr(there.Info().LibP2P[0]).String(),
	} {
		s := sockstest.Start(t, sockstest.Config{Names: names, From: "127.0.0.2"})
		cfg := Config{Localnet: true, Session: SessionConfig{Outbound: -1, Proxy: s.URL()}}
		here := started(t, cfg)
		who, err := here.Connect(soon(t), to)
		if err != nil || who != there.Info().ID || len(s.Asked()) != 1 {
			t.Errorf("%s: %v %v, asked %v", to, who, err, s.Asked())
		}
		if err := here.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Ping goes through the proxy too, and not past it.
func TestPingThroughProxy(t *testing.T) {
	there := started(t, bothConfig())
	s := sockstest.Start(t, sockstest.Config{Names: map[string]string{onion + ".onion:30303": there.Info().RLPx, "seed.invalid:4001": tcpAt(there)}})
	for _, to := range []string{enodeOf(there, onion+".onion:30303"), peerAt(there, "/dns4/seed.invalid/tcp/4001")} {
		if r, err := Ping(soon(t), to, PingOptions{Proxy: s.URL()}); err != nil || r.ID != there.Info().ID {
			t.Errorf("%s: %v %v", to, r.ID, err)
		}
	}
	if n := len(s.Asked()); n != 2 {
		t.Errorf("the proxy was asked %d times", n)
	}
	s.Close()
	for _, to := range []string{there.Info().Enode, there.Info().LibP2P[0]} {
		if _, err := Ping(soon(t), to, PingOptions{Proxy: s.URL()}); err == nil {
			t.Errorf("%s was pinged without the proxy", to)
		}
	}
	if _, err := Ping(soon(t), there.Info().Enode, PingOptions{Proxy: "http://127.0.0.1:1"}); !errors.Is(err, ErrBadInput) {
		t.Errorf("a bad proxy: %v", err)
	}
}

// canary is a place that must hear nothing but what comes through the proxy.
type canary struct {
	mu   sync.Mutex
	seen []string
}

func (c *canary) heard(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, what)
}

// tcp listens, hangs up, and notes who is not the proxy.
func (c *canary) tcp(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			if from := in.RemoteAddr().String(); !strings.HasPrefix(from, "127.0.0.2:") {
				c.heard("TCP from " + from)
			}
			_ = in.Close()
		}
	}()
	return l.Addr().String()
}

// udp notes every packet.
func (c *canary) udp(t *testing.T) string {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			var b [2048]byte
			_, from, err := l.ReadFrom(b[:])
			if err != nil {
				return
			}
			c.heard("UDP from " + from.String())
		}
	}()
	return l.LocalAddr().String()
}

// resolver makes every question to DNS of this process a note.
func (c *canary) resolver(t *testing.T) {
	r := net.DefaultResolver // others hold the pointer
	r.PreferGo, r.Dial = true, func(_ context.Context, network, address string) (net.Conn, error) {
		c.heard("DNS over " + network + " to " + address)
		return nil, errors.New("no DNS in this test")
	}
	t.Cleanup(func() { r.PreferGo, r.Dial = false, nil })
}

// A node behind a proxy never opens a connection past it, sends no packet, asks no DNS
// and says nowhere where it is: with peers, seeds, a list, hosts heard from others, the
// proxy working, refusing and gone, from start to end.
func TestNothingPastTheProxy(t *testing.T) {
	var c canary
	c.resolver(t)
	there := started(t, bothConfig())
	quiet, quietUDP := c.tcp(t), c.udp(t)
	stranger := linktest.Key("stranger")
	full := stranger.Uncompressed()
	_, port, _ := net.SplitHostPort(quiet)
	_, udpPort, _ := net.SplitHostPort(quietUDP)
	s := sockstest.Start(t, sockstest.Config{From: "127.0.0.2", Names: map[string]string{onion + ".onion:30303": there.Info().RLPx}})
	cfg := Config{
		Localnet: true, DataDir: t.TempDir(),
		Session: SessionConfig{
			Proxy: s.URL(), DNSLists: []string{"enrtree://AM5FCQLWIZX2QFPNJAP7VUERCCRNGRHWZG3YYHIUV7BVDQ5FDPRT2@nodes.invalid"},
			Peers: []string{enodeOf(there, onion+".onion:30303"), fmt.Sprintf("enode://%x@canary.invalid:%s", full, port)},
			Seeds: []string{fmt.Sprintf("/ip4/127.0.0.1/tcp/%s/p2p/%s", port, linktest.Key("seed").Public().PeerID()), fmt.Sprintf("/dns4/seed.invalid/tcp/%s/p2p/%s", port, linktest.Key("seed 2").Public().PeerID())},
		},
		Listen: ListenConfig{NAT: "any", Onion: []string{onion + ".onion:7", "/onion3/" + onion + ":8"}, RLPx: []string{"127.0.0.1:0"}, LibP2P: []string{"/ip4/127.0.0.1/tcp/0"}},
	}
	here := started(t, cfg)
	until(t, "it is connected through the proxy", func() bool { return peers(t, here) == 1 })
	// Strangers' addresses, as gossip brings them: a record with TCP, QUIC and RLPx.
	b := enr.Builder{Seq: 1, IP: link.MustAddr("/ip4/127.0.0.1/tcp/1").IP(), Rope: &enr.Rope{Network: enr.NetworkTag("ropewalk")}}
	_, _ = fmt.Sscan(port, &b.TCP)
	_, _ = fmt.Sscan(port, &b.Rope.TCP)
	_, _ = fmt.Sscan(udpPort, &b.Rope.QUIC)
	r, err := b.Sign(linktest.Key("heard of"))
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{
		r.String(), fmt.Sprintf("enode://%x@%s", full, quiet), fmt.Sprintf("/ip4/127.0.0.1/udp/%s/quic-v1/p2p/%s", udpPort, stranger.Public().PeerID()),
		fmt.Sprintf("/dns4/canary.invalid/udp/%s/quic-v1/p2p/%s", udpPort, stranger.Public().PeerID()),
		fmt.Sprintf("/dns4/canary.invalid/tcp/%s/p2p/%s", port, stranger.Public().PeerID()),
	} {
		if _, err := here.Connect(soon(t), to); err == nil {
			t.Errorf("connected to %s", to)
		}
	}
	told := append([]string{here.Info().Enode, here.Record()}, here.Info().LibP2P...)
	for _, text := range told {
		if strings.Contains(text, "127.0.0.1") || strings.Contains(text, "udp") {
			t.Errorf("others are told of %s", text)
		}
	}
	if rec, err := enr.Parse(here.Record()); err != nil || rec.IP().IsValid() || rec.IP6().IsValid() {
		t.Errorf("the record names %v, %v", rec, err)
	}
	if rec, err := enr.Parse(here.Record()); err == nil {
		if got := link.RecordAddrs(rec); len(got) != 2 || got[0].Network() != link.NetOnion || got[1].Network() != link.NetOnion {
			t.Errorf("the record names %v, want the onion service's two ports", got)
		}
	}
	s.Close()
	until(t, "the proxy's end is felt", func() bool { return peers(t, here) == 0 })
	for _, to := range []string{there.Info().Enode, there.Info().LibP2P[0], enodeOf(there, onion+".onion:30303")} {
		if _, err := here.Connect(soon(t), to); err == nil {
			t.Errorf("connected to %s without the proxy", to)
		}
	}
	if err := here.Close(); err != nil {
		t.Error(err)
	}
	asked := s.Asked()
	for _, host := range []string{onion + ".onion", "canary.invalid", "seed.invalid", "127.0.0.1"} {
		if !slices.ContainsFunc(asked, func(r sockstest.Request) bool { return r.Host == host }) {
			t.Errorf("the proxy was never asked for %s", host)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) > 0 {
		t.Errorf("past the proxy: %v", c.seen)
	}
}

// The world gives a dial the time of its way, and the session a little more.
func TestTrap31WorldWaitsAsLong(t *testing.T) {
	n := made(t, Config{Session: SessionConfig{Proxy: "socks5://127.0.0.1:9", Mixed: []string{"onion"}}})
	mc, err := n.machineConfig()
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]time.Duration{"/ip4/1.2.3.4/tcp/1": 15 * time.Second, "/onion3/" + onion + ":1": 65 * time.Second} {
		a := link.MustAddr(text)
		if got, session := n.dialWithin(a), mc.Session.DialFor(a); got != want || session <= want {
			t.Errorf("%s: %s, the session %s, want %s", a, got, session, want)
		}
	}
}

// What has to do with proxies and does not fit together is refused.
func TestProxyConfig(t *testing.T) {
	peer := linktest.Key("p").Public().PeerID().String()
	for name, c := range map[string]struct {
		cfg   Config
		field string
	}{
		"a name for the proxy": {Config{Session: SessionConfig{Proxy: "socks5://me:secret@tor.example:1"}}, "session.proxy"},
		"mixed without":        {Config{Session: SessionConfig{Mixed: []string{"tcp"}}}, "session.mixed"},
		"mixed, unknown":       {Config{Session: SessionConfig{Proxy: "socks5://127.0.0.1:1", Mixed: []string{"udp"}}}, "session.mixed"},
		"an onion peer":        {Config{Session: SessionConfig{Peers: []string{"/onion3/" + onion + ":1/p2p/" + peer}}}, "session.peers"},
		"a QUIC seed":          {Config{Session: SessionConfig{Proxy: "socks5://127.0.0.1:1", Seeds: []string{"/ip4/1.2.3.4/udp/1/quic-v1/p2p/" + peer}}}, "session.seeds"},
		"QUIC listener":        {Config{Session: SessionConfig{Proxy: "socks5://127.0.0.1:1"}, Listen: ListenConfig{LibP2P: []string{"/ip4/127.0.0.1/udp/1/quic-v1"}}}, "listen.libp2p"},
		"onion, no port":       {Config{Listen: ListenConfig{Onion: []string{onion + ".onion"}}}, "listen.onion"},
		"onion, a name":        {Config{Listen: ListenConfig{Onion: []string{"example.org:1"}}}, "listen.onion"},
		"a relative path":      {Config{Listen: ListenConfig{RLPx: []string{"run/rlpx.sock"}}}, "listen.rlpx"},
	} {
		var bad *ConfigError
		if err := c.cfg.Validate(); !errors.As(err, &bad) || !strings.Contains(err.Error(), c.field) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want a word on %s", name, err, c.field)
		}
	}
	good := Config{
		Session: SessionConfig{Proxy: "socks5://127.0.0.1:9050", Mixed: []string{"onion"}, Seeds: []string{"/ip4/1.2.3.4/udp/1/quic-v1/p2p/" + peer, "/onion3/" + onion + ":1/p2p/" + peer}},
		Listen:  ListenConfig{Onion: []string{onion + ".onion:1", "/onion3/" + onion + ":2"}, RLPx: []string{"/run/rlpx.sock"}},
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

// A node at a Unix socket is met by another of this machine.
func TestMeetAtUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rlpx.sock")
	there := started(t, Config{Localnet: true, Session: SessionConfig{Outbound: -1}, Listen: ListenConfig{RLPx: []string{path}, LibP2P: []string{}}})
	here := started(t, Config{Localnet: true, Session: SessionConfig{Outbound: -1}, Listen: ListenConfig{RLPx: []string{}, LibP2P: []string{}}})
	if who, err := here.Connect(soon(t), enodeOf(there, path)); err != nil || who != there.Info().ID {
		t.Errorf("%v %v", who, err)
	}
	if err := there.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left behind: %v", err)
	}
}
