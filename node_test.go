package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/mem"
)

// Start (S), Stop (P) and Close (C) in every order: what each returns, and what a verb says
// afterwards. The bubble fails when a goroutine is left.
func TestOrders(t *testing.T) {
	tests := []struct {
		steps string
		errs  []error
		verb  error
	}{
		{"", nil, ErrNotStarted},
		{"C", []error{nil}, ErrClosed},
		{"CC", []error{nil, nil}, ErrClosed},
		{"CS", []error{nil, ErrClosed}, ErrClosed},
		{"S", []error{nil}, nil},
		{"SS", []error{nil, nil}, nil},
		{"SC", []error{nil, nil}, ErrClosed},
		{"SCC", []error{nil, nil, nil}, ErrClosed},
		{"SCSC", []error{nil, nil, ErrClosed, nil}, ErrClosed},
		{"P", []error{nil}, ErrNotStarted},
		{"SP", []error{nil, nil}, ErrNotStarted},
		{"PSPP", []error{nil, nil, nil, nil}, ErrNotStarted},
		{"SPS", []error{nil, nil, nil}, nil},
		{"SPSPSP", []error{nil, nil, nil, nil, nil, nil}, ErrNotStarted},
		{"SPC", []error{nil, nil, nil}, ErrClosed},
		{"SPCPS", []error{nil, nil, nil, nil, ErrClosed}, ErrClosed},
	}
	for _, tc := range tests {
		t.Run(tc.steps, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := memConfig(mem.NewNetwork(), "a")
				cfg.DataDir = t.TempDir()
				n := made(t, cfg)
				for i, s := range tc.steps {
					var err error
					switch s {
					case 'S':
						err = n.Start(t.Context())
					case 'P':
						err = n.Stop(t.Context())
					default:
						err = n.Close()
					}
					if !errors.Is(err, tc.errs[i]) {
						t.Errorf("step %d (%c): %v, want %v", i, s, err, tc.errs[i])
					}
				}
				if _, err := n.Sessions(t.Context()); !errors.Is(err, tc.verb) {
					t.Errorf("a verb says %v, want %v", err, tc.verb)
				}
				if s := n.Events(t.Context()); tc.verb == ErrClosed {
					if _, open := <-s.C(); open {
						t.Error("a closed node has events")
					}
				}
			})
		})
	}
}

func TestStartTakesNoDeadContext(t *testing.T) {
	n := made(t, memConfig(mem.NewNetwork(), "a"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := n.Start(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("start: %v", err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatalf("start after a cancelled one: %v", err)
	}
}

// Everybody starts, closes and asks at once; whoever closes finds the node closed.
func TestConcurrentStartAndClose(t *testing.T) {
	for round := range 20 {
		dir := t.TempDir()
		cfg := memConfig(mem.NewNetwork(), "a")
		cfg.DataDir = dir
		n, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var look sync.Mutex
		for range 3 {
			all.Go(func() { _ = n.Start(t.Context()) })
			all.Go(func() {
				if err := n.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
				look.Lock()
				defer look.Unlock()
				f, err := openFolder(dir)
				if err != nil {
					t.Errorf("round %d: the folder is still held after Close: %v", round, err)
					return
				}
				f.close()
			})
			all.Go(func() {
				_, _ = n.Publish(t.Context(), "t", nil, 0)
				if s, err := n.Subscribe(t.Context(), "t"); err == nil {
					s.Close()
				}
				n.Info()
				n.Health()
			})
		}
		all.Wait()
	}
}

// stuckTransport makes links that hang in Write and in reading until the whole
// transport is closed: Close of a link alone does not end them.
type stuckTransport struct {
	Transport
	done chan struct{}
	once sync.Once
}

type stuckLink struct {
	link.Link
	done chan struct{}
}

func (s *stuckTransport) Dial(ctx context.Context, t id.Ticket, to link.Addr) (link.Link, error) {
	l, err := s.Transport.Dial(ctx, t, to)
	if err != nil {
		return nil, err
	}
	return &stuckLink{l, s.done}, nil
}

func (s *stuckTransport) Close() error {
	s.once.Do(func() { close(s.done) })
	return s.Transport.Close()
}

func (l *stuckLink) Read() (link.Msg, error) {
	<-l.done
	return link.Msg{}, errors.New("stuck no more")
}

func (l *stuckLink) Write(link.Msg) error {
	<-l.done
	return nil
}

func (l *stuckLink) Close(link.Reason) error {
	<-l.done
	return nil
}

func TestCloseWithAStuckLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		b := started(t, memConfig(wire, "b"))
		cfg := memConfig(wire, "a")
		cfg.Transports = []Transport{&stuckTransport{Transport: cfg.Transports[0], done: make(chan struct{})}}
		a := made(t, cfg)
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		join(t, a, b)
		begun := time.Now()
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > closeWithin {
			t.Errorf("Close took %s, want at most %s", took, closeWithin)
		}
	})
}

