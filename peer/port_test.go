package peer

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/link"
)

// fill sends until the lane refuses, and returns how many it took.
func fill(t testing.TB, o *Port, bytes int) (n int) {
	t.Helper()
	for ; ; n++ {
		switch err := o.Send(t0, Message{Data: make([]byte, bytes), Class: Ordinary}); {
		case err == ErrQueueFull:
			return n
		case err != nil:
			t.Fatal(err)
		}
	}
}

// A lane that refused reports once, when it is half empty.
func TestRoom(t *testing.T) {
	tab := newTable(Config{})
	tab.Add(t0, 1, info(low, link.Out, gossip, chat, echo))
	p, _ := tab.ByConn(1)
	o := tab.Port(p, echo)
	all := fill(t, o, 0)
	for sent := 1; sent <= all; sent++ {
		if _, ok := tab.Next(t0, 1, 0); !ok {
			t.Fatal("nothing to send")
		}
		rooms := tab.TakeRooms()
		if half := all - sent; (len(rooms) == 1) != (half == all/2) || len(rooms) == 1 && rooms[0] != o {
			t.Fatalf("%v with %d of %d left", rooms, half, all)
		}
	}
	fill(t, o, 0)
	tab.ClosePort(p, echo)
	for range all {
		tab.Next(t0, 1, 0)
	}
	if rooms := tab.TakeRooms(); len(rooms) != 0 || p.full != 0 {
		t.Errorf("a closed port is told: %v", rooms)
	}
	if err := o.Send(t0, Message{}); !errors.Is(err, ErrNotConnected) {
		t.Error(err)
	}
}

