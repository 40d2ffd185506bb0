package ropewalk

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/mem"
	"github.com/ropewalk/ropewalk/node"
)

var lives = flag.Int("lives", 1000, "starts and stops of TestLives over links in memory; a tenth as many over sockets")

// nothingLeft looks at what a node that does not run holds: no link, no dial, nobody
// who waits, no subscription, no slot at work.
func nothingLeft(t testing.TB, n *Node) {
	t.Helper()
	if len(n.links)+len(n.holds)+len(n.waits)+len(n.topics)+len(n.joined)+len(n.ready) != 0 {
		t.Errorf("left: %d links, %d holds, %d askers, %d topics, %d configurations, %d ready", len(n.links), len(n.holds), len(n.waits), len(n.topics), len(n.joined), len(n.ready))
	}
	if p, w := n.machine.PeerCount(), n.machine.Waiting(); p+w != 0 {
		t.Errorf("left: %d peers, %d bytes for them", p, w)
	}
	for _, s := range n.machine.Slots() {
		if s.State != "idle" || s.Attempts != 0 || !s.RetryAt.IsZero() {
			t.Errorf("left: a slot %+v", s)
		}
	}
	if n.scopes != nil {
		for _, r := range n.scopes.Report() {
			if !r.Used.IsZero() {
				t.Errorf("left: %+v", r)
			}
		}
	}
	if !n.pool.resting() || !n.writer.resting() || n.turn.Load().inbox.len() != 0 || n.turn.Load().tasks.n != 0 {
		t.Error("left: jobs, saves, inputs or goroutines")
	}
}

// descriptors counts the open files of the process; 0 where that cannot be told.
func descriptors() int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

// TestLives starts and stops a node in random order from several goroutines, which
// also dial, subscribe, publish and look. Whenever it is stopped nothing is left of
// the run, after the last Close no descriptor either, and in between it works.
func TestLives(t *testing.T) {
	wire, lives := mem.NewNetwork(), *lives
	if testing.Short() {
		lives /= 10
	}
	for _, c := range []struct {
		name  string
		lives int
		cfg   func(name string) Config
	}{
		{"mem", lives, func(name string) Config { return memConfig(wire, name) }},
		{"sockets", lives / 10, func(name string) Config {
			c := bothConfig()
			c.Key = linktest.Key(name)
			return c
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := descriptors()
			func() {
				b, err := New(c.cfg("b"))
				if err != nil {
					t.Fatal(err)
				}
				defer b.Close()
				if err := b.Start(t.Context()); err != nil {
					t.Fatal(err)
				}
				cfg := c.cfg("a")
				cfg.DataDir = t.TempDir()
				a, err := New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				defer a.Close()
				live(t, a, b, c.lives)
				if err := a.Stop(t.Context()); err != nil {
					t.Errorf("stop: %v", err)
				}
				nothingLeft(t, a)
				for range 3 { // and it is as good as new
					if err := a.Start(t.Context()); err != nil {
						t.Fatal(err)
					}
					join(t, a, b)
					if err := a.Stop(t.Context()); err != nil {
						t.Errorf("stop: %v", err)
					}
					nothingLeft(t, a)
				}
			}()
			until(t, "every descriptor is given back", func() bool { return descriptors() <= before })
		})
	}
}

// live has four goroutines start and stop a, as often as is said together.
func live(t *testing.T, a, b *Node, times int) {
	addr := append(b.Info().LibP2P, b.Info().Enode)[0]
	var left atomic.Int64
	left.Store(int64(times))
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 1))
			for left.Load() > 0 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rng.IntN(2000))*time.Millisecond)
				switch rng.IntN(8) {
				case 0, 1, 2:
					left.Add(-1)
					if err := a.Start(ctx); err != nil && ctx.Err() == nil {
						t.Errorf("start: %v", err)
					}
				case 3, 4:
					left.Add(-1)
					if err := a.Stop(ctx); err != nil {
						t.Errorf("stop: %v", err)
					}
				case 5:
					_, _ = a.Connect(ctx, addr)
				case 6:
					if s, err := a.Subscribe(ctx, fmt.Sprint("t", rng.IntN(3))); err == nil && rng.IntN(2) == 0 {
						s.Close()
					}
				case 7:
					_, _ = a.Publish(ctx, "t0", fmt.Append(nil, rng.Uint64()), 0)
					_, _, _, _ = a.Info(), a.Health(), a.Record(), a.Events(ctx, "session")
				}
				cancel()
			}
		})
	}
	all.Wait()
}

// Stop ends streams and refuses verbs; Start brings the same node back: its key, its
// book, its topics' memory, its rooms.
func TestStopAndStartAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		b := started(t, memConfig(wire, "b"))
		cfg := memConfig(wire, "a")
		cfg.DataDir = t.TempDir()
		cfg.Chat.Rooms = []string{"harbour"}
		a := started(t, cfg)
		who := a.Info().ID
		join(t, a, b)
		s, other, events := follow(t, a, "t"), follow(t, b, "t"), a.Events(t.Context())
		for range 3 {
			if err := a.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			nothingLeft(t, a)
			for range s.Messages() {
			}
			for range events.C() {
			}
			if _, err := a.Sessions(t.Context()); !errors.Is(err, ErrNotStarted) {
				t.Errorf("a verb of a stopped node: %v", err)
			}
			if err := a.Handle(Protocol{Name: "late", Version: 1, Length: 1, Run: func(*Peer, MsgReadWriter) error { return nil }}); !errors.Is(err, ErrStarted) {
				t.Errorf("a protocol for a stopped node: %v", err)
			}
			synctest.Wait()
			if got := peers(t, b); got != 0 {
				t.Errorf("%d links left at the other end", got)
			}
			events = a.Events(t.Context()) // of the next run
			if err := a.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			if a.Info().ID != who {
				t.Fatal("it is somebody else")
			}
			if page, err := a.Hosts(t.Context(), "", 0, 10); err != nil || page.Total != 1 {
				t.Errorf("hosts %+v, %v", page, err)
			}
			if rooms, err := a.ChatRooms(t.Context()); err != nil || len(rooms) != 1 {
				t.Errorf("rooms %+v, %v", rooms, err)
			}
			join(t, a, b)
			s = follow(t, a, "t")
			meshed(t, a, "t", 1)
			if _, err := a.Publish(t.Context(), "t", fmt.Append(nil, time.Now()), 1); err != nil {
				t.Errorf("publish: %v", err)
			}
			if _, ok := <-other.Messages(); !ok {
				t.Error("nothing comes")
			}
		}
	})
}

