package ropewalk

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// bad is a protocol at the other end that gives its neighbours every reason to stop.
type bad struct {
	name string
	make func(release chan struct{}) Protocol
	// feed is how many messages it is sent; -1: until the test ends.
	feed int
}

// ignoring waits for nothing but the end of the test.
func ignoring(release chan struct{}) func(*Peer, MsgReadWriter) error {
	return func(*Peer, MsgReadWriter) error {
		<-release
		return nil
	}
}

var bads = []bad{
	{"stalls", func(release chan struct{}) Protocol { return Protocol{Run: ignoring(release)} }, 2000},
	{"stalls and loses", func(release chan struct{}) Protocol {
		return Protocol{Limits: Limits{Overflow: OverflowDrop}, Run: ignoring(release)}
	}, -1},
	{"ends", func(chan struct{}) Protocol {
		return Protocol{Run: func(*Peer, MsgReadWriter) error { return nil }}
	}, -1},
	{"detaches", func(chan struct{}) Protocol {
		return Protocol{Run: func(_ *Peer, rw MsgReadWriter) error {
			_, err := rw.ReadMsg()
			return errors.Join(err, ErrDetach)
		}}
	}, -1},
	{"panics", func(chan struct{}) Protocol {
		return Protocol{Run: func(_ *Peer, rw MsgReadWriter) error {
			_, err := rw.ReadMsg()
			panic(err)
		}}
	}, -1},
	{"floods", func(chan struct{}) Protocol {
		return Protocol{Run: func(_ *Peer, rw MsgReadWriter) error {
			for {
				if err := SendBytes(rw, 1, make([]byte, 300)); err != nil {
					return err
				}
			}
		}}
	}, 0},
}

// A protocol that stalls, floods, panics or ends stops no other on its link.
func TestC3NeighboursGoOn(t *testing.T) {
	for _, kind := range kinds {
		for _, bad := range bads {
			t.Run(kind.name+" "+bad.name, func(t *testing.T) {
				release := make(chan struct{})
				theirs := bad.make(release)
				theirs.Name, theirs.Version, theirs.Length = "bad", 1, 8
				cfg, echo, ours := kind.make(), newAsker(), newAsker()
				mine := ours.protocol("bad")
				mine.Limits.Overflow = OverflowDrop // it does not read what floods it
				a := protocolled(t, cfg("a"), echo.protocol("echo"), mine)
				b := protocolled(t, cfg("b"), echoer("echo"), theirs)
				t.Cleanup(func() { close(release) }) // before the nodes close
				join(t, a, b)
				e, x := echo.wait(t), ours.wait(t)
				var feeding sync.WaitGroup
				stop := make(chan struct{})
				feeding.Go(func() {
					for n := 0; n != bad.feed; n++ {
						select {
						case <-stop:
							return
						default:
						}
						if x.rw.(Conversation).WriteMsgContext(t.Context(), Msg{Code: 2}) != nil {
							return
						}
					}
				})
				rounds := 300
				if kind.name == "rlpx" { // what floods stands in the socket's buffers before us
					rounds = 20
				}
				for range rounds {
					e.ask(t, 1, "are you there")
				}
				if bad.feed >= 0 && kind.name == "mem" {
					feeding.Wait() // it was taken, or kept
					e.ask(t, 1, "still there")
				}
				close(stop)
				if err := a.Disconnect(t.Context(), b.Info().ID); err != nil {
					t.Error(err)
				}
				feeding.Wait()
				if m, err := e.rw.ReadMsg(); err != io.EOF {
					t.Errorf("after the end: %v %v", m, err)
				}
			})
		}
	}
}