// When the bound on all peers together refused, room anywhere counts.
func TestRoomInAll(t *testing.T) {
	tab := newTable(Config{TotalBytes: 1 << 20})
	tab.Add(t0, 1, info(low, link.Out, gossip, chat, echo))
	tab.Add(t0, 2, info(high, link.Out, gossip, chat, echo))
	p, _ := tab.ByConn(1)
	q, _ := tab.ByConn(2)
	first, second := tab.Port(p, echo), tab.Port(q, echo)
	if n := fill(t, first, 10_000); n != 104 {
		t.Fatal(n)
	}
	if n := fill(t, second, 10_000); n != 0 {
		t.Fatal(n)
	}
	told := 0
	for range 60 {
		tab.Next(t0, 1, 0)
		for _, o := range tab.TakeRooms() {
			if o == second {
				told++
				if tab.Waiting() > 1<<20/4*3 {
					t.Errorf("told with %d bytes waiting", tab.Waiting())
				}
			}
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

// Lanes of the user that are stuck fill neither each other's bounds nor those of the
// node's own.
// Origin: C3
func TestC3StuckLanesLeaveRoom(t *testing.T) {
	tab := newTable(Config{Private: chat})
	tab.Add(t0, 1, info(low, link.Out, gossip, chat, echo))
	p, _ := tab.ByConn(1)
	a, b := tab.Port(p, chat), tab.Port(p, echo)
	if n, m := fill(t, a, 0), fill(t, b, 0); n != privateMsgsMax || m != privateMsgsMax {
		t.Errorf("%d and %d messages", n, m)
	}
	own := fill(t, tab.Port(p, gossip), 0)
	if own != tab.cfg.laneMsgsMax() || p.sharedMsgs() != own {
		t.Errorf("%d of the node's own, %d shared", own, p.sharedMsgs())
	}
	if m, ok := tab.Next(t0, 1, link.LaneSet(0).With(chat).With(echo)); !ok || m.Lane != gossip {
		t.Error(m, ok)
	}
	tab.Remove(t0, 1, nil)
	if tab.Waiting() != 0 {
		t.Errorf("%d bytes wait for nobody", tab.Waiting())
	}
}

// Await comes when the writer has written everything, and not before.
func TestAwait(t *testing.T) {
	tab := newTable(Config{})
	tab.Add(t0, 1, info(low, link.Out, gossip, chat, echo))
	p, _ := tab.ByConn(1)
	o := tab.Port(p, echo)
	mustSend(t, tab, low, echo, "x", false)
	o.Await()
	tab.Written(1)
	if len(tab.TakeRooms()) != 0 {
		t.Error("told while it waits")
	}
	tab.Next(t0, 1, 0)
	if len(tab.TakeRooms()) != 0 {
		t.Error("told while it is written")
	}
	tab.Written(1)
	if rooms := tab.TakeRooms(); len(rooms) != 1 || rooms[0] != o {
		t.Error(rooms)
	}
	tab.TakeReady()
	tab.Next(t0, 1, 0) // nothing: the writer sleeps
	o.Await()
	if ready := tab.TakeReady(); len(ready) != 1 {
		t.Error("nobody asks the writer")
	}
	o.Drop(t0, link.Useless)
	tab.Written(1)
	if len(tab.TakeRooms()) != 0 {
		t.Error("told after the end")
	}
	if why, ok := p.Dropped(); !ok || why != link.Useless {
		t.Error(why, ok)
	}
}

// Round trips are smoothed, and nonsense changes nothing.
func TestTimed(t *testing.T) {
	tab := newTable(Config{})
	tab.Add(t0, 1, info(low, link.Out, gossip))
	p, _ := tab.ByConn(1)
	for _, step := range []struct{ took, want time.Duration }{
		{0, 0}, {-1, 0}, {80, 80}, {160, 90}, {time.Hour, 90}, {-time.Hour, 90}, {90, 90},
	} {
		tab.Timed(1, step.took)
		if p.RTT() != step.want {
			t.Errorf("after %s: %s, want %s", step.took, p.RTT(), step.want)
		}
	}
	tab.Timed(9, 1)
}

// Whatever ports send, wait for and lose, who waits for room is told when there is
// some, and nothing stays counted.
func TestPortsAtRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tab := newTable(Config{QueueMsgs: 40, TotalBytes: rapid.SampledFrom([]int{20_000, 1 << 30}).Draw(t, "total"), Private: link.Lane(rapid.IntRange(0, 2).Draw(t, "private"))})
		var ports []*Port
		for c := link.Conn(1); c <= 3; c++ {
			who := low
			who[1] = byte(c)
			tab.Add(t0, c, info(who, link.Out, gossip, chat, echo))
			p, _ := tab.ByConn(c)
			ports = append(ports, tab.Port(p, chat), tab.Port(p, echo))
		}
		owed := map[*Port]bool{}
		told := func() {
			for _, o := range tab.TakeRooms() {
				if !owed[o] {
					t.Fatal("told without having been refused")
				}
				delete(owed, o)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				o := rapid.SampledFrom(ports).Draw(t, "port")
				for range rapid.SampledFrom([]int{1, 50}).Draw(t, "many") {
					if err := o.Send(t0, Message{Data: make([]byte, rapid.SampledFrom([]int{0, 3000}).Draw(t, "size")), Class: Ordinary}); err == ErrQueueFull {
						owed[o] = true
					} else if err != nil {
						t.Fatal(err)
					}
				}
			},
			"next": func(t *rapid.T) {
				c := link.Conn(rapid.IntRange(1, 3).Draw(t, "conn"))
				for range rapid.SampledFrom([]int{1, 50}).Draw(t, "many") {
					tab.Next(t0, c, 0)
					told()
				}
			},
		})
		for c := link.Conn(1); c <= 3; c++ {
			for ok := true; ok; {
				_, ok = tab.Next(t0, c, 0)
				told()
			}
		}
		if len(owed) != 0 {
			t.Fatalf("%d wait for room in empty queues", len(owed))
		}
		for c := link.Conn(1); c <= 3; c++ {
			p, _ := tab.ByConn(c)
			if p.full != 0 || p.privateMsgs != 0 || p.privateBytes != 0 || p.sharedBytes() != 0 {
				t.Fatalf("left %d full, %d private", p.full, p.privateMsgs)
			}
		}
	})
}
