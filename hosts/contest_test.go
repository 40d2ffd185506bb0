package hosts

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// fullBucket makes a book whose only bucket of proven hosts is full, and two newcomers
// that are grey.
func fullBucket(t *testing.T) (b *Book, in, out []id.ID) {
	t.Helper()
	b = newBook(Config{WhiteMax: BucketMax})
	for n := range BucketMax + 2 {
		a := testAddr(n, fmt.Sprintf("8.%d.1.1", n))
		if err := b.HearAddr(t0, "", a); err != nil {
			t.Fatal(err)
		}
		if n >= BucketMax {
			out = append(out, a.ID())
			continue
		}
		if err := b.Move(t0.Add(time.Duration(n)*time.Minute), a.ID(), White); err != nil {
			t.Fatal(err)
		}
		in = append(in, a.ID())
	}
	return b, in, out
}

// A newcomer gets the place of the one not seen for longest only when that one is dead.
func TestContest(t *testing.T) {
	for _, alive := range []bool{true, false} {
		b, in, out := fullBucket(t)
		late := t0.Add(contestImmune + time.Hour)
		b.Tried(late, out[0], true)
		if err := b.Move(late, out[0], White); !errors.Is(err, ErrFull) {
			t.Fatalf("the newcomer has a place at once: %v", err)
		}
		mustColour(t, b, out[0], Grey)
		h, ok := b.Contest(late)
		if !ok || h.ID != in[0] {
			t.Fatalf("to be probed: %v %s, want the one not seen for longest", ok, h.ID.Short())
		}
		if _, ok := b.Contest(late.Add(time.Second)); ok {
			t.Error("one incumbent is named twice at once")
		}
		b.Tried(late.Add(2*time.Second), in[0], alive)
		old, won := Grey, White
		if alive {
			old, won = White, Grey
		}
		mustColour(t, b, in[0], old)
		mustColour(t, b, out[0], won)
		checkInvariants(t, b)
		if len(b.contests) != 0 {
			t.Errorf("%d contests left", len(b.contests))
		}
	}
}

// Nobody is tested for his place who was seen within four hours, a contest lasts forty
// minutes, and there are at most ten.
func TestContestLimits(t *testing.T) {
	b, in, out := fullBucket(t)
	soon := t0.Add(contestImmune - time.Second)
	_ = b.Move(soon, out[0], White)
	if _, ok := b.Contest(soon); ok {
		t.Error("one that was seen within four hours is tested")
	}
	late := t0.Add(2 * contestImmune)
	_ = b.Move(late, out[0], White)
	if _, ok := b.Contest(late); !ok {
		t.Fatal("nobody is tested")
	}
	if h, ok := b.Contest(late.Add(contestAgain)); !ok || h.ID != in[0] {
		t.Error("not named again")
	}
	if _, ok := b.Contest(late.Add(contestFor)); ok || len(b.contests) != 0 {
		t.Error("the contest does not end")
	}
	b.Tried(late.Add(contestFor), in[0], false) // it failed, but not in a contest
	mustColour(t, b, out[0], Grey)

	b = newBook(Config{WhiteMax: 3 * BucketMax, GreyMax: 4000})
	late = t0.Add(contestImmune + time.Hour)
	for n := range 400 {
		a := testAddr(n, fmt.Sprintf("%d.%d.1.1", 8+n/200, n%200))
		_ = b.HearAddr(t0, "", a)
		when := t0
		if b.Counts().White >= 2*BucketMax {
			when = late
		}
		_ = b.Move(when, a.ID(), White)
	}
	if n := len(b.contests); n != contestsMax {
		t.Errorf("%d contests", n)
	}
	checkInvariants(t, b)
}

// A proven host that is a bad entry loses its place at once.
func TestBadEntriesGiveWay(t *testing.T) {
	b, in, out := fullBucket(t)
	late := t0.Add(unseenMax)
	if err := b.Move(late, out[0], White); err != nil {
		t.Fatal(err)
	}
	if _, ok := b.Get(in[0]); ok {
		t.Error("a host unseen for 30 days is kept, and a newcomer is not")
	}
	for _, c := range []struct {
		name string
		e    entry
		want bool
	}{
		{"new", entry{}, false},
		{"failed twice, never seen", entry{Host: Host{Fails: 2}}, false},
		{"failed three times, never seen", entry{Host: Host{Fails: 3}}, true},
		{"failed three times, tried just now", entry{Host: Host{Fails: 3, LastTried: late.Add(-time.Second)}}, false},
		{"failed nine times, seen", entry{Host: Host{Fails: 9, LastSeen: late.Add(-8 * 24 * time.Hour)}}, false},
		{"failed ten times within a week", entry{Host: Host{Fails: 10, LastSeen: late.Add(-6 * 24 * time.Hour)}}, false},
		{"failed ten times for a week", entry{Host: Host{Fails: 10, LastSeen: late.Add(-7 * 24 * time.Hour)}}, true},
		{"unseen for 29 days", entry{Host: Host{LastSeen: late.Add(-29 * 24 * time.Hour)}}, false},
		{"unseen for 30 days", entry{Host: Host{LastSeen: late.Add(-30 * 24 * time.Hour)}}, true},
		{"seen in nine minutes", entry{Host: Host{LastSeen: late.Add(9 * time.Minute)}}, false},
		{"seen in eleven minutes", entry{Host: Host{LastSeen: late.Add(11 * time.Minute)}}, true},
		{"the same, reached", entry{Host: Host{LastSeen: late.Add(11 * time.Minute), Reached: true}}, false},
	} {
		if got := c.e.bad(late); got != c.want {
			t.Errorf("%s: bad %v", c.name, got)
		}
	}
}
