package ropewalk

import (
	"errors"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
)

// rlpxConfig is a node with RLPx on loopback and nothing else, without slots.
func rlpxConfig() Config {
	c := libConfig()
	c.Listen = ListenConfig{LibP2P: []string{}, RLPx: []string{"127.0.0.1:0"}}
	return c
}

// bothConfig is a node with both kinds of link on loopback, without slots.
func bothConfig() Config {
	c := libConfig()
	c.Listen.RLPx = []string{"127.0.0.1:0"}
	return c
}

// linkTo is the kind of the link a node has with another.
func linkTo(t *testing.T, from, to *Node) string {
	t.Helper()
	all, err := from.Sessions(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.ID == to.Info().ID {
			return s.Link
		}
	}
	return ""
}

// A node says where its RLPx link is, in its record too, and is dialled there by
// those that have nothing better.
func TestRLPxAddresses(t *testing.T) {
	both, only, listens := started(t, bothConfig()), started(t, rlpxConfig()), started(t, libConfig())
	info := both.Info()
	if !strings.HasPrefix(info.RLPx, "127.0.0.1:") || !strings.HasSuffix(info.Enode, "@"+info.RLPx) || link.MustAddr(info.Enode).ID() != info.ID {
		t.Fatalf("info: enode %q, rlpx %q", info.Enode, info.RLPx)
	}
	r, err := enr.Parse(info.ENR)
	if err != nil || r.TCP(false) != link.MustAddr(info.Enode).Port() {
		t.Fatalf("the record's port is %d, the listener's %d, %v", r.TCP(false), link.MustAddr(info.Enode).Port(), err)
	}
	for _, c := range []struct {
		name     string
		from     *Node
		to, kind string
	}{
		{"enode", listens, info.Enode, "rlpx"},
		{"record, both kinds", started(t, libConfig()), info.ENR, "libp2p"},
		{"record, RLPx alone", started(t, libConfig()), only.Info().ENR, "rlpx"},
	} {
		who, err := c.from.Connect(soon(t), c.to)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		to := both
		if who == only.Info().ID {
			to = only
		}
		if got := linkTo(t, c.from, to); got != c.kind {
			t.Errorf("%s: a link by %q, want %s", c.name, got, c.kind)
		}
	}
	// What both say of the link.
	all, err := both.Sessions(soon(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.Link == "rlpx" && (s.Local != info.RLPx || !slices.Contains(s.Caps, "pex/1") || !slices.Contains(s.Protocols, "pex/1") || s.Direction != "in") {
			t.Errorf("session: %+v", s)
		}
	}
	for _, n := range []*Node{both, only} {
		h := n.Health()
		at := slices.IndexFunc(h.Checks, func(c Check) bool { return c.Name == "rlpx" })
		if !h.OK || at < 0 || !h.Checks[at].OK {
			t.Errorf("health: %+v", h)
		}
	}
	if only.Info().LibP2P == nil || len(only.Info().LibP2P) != 0 {
		t.Errorf("libp2p of a node without: %q", only.Info().LibP2P)
	}
}

// A node that was told not to listen dials all the same.
func TestRLPxOff(t *testing.T) {
	cfg := libConfig()
	cfg.Listen.RLPx = []string{}
	n, to := started(t, cfg), started(t, rlpxConfig())
	if info := n.Info(); info.Enode != "" || info.RLPx != "" {
		t.Fatalf("info: enode %q, rlpx %q", info.Enode, info.RLPx)
	}
	if r, err := enr.Parse(n.Info().ENR); err != nil || r.TCP(false) != 0 {
		t.Errorf("the record names port %d, %v", r.TCP(false), err)
	}
	if who, err := n.Connect(soon(t), to.Info().Enode); err != nil || who != to.Info().ID {
		t.Fatal(who, err)
	}
	if !n.Health().OK {
		t.Errorf("health: %+v", n.Health())
	}
}

// A port that is taken is named, with the field.
func TestRLPxPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := libConfig()
	cfg.Listen.RLPx = []string{"127.0.0.1:0", l.Addr().String()}
	err = made(t, cfg).Start(t.Context())
	var le *ErrListen
	if !errors.As(err, &le) || le.Addr != l.Addr().String() || le.Field != "listen.rlpx" || !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("start: %v", err)
	}
}

// Configured peers may be enode addresses, and of a record the kind of link counts
// that there is.
func TestRLPxPeers(t *testing.T) {
	to := started(t, bothConfig())
	for name, peer := range map[string]string{"enode": to.Info().Enode, "record": to.Info().ENR} {
		cfg := bothConfig()
		cfg.Session.Peers = []string{peer}
		want := map[string]string{"enode": "rlpx", "record": "libp2p"}[name]
		n := started(t, cfg)
		until(t, "a link by "+want, func() bool { return linkTo(t, n, to) == want })
	}
	if got := dialable([]link.Kind{link.RLPx}, link.Routes{}, recordAddrs(t, to)); len(got) != 1 || got[0].String() != to.Info().Enode {
		t.Errorf("without libp2p: %v", got)
	}
	if all := recordAddrs(t, to); len(dialable([]link.Kind{link.Mem}, link.Routes{}, all)) != len(all) {
		t.Error("nothing is left to say why")
	}
}

func recordAddrs(t *testing.T, n *Node) []link.Addr {
	t.Helper()
	r, err := enr.Parse(n.Info().ENR)
	if err != nil {
		t.Fatal(err)
	}
	return link.RecordAddrs(r)
}

// On all interfaces the record names those that fit the network, and the operator's
// word goes first.
func TestRLPxOnAllInterfaces(t *testing.T) {
	cfg := rlpxConfig()
	cfg.Listen.RLPx = []string{":0"}
	n := started(t, cfg)
	if a := link.MustAddr(n.Info().Enode); a.IP().IsUnspecified() || a.Port() == 0 {
		t.Errorf("enode %v", a)
	}
	cfg.Listen.External = []string{"/ip4/198.41.0.4/tcp/4001"}
	n = started(t, cfg)
	if got := n.Info().RLPx; !strings.HasPrefix(got, "198.41.0.4:") {
		t.Errorf("the operator says 198.41.0.4, the node is at %s", got)
	}
	if got := recordAddrs(t, n); len(got) != 2 || got[0].Kind() != link.LibP2P || got[1].Kind() != link.RLPx {
		t.Errorf("the record names %v", got)
	}
}