// TestTrap05ReservationsEndWithTheNode: dials that a stop cancels leave nothing behind,
// and their host is dialled in the next run.
func TestTrap05ReservationsEndWithTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		cfg := memConfig(wire, "a")
		slow := &slowTransport{Transport: cfg.Transports[0]}
		slow.slow.Store(true)
		b := started(t, memConfig(wire, "b"))
		cfg.Transports = []Transport{slow}
		cfg.Session.Peers = []string{b.Info().LibP2P[0]}
		a := made(t, cfg)
		for range 3 {
			if err := a.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			asked := make(chan error, 1)
			go func() {
				_, err := a.Connect(t.Context(), b.Info().LibP2P[0])
				asked <- err
			}()
			synctest.Wait()
			if err := a.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := <-asked; err == nil {
				t.Error("an asker hears of a link")
			}
			nothingLeft(t, a)
		}
		slow.slow.Store(false)
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		join(t, a, b)
	})
}

// slowTransport dials until the context ends, while it is slow.
type slowTransport struct {
	Transport
	slow atomic.Bool
}

func (s *slowTransport) Reopen() error { return s.Transport.(interface{ Reopen() error }).Reopen() }

func (s *slowTransport) Dial(ctx context.Context, t id.Ticket, to link.Addr) (link.Link, error) {
	if s.slow.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.Transport.Dial(ctx, t, to)
}

// TestTrap06StopBeforeStart: a stop before a start, or after one that failed, returns,
// and so does a second one.
func TestTrap06StopBeforeStart(t *testing.T) {
	wire := mem.NewNetwork()
	started(t, memConfig(wire, "taken"))
	for _, name := range []string{"a", "taken"} {
		n, err := New(memConfig(wire, name)) // closed below only if it can be
		if err != nil {
			t.Fatal(err)
		}
		if name == "taken" {
			if err := n.Start(t.Context()); !errors.Is(err, mem.ErrNameTaken) {
				t.Fatalf("start: %v", err)
			}
		}
		done := make(chan error, 1)
		go func() { done <- errors.Join(n.Stop(t.Context()), n.Stop(t.Context())) }()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("%s: stop: %v", name, err)
			}
		case <-time.After(patience / 3):
			t.Fatalf("%s: the stop does not return", name)
		}
		if name == "a" {
			if err := n.Start(t.Context()); err != nil {
				t.Errorf("start after a stop: %v", err)
			}
		}
		if err := errors.Join(n.Close(), n.Stop(t.Context())); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}
}

// A start that fails after a stop leaves a stopped node, which starts when the reason
// is gone.
func TestFailedStartAfterStop(t *testing.T) {
	wire := mem.NewNetwork()
	a := started(t, memConfig(wire, "a"))
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	twin := wire.Transport(linktest.Key("a"), "a", node.Protocols("ropewalk", nil))
	if err := twin.Listen(); err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); !errors.Is(err, mem.ErrNameTaken) {
		t.Fatalf("start: %v", err)
	}
	nothingLeft(t, a)
	if err := twin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Errorf("start when the name is free: %v", err)
	}
	once := memConfig(wire, "once")
	once.Transports = []Transport{&closeCounter{Transport: once.Transports[0]}}
	c := started(t, once)
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); !errors.Is(err, ErrTransportOnce) {
		t.Errorf("start over a link that opens once: %v", err)
	}
}

// TestTrap07DoubleStart: whoever starts a running node starts nothing; a second node
// gets neither the folder nor the port.
func TestTrap07DoubleStart(t *testing.T) {
	cfg := libConfig()
	cfg.DataDir = t.TempDir()
	a := started(t, cfg)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := a.Start(t.Context()); err != nil {
				t.Errorf("start: %v", err)
			}
		})
	}
	all.Wait()
	if got := len(a.Info().LibP2P); got != 1 {
		t.Errorf("listens at %d addresses, want 1", got)
	}
	if _, err := New(cfg); !errors.As(err, new(*ErrFolderInUse)) {
		t.Errorf("a second node in the folder: %v", err)
	}
	at := link.MustAddr(a.Info().LibP2P[0])
	cfg.DataDir = t.TempDir()
	cfg.Listen.LibP2P = []string{at.Bare().String()}
	if err := made(t, cfg).Start(t.Context()); !errors.As(err, new(*ErrListen)) {
		t.Errorf("a second node at the port: %v", err)
	}
	if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", at.Port())); err != nil {
		t.Errorf("the first one does not listen any more: %v", err)
	} else {
		c.Close()
	}
}
