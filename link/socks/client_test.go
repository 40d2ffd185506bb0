package socks

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/sockstest"
)

const onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"

func enodeAt(place string) link.Addr {
	full := linktest.Key("remote").Uncompressed()
	return link.MustAddr("enode://" + hex.EncodeToString(full[:]) + "@" + place)
}

// echoes is a listener that gives back what it gets.
func echoes(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); _, _ = io.Copy(c, c) }()
		}
	}()
	return l.Addr().String()
}

func client(t *testing.T, s *sockstest.Server) *Client {
	t.Helper()
	at, err := Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	return New(at)
}

// Every form of address gets through, names as names, and each destination under a
// user of its own, the same one each time.
func TestDial(t *testing.T) {
	echo := echoes(t)
	names := map[string]string{onion + ":30303": echo, "seed.example:7": echo, "[2001:db8::1]:7": echo, "8.8.8.8:30303": echo}
	for _, unix := range []bool{false, true} {
		s := sockstest.Start(t, sockstest.Config{Names: names, Unix: unix})
		c := client(t, s)
		for _, to := range []string{onion + ":30303", "seed.example:7", "[2001:db8::1]:7", "8.8.8.8:30303", onion + ":30303"} {
			conn, err := c.Dial(t.Context(), enodeAt(to))
			if err != nil {
				t.Fatalf("%s: %v", to, err)
			}
			var got [5]byte
			_, _ = conn.Write([]byte("hello"))
			if _, err := io.ReadFull(conn, got[:]); err != nil || string(got[:]) != "hello" {
				t.Errorf("%s: %q, %v", to, got, err)
			}
			_ = conn.Close()
		}
		asked := s.Asked()
		users := make(map[string]bool)
		for _, r := range asked {
			users[r.User+r.Password] = true
		}
		if len(asked) != 5 || len(users) != 4 || asked[0] != asked[4] || asked[0].Host != onion || asked[1].Host != "seed.example" || asked[0].User == "" {
			t.Errorf("asked for %+v", asked)
		}
		if other := New(c.server); other.login("a", 1) == c.login("a", 1) {
			t.Error("two runs are one user")
		}
	}
}

// A proxy that knows its users takes the one that the configuration names.
func TestPassword(t *testing.T) {
	s := sockstest.Start(t, sockstest.Config{User: "me", Password: "se:cret", Names: map[string]string{"a.example:1": echoes(t)}})
	at := strings.Replace(s.URL(), "://", "://me:se%3Acret@", 1)
	for _, c := range []struct {
		url string
		ok  bool
	}{{at, true}, {s.URL(), false}, {strings.Replace(at, "cret", "xret", 1), false}} {
		server, err := Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := New(server).Dial(t.Context(), enodeAt("a.example:1"))
		if (err == nil) != c.ok || !c.ok && !errors.Is(err, ErrDenied) {
			t.Errorf("%s: %v", server, err)
		}
		if err == nil {
			_ = conn.Close()
		}
		if strings.Contains(server.String(), "cret") {
			t.Errorf("%s shows the password", server)
		}
	}
}

// The deadline of a dial covers the whole dialogue: who stalls or drips in any phase of
// it pins nobody.
func TestTrap01ProxyThatStalls(t *testing.T) {
	for _, phase := range []sockstest.Phase{sockstest.AtGreeting, sockstest.AtPassword, sockstest.AtReply} {
		for _, fault := range []sockstest.Fault{sockstest.Stall, sockstest.Drip} {
			s := sockstest.Start(t, sockstest.Config{Fault: fault, Phase: phase, Names: map[string]string{"a.example:1": echoes(t)}})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			result := make(chan error, 1)
			go func() { _, err := client(t, s).Dial(ctx, enodeAt("a.example:1")); result <- err }()
			select {
			case err := <-result:
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s at the %s: %v", fault, phase, err)
				}
			case <-time.After(time.Minute):
				t.Fatalf("%s at the %s: the dial is still there", fault, phase)
			}
		}
	}
}

