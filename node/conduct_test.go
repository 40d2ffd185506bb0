package node

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// The session manager sees of a peer its round trip and when it last told us something
// new; nothing of it is left when its link has ended.
func TestConduct(t *testing.T) {
	w := newWorld(t)
	a, b := w.add("a", nil), w.add("b", nil)
	e := w.connect(b, a)
	for _, h := range []*host{a, b} {
		if err := h.n.Follow(w.now, "news"); err != nil {
			t.Fatal(err)
		}
	}
	w.pass(5 * time.Second)
	sees := func() (rtt bool, useful time.Time) {
		c := witness{a.n}.Conduct(b.key.ID())
		return c.RTT >= 0, c.Useful
	}
	if _, useful := sees(); !useful.IsZero() {
		t.Error("useful before it told us anything")
	}
	b.n.Publish(w.now, id.Ticket{}, "news", []byte("x"))
	told := w.now
	w.pass(time.Second)
	if _, useful := sees(); useful.Before(told) {
		t.Errorf("useful at %v, it told us at %v", useful, told)
	}
	a.n.Publish(w.now, id.Ticket{}, "news", []byte("y")) // our own is nobody's merit
	w.pass(time.Second)
	if a.n.useful.Len() != 1 {
		t.Errorf("%d were useful", a.n.useful.Len())
	}
	w.cut(e, 0)
	w.pass(time.Second)
	if _, useful := sees(); !useful.IsZero() || a.n.useful.Len() != 0 {
		t.Error("remembered after its end")
	}
}

// A direct peer of gossip is held while it is one, and let go when it is none.
func TestDirectPeersAreHeld(t *testing.T) {
	w := newWorld(t)
	b := w.add("b", nil)
	a := w.add("a", func(cfg *Config) { cfg.Gossip.Params.DirectConnectTicks = 5 })
	if err := a.n.book.HearAddr(w.now, "", addr("b")); err != nil {
		t.Fatal(err)
	}
	a.n.SetDirect(w.now, b.key.ID(), true)
	w.pass(10 * time.Second)
	if _, ok := a.n.peers.ByID(b.key.ID()); !ok || a.n.held.Len() != 1 {
		t.Fatalf("connected %v, %d held", ok, a.n.held.Len())
	}
	a.n.SetDirect(w.now, b.key.ID(), false)
	w.pass(time.Second)
	if _, ok := a.n.peers.ByID(b.key.ID()); ok || a.n.held.Len() != 0 {
		t.Errorf("connected %v, %d held, and it is no direct peer any more", ok, a.n.held.Len())
	}
}
