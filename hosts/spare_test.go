package hosts

import (
	"testing"
	"time"
)

// A host that failed while we were off the network keeps what it is, and waits no
// longer than about a minute, until we are back.
func TestSparedHostsAreForgiven(t *testing.T) {
	b := newBook(Config{})
	a := testAddr(1, "8.1.1.1")
	_ = b.HearAddr(t0, "", a)
	_ = b.Move(t0, a.ID(), White)
	now := t0
	for range 100 {
		b.Spare(now, a.ID())
		h, _ := b.Get(a.ID())
		if wait := h.RetryAt.Sub(now); wait < redialBase/2 || wait > 96*time.Second {
			t.Fatalf("left alone for %s", wait)
		}
		now = h.RetryAt
	}
	mustColour(t, b, a.ID(), White)
	version := b.Version()
	if _, ok := b.Pick(now.Add(-time.Second), []Colour{White}, nil); ok {
		t.Fatal("picked before its time")
	}
	b.Forgive(now.Add(-time.Second))
	h, ok := b.Pick(now.Add(-time.Second), []Colour{White}, nil)
	if !ok || h.Fails != 0 || b.Version() == version {
		t.Fatalf("after it is forgiven: %+v, %v", h, ok)
	}
	b.Tried(now, a.ID(), false)
	if h, _ := b.Get(a.ID()); h.RetryAt.Sub(now) > 2*time.Second {
		t.Errorf("its first own failure costs %s", h.RetryAt.Sub(now))
	}
}

// What really failed is not forgiven.
func TestForgiveKeepsDelaysOfTheirs(t *testing.T) {
	b := newBook(Config{})
	a := testAddr(1, "8.1.1.1")
	_ = b.HearAddr(t0, "", a)
	for range 5 {
		b.Tried(t0, a.ID(), false)
	}
	was, _ := b.Get(a.ID())
	b.Forgive(t0)
	if h, _ := b.Get(a.ID()); h.RetryAt != was.RetryAt {
		t.Errorf("next try %s, was %s", h.RetryAt, was.RetryAt)
	}
}
