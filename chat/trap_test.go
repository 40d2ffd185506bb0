package chat

import (
	"testing"
	"time"
)

// Trap 35, "nobody there" told as success: a line that reached nobody is answered as
// queued, to no peers, and is sent as soon as there is one.
func TestTrap35NobodyReachedIsNotSent(t *testing.T) {
	w := newWorld(t)
	a, b := w.node("a"), w.node("b")
	a.join("lobby")
	b.join("lobby")
	w.run(time.Second)
	alone := a.mustSay("lobby", "alone")
	if alone.State != Queued || alone.Peers != 0 {
		t.Fatalf("answered as %s to %d", alone.State, alone.Peers)
	}
	w.link(a, b)
	w.run(2 * time.Minute)
	if s, n := a.state("lobby", alone.ID); s != Delivered || n != 1 {
		t.Errorf("with a peer it is %s to %d", s, n)
	}
	// A peer that is there and takes part in nothing is nobody too.
	c, d := w.node("c"), w.node("d")
	c.join("lobby")
	w.link(c, d)
	w.run(time.Second)
	if l := c.mustSay("lobby", "to nobody"); l.State != Queued || l.Peers != 0 {
		t.Errorf("to somebody who is not in the room: %s to %d", l.State, l.Peers)
	}
	// Nor does it count that the router was asked: it may have reached nobody.
	e, f := w.node("e"), w.node("f")
	e.join("lobby")
	f.join("lobby")
	w.link(e, f)
	w.run(time.Second)
	clear(f.follows)
	if l := e.mustSay("lobby", "lost"); l.State != Queued || l.Peers != 0 {
		t.Errorf("published to nobody: %s to %d", l.State, l.Peers)
	}
}
