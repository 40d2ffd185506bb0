package session

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// TestTrap32GraceAndProtection: newcomers do not push out good old links, and however
// many are protected, valued or on their way out, links stay under the hard cap.
func TestTrap32GraceAndProtection(t *testing.T) {
	d := newDoor(Config{Inbound: 96})
	for n := range 92 {
		d.step(time.Minute)
		d.come(nobody(n), fmt.Sprintf("9.%d.1.1", n%30))
	}
	for n := range 500 { // a flood of newcomers, within one second
		d.come(nobody(1000+n), fmt.Sprintf("8.%d.%d.1", n%200, n/200))
		if d.k.links.Len() > 96+leavingMax {
			t.Fatalf("%d links, hard cap %d", d.k.links.Len(), 96+leavingMax)
		}
		if n%50 == 0 {
			d.settle()
		}
	}
	d.settle()
	for n := range 40 {
		if !d.has(nobody(n)) {
			t.Errorf("%d, one of the oldest, went for a newcomer", n)
		}
	}
	for _, who := range d.k.links.Keys() {
		if err := d.k.Protect(d.now, who, "app"); err != nil {
			t.Fatal(err)
		}
	}
	if d.come(nobody(5000), "7.7.7.7") || d.k.links.Len() > 96 {
		t.Errorf("everybody is protected, and a newcomer came in: %d links", d.k.links.Len())
	}
	if _, why, _ := d.k.Admit(d.now, d.info(nobody(5000), "7.7.7.7")); why != link.TooManyPeers {
		t.Errorf("told %s", why)
	}
}

func TestProtectBounds(t *testing.T) {
	d := newDoor(Config{Inbound: 96})
	who := nobody(1)
	for _, tag := range []string{"", strings.Repeat("x", tagBytesMax+1)} {
		if err := d.k.Protect(d.now, who, tag); !errors.Is(err, ErrTag) {
			t.Errorf("tag of %d bytes: %v", len(tag), err)
		}
	}
	for n := range tagsMax + 1 {
		if err := d.k.Protect(d.now, who, fmt.Sprint(n)); (n == tagsMax) != errors.Is(err, ErrFull) {
			t.Errorf("tag %d: %v", n, err)
		}
	}
	for n := range protectedMax {
		if err := d.k.Protect(d.now, nobody(100+n), "app"); (n == protectedMax-1) != errors.Is(err, ErrFull) {
			t.Errorf("peer %d: %v", n, err)
		}
	}
	if err := d.k.Protect(d.now, testKey(0).ID(), "app"); !errors.Is(err, ErrSelf) {
		t.Errorf("ourselves: %v", err)
	}
	for n := range tagsMax {
		if !d.k.Unprotect(d.now, who, fmt.Sprint(n)) || d.k.Unprotect(d.now, who, fmt.Sprint(n)) {
			t.Errorf("tag %d not taken back once", n)
		}
	}
	if d.k.protected.Has(who) || len(d.k.Protections(who)) != 0 {
		t.Error("still protected")
	}
}

// Values fade by one a minute, are bounded, and end with the link.
func TestValueFades(t *testing.T) {
	d := newDoor(Config{Inbound: 96})
	who := nobody(1)
	if err := d.k.Value(d.now, who, "app", 1); !errors.Is(err, ErrNotConnected) {
		t.Errorf("of nobody: %v", err)
	}
	d.come(who, "8.1.1.1")
	c, _ := d.k.links.Get(who)
	for _, by := range []int{1 << 62, 5, -1 << 62, 3, 20} {
		if err := d.k.Value(d.now, who, "app", by); err != nil {
			t.Fatal(err)
		}
		if v := c.value(d.now); v < 0 || v > valueMax {
			t.Errorf("worth %d after %d", v, by)
		}
	}
	if err := d.k.Value(d.now, who, "other", 2); err != nil {
		t.Fatal(err)
	}
	for minute, want := range []int{25, 23, 21, 20, 19} {
		if got := c.value(d.now.Add(time.Duration(minute) * time.Minute)); got != want {
			t.Errorf("worth %d after %d minutes, want %d", got, minute, want)
		}
	}
	if got := c.value(d.now.Add(-time.Hour)); got != 25 {
		t.Errorf("worth %d when the clock jumps back", got)
	}
	d.leave(who)
	d.come(who, "8.1.1.1")
	if c, _ := d.k.links.Get(who); c.value(d.now) != 0 {
		t.Error("worth something from an earlier link")
	}
}
