package hosts

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// Whom the configuration bans is banned while it does, by key or by address: not heard
// of, not ended by a clock or a command, and not saved.
func TestBannedByConfiguration(t *testing.T) {
	who, ip := public(t, 1), netip.MustParseAddr("11.2.1.1")
	cfg := Config{Banned: []Target{OfID(who.ID()), OfIP(ip)}}
	b := New(cfg, rand.New(rand.NewPCG(1, 1)))
	year := t0.Add(400 * 24 * time.Hour)
	b.Unban(t0, OfID(who.ID()))
	b.Advance(year)
	for _, n := range []int{1, 2} { // the second by its address
		if err := b.Hear(year, "", public(t, n)); err == nil {
			t.Errorf("host %d came into the book", n)
		}
	}
	if err := b.Hear(year, "", public(t, 3)); err != nil {
		t.Error(err)
	}
	if h, _ := b.Get(public(t, 3).ID()); !b.Banned(year, who.ID(), h.Addrs[0]) || b.Banned(year, h.ID, h.Addrs[0]) {
		t.Error("Banned says otherwise")
	}
	free := New(Config{}, rand.New(rand.NewPCG(1, 1)))
	if err := free.Load(year, b.Encode(true)); err != nil {
		t.Fatal(err)
	}
	if err := free.Hear(year, "", who); err != nil {
		t.Errorf("banned by a configuration that does not any more: %v", err)
	}
}

// A relaxed book bans nobody for what it did; the operator's bans hold.
func TestRelaxed(t *testing.T) {
	for _, relaxed := range []bool{false, true} {
		b := New(Config{Relaxed: relaxed}, rand.New(rand.NewPCG(1, 1)))
		who := public(t, 1).ID()
		banned := false
		for range 20 {
			banned = !b.Blame(t0, who, 100).IsZero() || banned
		}
		if banned == relaxed {
			t.Errorf("relaxed %v, banned %v", relaxed, banned)
		}
		_ = b.Ban(t0, OfID(who), time.Hour)
		if c := b.Counts(); c.Bans != 1 {
			t.Errorf("relaxed %v: %d bans", relaxed, c.Bans)
		}
	}
}
