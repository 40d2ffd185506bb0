package hosts

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// goldBook is a book with six gold hosts, the first two of one group.
func goldBook(t *testing.T) (*Book, []id.ID) {
	t.Helper()
	b := newBook(Config{})
	var who []id.ID
	for n, ip := range []string{"8.1.1.1", "8.1.2.2", "8.2.1.1", "8.3.1.1", "8.4.1.1", "8.5.1.1"} {
		a := testAddr(n, ip)
		_ = b.Seen(t0, outInfo(a))
		if err := b.Move(t0, a.ID(), Gold); err != nil {
			t.Fatal(err)
		}
		who = append(who, a.ID())
	}
	return b, who
}

func anchorsOf(b *Book, now time.Time) string {
	var out []int
	for _, h := range b.Anchors(now) {
		for n := range 10 {
			if testPeer(n).ID() == h.ID {
				out = append(out, n)
			}
		}
	}
	return fmt.Sprint(out)
}

// reload loads what a book saves.
func reload(t *testing.T, b *Book, clean bool) *Book {
	t.Helper()
	again := newBook(Config{})
	if err := again.Load(t0, b.Encode(clean)); err != nil {
		t.Fatal(err)
	}
	checkInvariants(t, again)
	return again
}

// At most four anchors, one of a group, in the order named; they alone stay gold over a
// restart, and strangers are none.
func TestAnchors(t *testing.T) {
	b, who := goldBook(t)
	stranger := testAddr(9, "8.9.1.1")
	_ = b.HearAddr(t0, "", stranger)
	b.SetAnchors(t0, append([]id.ID{stranger.ID(), testPeer(77).ID()}, who...))
	if got := anchorsOf(b, t0); got != "[0 2 3 4]" {
		t.Fatalf("anchors %s", got)
	}
	b.SetAnchors(t0, []id.ID{who[5], who[1], who[5]})
	if got := anchorsOf(b, t0); got != "[5 1]" {
		t.Fatalf("anchors %s", got)
	}
	again := reload(t, b, true)
	if got := anchorsOf(again, t0); got != "[5 1]" {
		t.Errorf("anchors after a restart %s", got)
	}
	if c := again.Counts(); c.Gold != 2 || c.White != 4 {
		t.Errorf("after a restart %+v", c)
	}
	again.Tried(t0, who[5], false) // it rests
	if got := anchorsOf(again, t0); got != "[1]" {
		t.Errorf("anchors when one failed %s", got)
	}
	_ = again.Ban(t0, OfID(who[1]), time.Hour)
	if got := anchorsOf(again, t0); got != "[]" {
		t.Errorf("anchors when one is banned %s", got)
	}
	checkInvariants(t, again)
}

// One that was an anchor at two unclean exits in a row is left out, until an orderly
// stop, or when it is no anchor at one of them.
func TestAnchorsOfCrashes(t *testing.T) {
	b, who := goldBook(t)
	b.SetAnchors(t0, who[:1])
	for n, want := range []string{"[0]", "[]", "[]"} {
		b = reload(t, b, false)
		if got := anchorsOf(b, t0); got != want {
			t.Fatalf("anchors after crash %d: %s, want %s", n+1, got, want)
		}
	}
	if c := b.Counts(); c.Gold != 0 || c.White != 6 {
		t.Errorf("a host that is no anchor any more is dialled first: %+v", c)
	}
	b = reload(t, b, true)
	if got := anchorsOf(b, t0); got != "[0]" {
		t.Errorf("anchors after a clean exit %s", got)
	}
	b = reload(t, b, false)
	b.SetAnchors(t0, who[2:3]) // in the second run others were
	b = reload(t, b, false)
	if got := anchorsOf(b, t0); got != "[2]" {
		t.Errorf("anchors of the run before: %s", got)
	}
}

// The first version of the file knew no anchors: gold was what was dialled first.
func TestVersion1IsRead(t *testing.T) {
	b, _ := goldBook(t)
	lines := ""
	for _, e := range b.lists[index(Gold)].all {
		lines += fmt.Sprintf("gold\t%s\t5\t5\t0\ter\t-\t-\t%s\n", e.ID, e.Addrs[0])
	}
	lines += "ban\t8.7.7.7\t" + fmt.Sprint(t0.Add(time.Hour).Unix()) + "\n"
	again := newBook(Config{Network: "alpha"})
	if err := again.Load(t0, withHeader(fileHeader1, lines)); err != nil {
		t.Fatal(err)
	}
	if taken, skipped := again.Loaded(); taken != 7 || skipped != 0 {
		t.Errorf("%d taken, %d skipped", taken, skipped)
	}
	if got := anchorsOf(again, t0); got != "[0 2 3 4]" {
		t.Errorf("anchors %s", got)
	}
	if c := again.Counts(); c.Gold != 4 || c.White != 2 || c.Bans != 1 {
		t.Errorf("%+v", c)
	}
	checkInvariants(t, again)
}
