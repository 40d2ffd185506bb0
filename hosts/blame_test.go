package hosts

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// A hundred points ban a key, points fade, bans grow, and all of it outlives a restart.
func TestBlame(t *testing.T) {
	b := newBook(Config{})
	who := testPeer(1).ID()
	banned := func(now time.Time) bool { return b.Banned(now, who, link.Addr{}) }
	if !b.Blame(t0, who, 60).IsZero() || banned(t0) {
		t.Fatal("banned for sixty points")
	}
	b = reload(t, b, false)
	if !b.Blame(t0.Add(3*blameHalves), who, 60).IsZero() {
		t.Fatal("points do not fade") // 7.5 and 60
	}
	now := t0.Add(3 * blameHalves)
	for n, want := range []time.Duration{time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
		if got := b.Blame(now, who, 1_000_000).Sub(now); got != want || !banned(now.Add(want-1)) || banned(now.Add(want)) {
			t.Fatalf("ban %d lasts %s, want %s", n, got, want)
		}
		now = now.Add(want)
		b.Advance(now)
		if n == 2 {
			b = reload(t, b, false)
		}
	}
	b.Advance(now.Add(blameFor))
	if b.grudges.len() != 0 || b.bans.len() != 0 {
		t.Errorf("%d grudges, %d bans after a week", b.grudges.len(), b.bans.len())
	}
	b = newBook(Config{Self: testPeer(0).ID()})
	if !b.Blame(t0, testPeer(0).ID(), 200).IsZero() || !b.Blame(t0, id.ID{}, 200).IsZero() || !b.Blame(t0, who, -5).IsZero() {
		t.Error("nobody is banned")
	}
}

// Bans and grudges are bounded; those who are met keep theirs; and a flood of keys that
// misbehave ends none of the operator's.
func TestBansAreBoundedByUse(t *testing.T) {
	b := newBook(Config{BansMax: 100})
	operators := testPeer(1).ID()
	_ = b.Ban(t0, OfID(operators), 24*time.Hour)
	first := testPeer(1000).ID()
	for n := range 1000 {
		now := t0.Add(time.Duration(n) * time.Second)
		b.Blame(now, testPeer(1000+n).ID(), blameMax)
		if !b.Banned(now, first, link.Addr{}) {
			t.Fatalf("the ban of one that comes again gave way at %d", n)
		}
		if n := b.bans.len(); n > 100 {
			t.Fatalf("%d bans", n)
		}
	}
	if !b.Banned(t0, operators, link.Addr{}) || b.grudges.len() != 100 {
		t.Errorf("the operator's ban gave way; %d grudges", b.grudges.len())
	}
	b.Blame(t0, operators, blameMax)
	if until, _ := b.bans.hard.get(OfID(operators)); !until.Equal(t0.Add(24 * time.Hour)) {
		t.Errorf("misbehaviour changed the operator's ban: until %s", until)
	}
	for n := range 200 {
		if err := b.Ban(t0, OfIP(testAddr(1, fmt.Sprintf("8.1.%d.1", n)).IP()), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	if b.bans.len() != 100 || b.bans.soft.len() != 0 {
		t.Errorf("%d bans, %d for misbehaviour", b.bans.len(), b.bans.soft.len())
	}
	if until := b.Blame(t0, testPeer(5).ID(), blameMax); until.IsZero() || b.bans.hard.len() != 100 {
		t.Errorf("until %s; %d of the operator's bans are left", until, b.bans.hard.len())
	}
}
