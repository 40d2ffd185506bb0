package node

import (
	"errors"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/session"
)

// TestTrap33TimersFireOnceAfterAGap: an hour in which nothing was looked at costs one
// heartbeat and one ping, and no peer that is still there.
func TestTrap33TimersFireOnceAfterAGap(t *testing.T) {
	w := newWorld(t)
	a, b := w.add("a", nil), w.add("b", nil)
	e := w.connect(a, b)
	for _, h := range w.hosts {
		if err := h.n.Follow(w.now, "topic"); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(40 * time.Second)
	p, _ := a.n.peers.ByConn(e.conn)
	beats, _ := a.n.Beats()
	events := len(a.events)

	w.now = w.now.Add(time.Hour)
	a.n.Disturbed(w.now, session.Woke)
	for due := a.n.Deadline(); !due.IsZero() && !due.After(w.now); due = a.n.Deadline() {
		a.n.Advance(w.now)
	}
	if again, _ := a.n.Beats(); again > beats+1 {
		t.Errorf("%d heartbeats of gossip at once", again-beats)
	}
	if msgs, _ := p.Queued(); msgs > 4 {
		t.Errorf("%d messages at once", msgs)
	}
	if n := len(a.events) - events; n > 12 {
		t.Errorf("%d events at once", n)
	}
	w.settle()
	w.pass(time.Minute)
	if a.n.PeerCount() != 1 || b.n.PeerCount() != 1 {
		t.Error("the link is lost")
	}
}

// A link that broke puts its neighbours in doubt; one that somebody ended does not.
func TestBroke(t *testing.T) {
	for why, want := range map[error]bool{
		errors.New("connection reset"):                        true,
		&link.Closed{Reason: link.NetworkError}:               true,
		&link.Closed{Reason: link.Timeout}:                    true,
		&link.Closed{Reason: link.TooManyPeers, Remote: true}: false,
		&link.Closed{Reason: link.Quitting, Remote: true}:     false,
		&link.Closed{Reason: link.Requested}:                  false,
	} {
		if broke(why) != want {
			t.Errorf("%v: %v", why, !want)
		}
	}
}

// TestDisturbedFindsTheDead: of two peers one has gone without a word; it is found in
// 5 s, not at its heartbeat.
func TestDisturbedFindsTheDead(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.add("a", nil), w.add("b", nil), w.add("c", nil)
	w.connect(a, b)
	dead := w.connect(a, c)
	w.pass(5 * time.Second)
	delete(w.ends, dead.other.conn) // nothing arrives there
	a.n.Disturbed(w.now, session.NetworkChanged)
	w.settle()
	w.pass(4900 * time.Millisecond)
	if a.n.PeerCount() != 2 {
		t.Fatal("given up before 5 s")
	}
	w.pass(200 * time.Millisecond)
	if a.n.PeerCount() != 1 {
		t.Fatalf("%d peers 5 s after", a.n.PeerCount())
	}
	a.n.ClockJumped(w.now, -time.Hour)
	if last := a.events[len(a.events)-1]; last.Kind != "clock_jumped" || last.N != -3600_000 {
		t.Errorf("the jump is told as %+v", last)
	}
}
