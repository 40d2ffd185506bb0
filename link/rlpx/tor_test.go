package rlpx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/socks"
)

// tor runs Debian's tor without a network: its only directory is a port of this machine
// where nobody is. (With DisableNetwork it would not open its SOCKS port either.)
func tor(t *testing.T) *socks.Client {
	path, err := exec.LookPath("tor")
	if err != nil {
		t.Skip("tor is not installed: apt-get install tor")
	}
	dir, err := os.MkdirTemp("", "tor") // shorter than the test's own: the socket's path is bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	nobody := strings.Repeat("0123456789", 4)
	config := fmt.Sprintf("DataDirectory %s/data\nSocksPort unix:%[1]s/socks ExtendedErrors\nSocksTimeout 1\nUseDefaultFallbackDirs 0\n"+
		"DirAuthority nobody orport=1 v3ident=%s 127.0.0.1:1 %[2]s\nLog notice stdout\n", dir, nobody)
	file := filepath.Join(dir, "torrc")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	run := exec.CommandContext(ctx, path, "--defaults-torrc", os.DevNull, "-f", file)
	out, err := run.StdoutPipe()
	if err == nil {
		err = run.Start()
	}
	if err != nil {
		stop()
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); _ = run.Wait() })
	ready := make(chan bool, 1)
	go func() {
		said := bufio.NewScanner(out)
		for said.Scan() {
			if strings.Contains(said.Text(), "Opened Socks listener connection (ready)") {
				ready <- true
			}
		}
		ready <- false
	}()
	select {
	case ok := <-ready:
		if !ok {
			t.Fatal("tor ended before it opened its SOCKS port")
		}
	case <-time.After(patience):
		t.Fatal("tor does not open its SOCKS port")
	}
	at, err := socks.Parse("unix://" + dir + "/socks")
	if err != nil {
		t.Fatal(err)
	}
	return socks.New(at)
}

// Tor takes our part of the dialogue, user and password of each destination included, and
// what it says when it reaches nobody is what the dial says, within the deadline.
func TestTor(t *testing.T) {
	proxy := tor(t)
	if err := proxy.Check(t.Context()); err != nil {
		t.Fatalf("tor does not take us: %v", err)
	}
	there := made(t, Config{})
	here := made(t, Config{Key: linktest.Key("b"), Routes: link.Routes{Proxy: true, Mixed: link.MixAll}, Proxy: proxy.Dial})
	for _, place := range []string{onion + ":30303", "seed.example:30303", "8.8.8.8:30303"} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := here.Dial(ctx, ticket, moved(there, place))
		cancel()
		if !errors.Is(err, socks.Expired) || !strings.Contains(err.Error(), "took too long") {
			t.Errorf("%s: %v, want that it took Tor too long", place, err)
		}
	}
	// The deadline is ours, and not Tor's.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := here.Dial(ctx, ticket, moved(there, onion+":30303")); !errors.Is(err, ErrTimeout) {
		t.Errorf("a short deadline: %v", err)
	}
}
