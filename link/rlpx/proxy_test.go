package rlpx

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/socks"
	"github.com/ropewalk/ropewalk/link/sockstest"
)

const onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"

// moved is a transport's address with another place.
func moved(tr *Transport, place string) link.Addr {
	return link.MustAddr("enode://" + hex.EncodeToString(tr.full[:]) + "@" + place)
}

// through gives a configuration a proxy for everything.
func through(t *testing.T, s *sockstest.Server, c Config) Config {
	t.Helper()
	at, err := socks.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	c.Routes, c.Proxy = link.Routes{Proxy: true, Mixed: link.MixAll}, socks.New(at).Dial
	return c
}

// Onion services, names and IP addresses are met through the proxy, and the link says
// where it leads, and not where the proxy is.
func TestDialThroughProxy(t *testing.T) {
	there := listening(t, Config{})
	at := placeOf(there.Addrs()[0])
	s := sockstest.Start(t, sockstest.Config{Names: map[string]string{onion + ":30303": at, "seed.example:30303": at}, From: "127.0.0.2"})
	here := made(t, through(t, s, Config{Key: linktest.Key("b")}))
	for _, to := range []link.Addr{moved(there, onion+":30303"), moved(there, "seed.example:30303"), there.Addrs()[0]} {
		l, err := here.Dial(t.Context(), ticket, to)
		if err != nil {
			t.Fatalf("%s: %v", to, err)
		}
		in, err := there.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if l.Info().Addr != to || in.Info().Addr.Host() != "127.0.0.2" {
			t.Errorf("the ends say %s and %s", l.Info().Addr, in.Info().Addr)
		}
		_ = l.Close(link.Requested)
	}
	if n := len(s.Asked()); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

// What is to go through a proxy is never dialled directly: not when the proxy is away,
// not when it refuses, and not when there is none.
func TestNeverPastTheProxy(t *testing.T) {
	there := listening(t, Config{})
	to := there.Addrs()[0]
	gone := sockstest.Start(t, sockstest.Config{})
	away := through(t, gone, Config{Key: linktest.Key("b")})
	gone.Close()
	refusing := through(t, sockstest.Start(t, sockstest.Config{Fault: sockstest.Refuse, Code: 2}), Config{Key: linktest.Key("b")})
	none := Config{Key: linktest.Key("b"), Routes: link.Routes{Mixed: link.MixAll}}
	for _, c := range []struct {
		name string
		cfg  Config
		want error
	}{{"away", away, socks.ErrProxy}, {"refusing", refusing, socks.NotAllowed}, {"none", none, ErrNoRoute}} {
		if _, err := made(t, c.cfg).Dial(t.Context(), ticket, to); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	if n := there.Stats().In; len(n) > 0 && n["finished"]+n["gated"]+n["throttled"] > 0 {
		t.Errorf("somebody came: %v", n)
	}
	if _, err := made(t, Config{Key: linktest.Key("b")}).Dial(t.Context(), ticket, moved(there, onion+":1")); !errors.Is(err, ErrNoRoute) {
		t.Errorf("an onion service without a proxy: %v", err)
	}
}

// Where a gate stands, names do not go through the proxy: nobody here sees where they lead.
func TestGateBeforeProxy(t *testing.T) {
	there := listening(t, Config{})
	s := sockstest.Start(t, sockstest.Config{Names: map[string]string{"seed.example:30303": placeOf(there.Addrs()[0]), onion + ":1": placeOf(there.Addrs()[0])}})
	here := made(t, through(t, s, Config{Key: linktest.Key("b"), Gate: func(ip netip.Addr) bool { return ip.String() == "8.8.8.8" }}))
	for _, to := range []link.Addr{moved(there, "seed.example:30303"), moved(there, onion+":1"), there.Addrs()[0]} {
		if _, err := here.Dial(t.Context(), ticket, to); !errors.Is(err, ErrGated) {
			t.Errorf("%s: %v", to, err)
		}
	}
	if n := len(s.Asked()); n != 0 {
		t.Errorf("the proxy was asked %d times", n)
	}
}

// One deadline covers the proxy's part, and what stalls behind the proxy.
func TestTrap01DialOverProxy(t *testing.T) {
	there := listening(t, Config{})
	for _, c := range []sockstest.Config{
		{Fault: sockstest.Stall, Phase: sockstest.AtGreeting}, {Fault: sockstest.Drip, Phase: sockstest.AtReply}, {Fault: sockstest.Stall, Phase: sockstest.AtTarget},
	} {
		here := made(t, through(t, sockstest.Start(t, c), Config{Key: linktest.Key("b")}))
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		result := make(chan error, 1)
		go func() { _, err := here.Dial(ctx, ticket, there.Addrs()[0]); result <- err }()
		select {
		case err := <-result:
			if !errors.Is(err, ErrTimeout) {
				t.Errorf("%s at the %s: %v", c.Fault, c.Phase, err)
			}
		case <-time.After(patience):
			t.Fatalf("%s at the %s: the dial is still there", c.Fault, c.Phase)
		}
	}
}

// A handshake has the time of its way.
func TestSetupWithin(t *testing.T) {
	tr := made(t, Config{})
	all, onions := link.Routes{Proxy: true, Mixed: link.MixAll}, link.Routes{Proxy: true}
	for _, c := range []struct {
		r     link.Routes
		place string
		want  time.Duration
	}{{all, "1.2.3.4:5", 55 * time.Second}, {onions, "1.2.3.4:5", setupTimeout}, {onions, onion + ":5", 55 * time.Second}, {link.Routes{}, "1.2.3.4:5", setupTimeout}} {
		if got := setupWithin(c.r, moved(tr, c.place)); got != c.want {
			t.Errorf("%s with %+v: %s, want %s", c.place, c.r, got, c.want)
		}
	}
}

// A node on a Unix socket is met by our own user alone, and leaves no file behind.
func TestUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rlpx.sock")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	_ = stale.Close() // as after a kill
	there := made(t, Config{ListenUnix: []string{path}})
	if err := there.Listen(); err != nil {
		t.Fatal(err)
	}
	if at, err := os.Lstat(path); err != nil || at.Mode() != os.ModeSocket|0o600 {
		t.Errorf("the socket is %v, %v", at.Mode(), err)
	}
	to := there.Addrs()[0]
	if to != moved(there, path) {
		t.Fatalf("it listens at %s", to)
	}
	here := made(t, Config{Key: linktest.Key("b"), Routes: link.Routes{Mixed: link.MixAll}})
	l, err := here.Dial(t.Context(), ticket, to)
	if err != nil {
		t.Fatal(err)
	}
	in, err := there.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if l.Info().Addr != to || in.Info().Addr != moved(here, path) || !in.Info().Addr.IsLoopback() {
		t.Errorf("the ends say %s and %s", l.Info().Addr, in.Info().Addr)
	}
	second := made(t, Config{Key: linktest.Key("c"), ListenUnix: []string{path}})
	if err := second.Listen(); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(fmt.Sprint(err), path) {
		t.Errorf("a second node listens: %v", err)
	}
	if err := there.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left behind: %v", err)
	}
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := second.Listen(); err == nil || second.Addrs() != nil {
		t.Errorf("a file is taken for a socket: %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "mine" {
		t.Error("a file is gone")
	}
}
