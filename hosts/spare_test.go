package hosts

import (
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
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
	b.Forgive(now.Add(-time.Second), now)
	h, ok := b.Pick(now.Add(-time.Second), []Colour{White}, nil)
	if !ok || h.Fails != 0 || b.Version() == version {
		t.Fatalf("after it is forgiven: %+v, %v", h, ok)
	}
	b.Tried(now, a.ID(), false)
	if h, _ := b.Get(a.ID()); h.RetryAt.Sub(now) > 2*time.Second {
		t.Errorf("its first own failure costs %s", h.RetryAt.Sub(now))
	}
}

// What failed before our outage is not forgiven, what failed in it is.
func TestForgiveGoesByTheOutage(t *testing.T) {
	b := newBook(Config{})
	before, within := testAddr(1, "8.1.1.1"), testAddr(2, "8.2.1.1")
	outage := t0.Add(time.Minute)
	for at, a := range map[time.Time]link.Addr{t0: before, outage.Add(time.Second): within} {
		_ = b.HearAddr(t0, "", a)
		for range 8 {
			b.Tried(at, a.ID(), false)
		}
	}
	was, _ := b.Get(before.ID())
	now := outage.Add(2 * time.Second)
	b.Forgive(now, outage)
	if h, _ := b.Get(before.ID()); h.RetryAt != was.RetryAt {
		t.Errorf("dead before the outage: next try %s, was %s", h.RetryAt, was.RetryAt)
	}
	if h, _ := b.Get(within.ID()); h.RetryAt.After(now) || h.Fails != 8 {
		t.Errorf("failed in the outage: next try %s, %d failures", h.RetryAt.Sub(now), h.Fails)
	}
	checkInvariants(t, b)
}

// When one of those that failed together is back, the others are tried again; one that
// failed at another time waits.
func TestReturnedBringsTheOthers(t *testing.T) {
	b := newBook(Config{})
	one, two, dead := testAddr(1, "8.1.1.1"), testAddr(2, "8.2.1.1"), testAddr(3, "8.3.1.1")
	for _, a := range []link.Addr{one, two, dead} {
		_ = b.HearAddr(t0, "", a)
	}
	for range 8 {
		b.Tried(t0, dead.ID(), false)
		b.Tried(t0.Add(3*time.Minute), one.ID(), false)
		b.Tried(t0.Add(3*time.Minute+outageSpan), two.ID(), false)
	}
	now := t0.Add(5 * time.Minute)
	for _, a := range []link.Addr{two, dead} { // whatever chance said
		for h, _ := b.Get(a.ID()); !h.RetryAt.After(now.Add(returnedEvery)); h, _ = b.Get(a.ID()) {
			b.Tried(now, a.ID(), false)
		}
	}
	waits := func(a link.Addr) bool { h, _ := b.Get(a.ID()); return h.RetryAt.After(now) }
	if !waits(two) || !waits(dead) {
		t.Fatal("they do not wait")
	}
	b.Returned(now, one.ID())
	if waits(two) || !waits(dead) {
		t.Errorf("after the return: of the same time waits %v, of another %v", waits(two), waits(dead))
	}
	for range 8 {
		b.Tried(now, two.ID(), false)
	}
	b.Returned(now.Add(returnedEvery-1), one.ID())
	if !waits(two) {
		t.Error("excused twice in a moment")
	}
	checkInvariants(t, b)
}

// TestW1LoadedTimesGoByOurClock: intervals from times that a file held are measured by
// the clock that nobody sets, so that a wall clock ten years ahead makes no host old.
func TestW1LoadedTimesGoByOurClock(t *testing.T) {
	b, now := newBook(Config{}), time.Now()
	a := testAddr(1, "8.1.1.1")
	_ = b.Seen(now.Add(-time.Hour), outInfo(a))
	again := newBook(Config{})
	if err := again.Load(now, b.Encode(true)); err != nil {
		t.Fatal(err)
	}
	h, ok := again.Get(a.ID())
	if !ok || !strings.Contains(h.LastSeen.String(), "m=") {
		t.Errorf("last seen %s, which has no reading of the monotonic clock", h.LastSeen)
	}
	if ago := now.Sub(h.LastSeen); ago < time.Hour || ago > time.Hour+time.Second {
		t.Errorf("seen %s ago", ago)
	}
}