// Close tells the other side why.
func TestCloseSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		a, b := started(t, memConfig(wire, "a")), started(t, memConfig(wire, "b"))
		join(t, a, b)
		events := b.Events(t.Context(), "session")
		begun := time.Now()
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("Close took %s of virtual time", took)
		}
		synctest.Wait()
		if got := peers(t, b); got != 0 {
			t.Errorf("%d peers left", got)
		}
		events.Close()
		for e := range events.C() {
			if e.Kind == "down" && !strings.Contains(e.Err, link.Quitting.String()) {
				t.Errorf("down because of %q", e.Err)
			}
		}
	})
}

// A part that fails ends the node: whoever runs it is told, and Close says why.
func TestPartFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := memConfig(mem.NewNetwork(), "a")
		inner := cfg.Transports[0]
		n, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		inner.Close()
		<-n.StopRequested()
		if err := n.Close(); err == nil || !strings.Contains(err.Error(), "accept mem") {
			t.Errorf("close: %v", err)
		}
	})
}

// taken holds one port in each way a port can be held.
func TestStartOnATakenPort(t *testing.T) {
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()

	for _, tc := range []struct {
		name, addr string
	}{
		{"tcp", fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", tcp.Addr().(*net.TCPAddr).Port)},
		{"quic", fmt.Sprintf("/ip4/127.0.0.1/udp/%d/quic-v1", udp.LocalAddr().(*net.UDPAddr).Port)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := libConfig()
			cfg.DataDir = t.TempDir()
			cfg.Listen.LibP2P = []string{"/ip4/127.0.0.1/udp/0/quic-v1", tc.addr}
			n := made(t, cfg)
			err := n.Start(t.Context())
			var le *ErrListen
			if !errors.As(err, &le) {
				t.Fatalf("start: %v, want *ErrListen", err)
			}
			if le.Addr != tc.addr || le.Field != "listen.libp2p" {
				t.Errorf("names %s (%s), want %s (listen.libp2p)", le.Addr, le.Field, tc.addr)
			}
			if !strings.Contains(err.Error(), "address already in use") {
				t.Errorf("says %q", err)
			}
			f, err := openFolder(cfg.DataDir)
			if err != nil {
				t.Fatalf("the folder is still held: %v", err)
			}
			f.close()
			if err := n.Start(t.Context()); !errors.Is(err, ErrClosed) {
				t.Errorf("start again: %v", err)
			}
		})
	}
}

// closeCounter tells whether a transport was closed.
type closeCounter struct {
	Transport
	closed int
}

func (c *closeCounter) Close() error {
	c.closed++
	return c.Transport.Close()
}

func TestFailedStartClosesEveryTransport(t *testing.T) {
	wire := mem.NewNetwork()
	started(t, memConfig(wire, "taken"))
	var all []*closeCounter
	cfg := memConfig(wire, "first")
	for _, name := range []string{"first", "taken", "last"} {
		all = append(all, &closeCounter{Transport: memConfig(wire, name).Transports[0]})
	}
	cfg.Transports = []Transport{all[0], all[1], all[2]}
	err := made(t, cfg).Start(t.Context())
	var le *ErrListen
	if !errors.As(err, &le) || !strings.HasPrefix(le.Addr, "/mem/taken/p2p/") || le.Field != "listen.mem" || !errors.Is(err, mem.ErrNameTaken) {
		t.Fatalf("start: %v", err)
	}
	for i, c := range all {
		if c.closed == 0 {
			t.Errorf("transport %d is left open", i)
		}
	}
}

func TestSharedRegistry(t *testing.T) {
	wire, registry := mem.NewNetwork(), prometheus.NewRegistry()
	cfg := memConfig(wire, "a")
	cfg.Registry = registry
	first := made(t, cfg)
	cfg.DataDir = t.TempDir()
	if _, err := New(cfg); err == nil {
		t.Fatal("two nodes share a registry")
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Transports = memConfig(wire, "a").Transports
	made(t, cfg) // the folder is free, and so is the registry
}

func TestFolderInUse(t *testing.T) {
	cfg := memConfig(mem.NewNetwork(), "a")
	cfg.DataDir = t.TempDir()
	made(t, cfg)
	_, err := New(cfg)
	var inUse *ErrFolderInUse
	if !errors.As(err, &inUse) || inUse.PID != os.Getpid() || inUse.Dir != cfg.DataDir {
		t.Fatalf("new: %v, want *ErrFolderInUse of process %d", err, os.Getpid())
	}
}