// A proxy that fails says so in plain words, in every phase.
func TestFaults(t *testing.T) {
	for _, phase := range []sockstest.Phase{sockstest.AtGreeting, sockstest.AtPassword, sockstest.AtReply} {
		for _, fault := range []sockstest.Fault{sockstest.HangUp, sockstest.Version} {
			s := sockstest.Start(t, sockstest.Config{Fault: fault, Phase: phase, Names: map[string]string{"a.example:1": echoes(t)}})
			conn, err := client(t, s).Dial(t.Context(), enodeAt("a.example:1"))
			if conn != nil || !errors.Is(err, ErrProxy) {
				t.Errorf("%s at the %s: %v", fault, phase, err)
			}
			s.Close() // returns: nothing of ours is left in it
		}
	}
	for _, c := range []struct {
		cfg  sockstest.Config
		want error
		says string
	}{
		{sockstest.Config{Fault: sockstest.Refuse, Code: 0x02}, NotAllowed, "not allowed"},
		{sockstest.Config{Fault: sockstest.Refuse, Code: 0xf0}, OnionUnknown, "onion service not found"},
		{sockstest.Config{Fault: sockstest.Refuse, Code: 0x77}, Reply(0x77), "code 0x77"},
		{sockstest.Config{}, Unreachable, "host unreachable"},
		{sockstest.Config{Fault: sockstest.Method}, ErrProxy, "not offered"},
	} {
		_, err := client(t, sockstest.Start(t, c.cfg)).Dial(t.Context(), enodeAt("a.example:1"))
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.cfg, err, c.says)
		}
	}
}

// Who ends the dial does not wait for the proxy.
func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := sockstest.Start(t, sockstest.Config{
		Fault: sockstest.Stall, Phase: sockstest.AtReply, Names: map[string]string{"a.example:1": echoes(t)},
		Heard: func(sockstest.Request) { cancel() },
	})
	if _, err := client(t, s).Dial(ctx, enodeAt("a.example:1")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestCheck(t *testing.T) {
	s := sockstest.Start(t, sockstest.Config{})
	c := client(t, s)
	if err := c.Check(t.Context()); err != nil {
		t.Errorf("a proxy: %v", err)
	}
	s.Close()
	if err := c.Check(t.Context()); !errors.Is(err, ErrProxy) || strings.Contains(err.Error(), "127.0.0.1") {
		t.Errorf("none: %v", err)
	}
	host, port, err := net.SplitHostPort(echoes(t))
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(port)
	other := New(Server{Network: "tcp", Address: net.JoinHostPort(host, strconv.Itoa(n))})
	if err := other.Check(t.Context()); !errors.Is(err, ErrProxy) {
		t.Errorf("something else: %v", err)
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]Server{
		"socks5://127.0.0.1:9050":       {Network: "tcp", Address: "127.0.0.1:9050"},
		"socks5h://localhost:9050/":     {Network: "tcp", Address: "127.0.0.1:9050"},
		"socks5://[::1]:1080":           {Network: "tcp", Address: "[::1]:1080"},
		"socks5://me:secret@10.0.0.1:1": {Network: "tcp", Address: "10.0.0.1:1", User: "me", Password: "secret"},
		"unix:///run/tor/socks":         {Network: "unix", Address: "/run/tor/socks"},
		"":                              {},
		"127.0.0.1:9050":                {},
		"http://127.0.0.1:9050":         {},
		"socks4://127.0.0.1:9050":       {},
		"socks5://tor.example:9050":     {},
		"socks5://127.0.0.1":            {},
		"socks5://127.0.0.1:0":          {},
		"socks5://0.0.0.0:1":            {},
		"socks5://127.0.0.1:1/path":     {},
		"socks5://127.0.0.1:1?x":        {},
		"socks5://me@127.0.0.1:1":       {},
		"unix://host/run/tor/socks":     {},
		"unix:run":                      {},
		"unix:///run/../tor":            {},
		"socks5://" + strings.Repeat("u", 256) + ":p@127.0.0.1:1": {},
	} {
		got, err := Parse(in)
		if got != want || (err == nil) != (want != Server{}) {
			t.Errorf("%q is %+v, %v", in, got, err)
		}
	}
}