// Who is flooded and never reads costs the flooder its link, for a reason that both
// are told.
func TestOverflowEndsTheLink(t *testing.T) {
	kind := kinds[0]
	release := make(chan struct{})
	cfg, ours := kind.make(), newAsker()
	a := protocolled(t, cfg("a"), ours.protocol("bad"))
	b := protocolled(t, cfg("b"), Protocol{Name: "bad", Version: 1, Length: 8, Run: ignoring(release)})
	t.Cleanup(func() { close(release) })
	events := a.Events(t.Context(), "peer")
	join(t, a, b)
	c := ours.wait(t)
	var err error
	for n := 0; err == nil && n < 1<<20; n++ {
		err = SendBytes(c.rw, 1, make([]byte, 1000))
	}
	if !errors.Is(err, ErrShuttingDown) {
		t.Fatal(err)
	}
	want := (&link.Closed{Reason: link.Subprotocol, Remote: true}).Error()
	for e := range events.C() {
		if e.Kind == "down" {
			if e.Err != want {
				t.Errorf("down: %q, want %q", e.Err, want)
			}
			break
		}
	}
	stats := countedAt(t, b)
	if stats.Overflows != 1 || stats.InboxBytes > 33<<20 {
		t.Errorf("%+v", stats)
	}
}

// Block makes the link wait, as long as it takes; nothing is lost, and order stays.
func TestC7WritersWaitAndKeepTheirOrder(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			const all = 20000
			begin, done := make(chan struct{}), make(chan error, 1)
			cfg, ours := kind.make(), newAsker()
			a := protocolled(t, cfg("a"), ours.protocol("slow"))
			b := protocolled(t, cfg("b"), Protocol{Name: "slow", Version: 1, Length: 8, Limits: Limits{Overflow: OverflowBlock}, Run: func(_ *Peer, rw MsgReadWriter) error {
				<-begin
				for i := range all {
					m, err := rw.ReadMsg()
					if err != nil {
						done <- err
						return err
					}
					var got numbered
					if err := m.Decode(&got); err != nil || got.N != uint64(i) {
						done <- fmt.Errorf("message %d is %d: %v", i, got.N, err)
						return err
					}
				}
				done <- nil
				return nil
			}})
			join(t, a, b)
			c := ours.wait(t)
			sent := make(chan int)
			go func() {
				defer close(sent)
				for i := range all {
					if err := Send(c.rw, 0, numbered{uint64(i), make([]byte, 2000)}); err != nil {
						t.Error(err)
						return
					}
				}
			}()
			until(t, "the link waits", func() bool { return countedAt(t, b).Waits > 0 })
			select {
			case <-sent:
				t.Error("everything was taken though nobody reads")
			default:
			}
			close(begin)
			select {
			case err := <-done:
				if err != nil {
					t.Error(err)
				}
			case <-soon(t).Done():
				t.Error("not in time")
			}
			<-sent
			if s := countedAt(t, b); s.Received != all || s.Dropped != 0 || s.InboxMsgs != 0 || s.InboxBytes != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// numbered is more than the buffers on the way hold, twenty thousand times.
type numbered struct {
	N   uint64
	Pad []byte
}

// countedAt is what a node with one protocol counted of it.
func countedAt(t testing.TB, n *Node) (s ProtocolStats) {
	t.Helper()
	all, err := n.Protocols(t.Context())
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	return all[len(all)-1]
}

// Close ends in bounded time whatever a Run does, and says who is stuck.
func TestCloseWithARunThatIgnoresEverything(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	log := new(lines)
	cfg, ours := kinds[0].make(), newAsker()
	bc := cfg("b")
	bc.Logger = log.logger()
	runs := make(chan struct{})
	a, b := protocolled(t, cfg("a"), ours.protocol("stuck")), protocolled(t, bc, Protocol{Name: "stuck", Version: 1, Length: 1, Run: func(*Peer, MsgReadWriter) error {
		close(runs)
		<-release
		return nil
	}})
	join(t, a, b)
	<-runs
	begun := time.Now()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begun); took > patience {
		t.Errorf("closing took %s", took)
	}
	if !log.has("protocol does not return", "stuck/1") {
		t.Errorf("nobody said who is stuck:\n%s", log)
	}
}
