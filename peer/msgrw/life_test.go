package msgrw

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
)

// When the last Run of a link ends and the node has no lane of its own on it, the
// link ends; a panic says so.
func TestLastRunEndsTheLink(t *testing.T) {
	for _, tc := range []struct {
		name string
		last func(*Peer, MsgReadWriter) error
		bare bool
		want error
	}{
		{"nil", func(*Peer, MsgReadWriter) error { return nil }, true, link.Quitting},
		{"detach", func(*Peer, MsgReadWriter) error { return ErrDetach }, true, link.Quitting},
		{"panic", func(*Peer, MsgReadWriter) error { panic("no") }, true, link.Subprotocol},
		{"nil beside the node's own", func(*Peer, MsgReadWriter) error { return nil }, false, nil},
		{"panic beside the node's own", func(*Peer, MsgReadWriter) error { panic("no") }, false, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			first, got := talk("first")
			last := Protocol{Name: "last", Version: 1, Length: 1, Run: tc.last}
			w := newWorld(t, tc.bare, []Protocol{first, last}, []Protocol{sink("first"), sink("last")})
			w.until("the one has ended", func() bool { return w.a.hub.kinds[1].detaches == 1 })
			if w.ended != nil {
				t.Fatal("the link ended with one Run left")
			}
			(<-got).end <- nil
			w.until("the other too", func() bool { return w.a.hub.kinds[0].detaches == 1 })
			w.turn()
			if tc.name == "panic" { // it was not the last to end
				tc.want = link.Quitting
			}
			if !errors.Is(w.ended, tc.want) && w.ended != tc.want {
				t.Errorf("ended with %v, want %v", w.ended, tc.want)
			}
			if tc.name[:3] == "pan" && !strings.Contains(w.a.log.String(), "life_test.go") {
				t.Errorf("no stack in the log:\n%s", w.a.log.String())
			}
		})
	}
}

// A Run that does not return is named when its time is over, the next one with the
// peer waits that long, and too many of them get no further peers.
func TestStuckRuns(t *testing.T) {
	p, got := talk("stuck")
	w := newWorld(t, false, []Protocol{p}, []Protocol{sink("stuck")})
	first := <-got
	w.cut(w.b, link.Requested)
	w.turn()
	w.ended = nil
	w.a.up(link.Out, false)
	w.b.up(link.In, false)
	w.pass(stopWithin - 1)
	if w.a.hub.kinds[0].stuck != 0 {
		t.Error("named too early")
	}
	w.pass(1)
	if w.a.hub.kinds[0].stuck != 1 || !strings.Contains(w.a.log.String(), "does not return") || !strings.Contains(w.a.log.String(), "stuck/1") {
		t.Errorf("%d stuck:\n%s", w.a.hub.kinds[0].stuck, w.a.log.String())
	}
	select {
	case <-got:
		t.Error("the next Run does not wait")
	default:
	}
	first.end <- nil
	w.until("it has returned", func() bool { return w.a.hub.kinds[0].stuck == 0 })
	second := <-got

	w.a.hub.kinds[0].stuck = stuckMax
	w.cut(w.b, link.Requested)
	second.end <- nil
	w.until("it has returned", func() bool { return len(w.a.hub.before) == 0 })
	w.ended = nil
	w.a.up(link.Out, false)
	w.b.up(link.In, false)
	if r := w.a.hub.peers[conn].rws[0]; r.state != detached {
		t.Errorf("state %d", r.state)
	}
	w.a.hub.kinds[0].stuck = 0
}

// What is accepted before Run returns is written before the link ends, but a link
// that takes nothing does not live on for it.
func TestLinger(t *testing.T) {
	for _, takes := range []bool{true, false} {
		p, mine := talk("words")
		q, theirs := talk("words")
		w := newWorld(t, true, []Protocol{p}, []Protocol{q})
		x, y := <-mine, <-theirs
		const all = outMsgs
		for i := range all {
			if err := SendBytes(x, 1, fmt.Appendf(nil, "%d", i)); err != nil {
				t.Fatal(err)
			}
		}
		x.end <- link.Useless
		if takes {
			w.until("the link ends", func() bool { return w.ended != nil })
			for i := range all {
				if _, text := read(t, y); text != fmt.Sprint(i) {
					t.Fatalf("message %d is %q", i, text)
				}
			}
			if _, err := y.ReadMsg(); err != io.EOF {
				t.Error(err)
			}
		} else {
			for end := time.Now().Add(delay); w.a.hub.peers[conn].rws[0].leaving == nil; {
				w.a.mu.Lock()
				posts := w.a.posts
				w.a.posts = nil
				w.a.mu.Unlock()
				for _, f := range posts {
					f(w.now)
				}
				if time.Now().After(end) {
					t.Fatal("Run did not return")
				}
			}
			w.pass(lingerWithin)
			if c := w.a.tab.TakeCloses(); len(c) != 1 || c[0].Reason != link.Useless {
				t.Errorf("closes %v", c)
			}
		}
		y.end <- nil
	}
}

// Flush waits for what was written before it.
func TestFlush(t *testing.T) {
	p, mine := talk("words")
	w := newWorld(t, false, []Protocol{p}, []Protocol{sink("words")})
	x := <-mine
	var done sync.WaitGroup
	for _, n := range []int{0, 1, 100} {
		for range n {
			if err := SendBytes(x, 1, make([]byte, 100)); err != nil {
				t.Fatal(err)
			}
		}
		flushed := make(chan error, 1)
		done.Go(func() { flushed <- x.Flush(t.Context()) })
		w.until("it is written", func() bool {
			select {
			case err := <-flushed:
				if err != nil {
					t.Error(err)
				}
				return true
			default:
				return false
			}
		})
		if s := w.a.hub.Stats()[0]; s.OutboxMsgs != 0 || w.a.tab.Waiting() != 0 {
			t.Errorf("%+v, %d bytes wait", s, w.a.tab.Waiting())
		}
	}
	done.Wait()
	x.end <- nil
}

// A message that comes before we may write waits for Run, and a lane that is lost
// ends the conversation but not the link.
func TestEarlyAndLostLanes(t *testing.T) {
	p, mine := talk("words")
	w := newWorld(t, false, []Protocol{p}, []Protocol{sink("words")})
	x := <-mine
	up, _ := w.a.tab.ByConn(conn)
	lose := func() {
		w.a.tab.Shut(w.now, conn, own)
		if o := w.a.tab.ClosePort(up, own); o != nil {
			w.a.handlers[0].Down(w.now, o, errors.New("lost"))
		}
	}
	lose()
	if _, err := x.ReadMsg(); err != io.EOF {
		t.Error(err)
	}
	x.end <- errors.New("it ended under my feet")
	port := w.a.tab.Port(up, own)
	for i := range 3 {
		if err := w.a.handlers[0].Recv(w.now, port, link.Msg{Lane: own, Code: 2, Data: []byte{byte(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	w.a.hub.Flush()
	w.a.tab.Open(conn, own, "/test")
	w.a.handlers[0].Up(w.now, port)
	w.until("the next Run", func() bool { return len(mine) == 1 })
	y := <-mine
	for i := range 3 {
		if code, text := read(t, y); code != 2 || text != string([]byte{byte(i)}) {
			t.Errorf("%d %q", code, text)
		}
	}
	if w.ended != nil {
		t.Error("the link ended")
	}
	port2 := w.a.tab.Port(up, own)
	lose()
	if port2.Send(w.now, peer.Message{}) == nil {
		t.Error("a port that is down sends")
	}
	y.end <- nil
}
