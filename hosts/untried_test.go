package hosts

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// TestUntried: who was never dialled is drawn before anybody else is, each once.
func TestUntried(t *testing.T) {
	b := newBook(Config{})
	for n := range 20 {
		if err := b.HearAddr(t0, "", testAddr(n, "8.1.1.1")); err != nil && n < perIPMax {
			t.Fatal(err)
		}
	}
	seen := map[id.ID]bool{}
	for range perIPMax {
		h, ok := b.PickUntried(t0, func(who id.ID) bool { return seen[who] })
		if !ok || seen[h.ID] {
			t.Fatalf("after %d: %v", len(seen), ok)
		}
		seen[h.ID] = true
		switch len(seen) % 3 {
		case 0:
			b.Tried(t0, h.ID, false)
		case 1:
			b.PutOff(t0, h.ID)
		default:
			b.Spare(t0, h.ID)
		}
		checkInvariants(t, b)
	}
	if _, ok := b.PickUntried(t0.Add(time.Hour), nil); ok || b.Untried() != 0 {
		t.Errorf("%d left", b.Untried())
	}
}

// TestOldest: who was last seen longest ago, of those before the moment named.
func TestOldest(t *testing.T) {
	b := newBook(Config{})
	for n, ip := range []string{"8.1.1.1", "8.2.1.1", "8.3.1.1"} {
		a := testAddr(n, ip)
		_ = b.HearAddr(t0, "", a)
		_ = b.Move(t0.Add(time.Duration(3-n)*time.Minute), a.ID(), White)
	}
	now := t0.Add(time.Hour)
	if h, ok := b.Oldest(now, White, now, nil); !ok || h.ID != testAddr(2, "8.3.1.1").ID() {
		t.Errorf("%v %+v", ok, h)
	}
	if _, ok := b.Oldest(now, White, t0.Add(time.Minute), nil); ok {
		t.Error("nobody is as old as that")
	}
	if h, ok := b.Oldest(now, White, now, func(who id.ID) bool { return who == testAddr(2, "8.3.1.1").ID() }); !ok || h.ID != testAddr(1, "8.2.1.1").ID() {
		t.Errorf("%v %+v", ok, h)
	}
}
