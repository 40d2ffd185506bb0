package pulse

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// A peer behind Tor is asked every ninety seconds and has three times as long to answer,
// from its first ping on.
func TestSlowWay(t *testing.T) {
	h, w := setup()
	h.Up(start, bob, home)
	h.Slow(bob)
	h.Advance(start.Add(3*withinDefault - 1))
	if w.dropped != 0 {
		t.Fatal("dropped as one with a quick way")
	}
	now := start.Add(40 * time.Second)
	rest(t, h, now)
	w.pinged = nil
	h.Advance(now.Add(80 * time.Second))
	if len(w.pinged) != 0 {
		t.Fatal("asked again within 81 s")
	}
	h.Advance(now.Add(100 * time.Second))
	if len(w.pinged) != 1 {
		t.Fatalf("%d pings after 100 s", len(w.pinged))
	}
	h.Advance(now.Add(100*time.Second + 3*withinDefault))
	if w.dropped != 1 {
		t.Fatal("silent, and not dropped")
	}
	h.Slow(id.ID{2}) // nobody
}
