package outage

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/link"
)

var start = time.Unix(1e9, 0)

// six is an IPv6 address of the n-th group, quic one of UDP.
func six(n int) link.Addr { return link.MustAddr(fmt.Sprintf("/ip6/2a00:%x::1/tcp/1", n+1)) }
func quic(n int) link.Addr {
	return link.MustAddr(fmt.Sprintf("/ip4/8.%d.8.8/udp/1/quic-v1", n%250))
}

// One error, or many of one network, mark nothing dead; what works in between clears all.
func TestTrap27OneErrorIsNoOutage(t *testing.T) {
	var w Watch
	for n := range 1000 {
		if w.Note(start, six(0), Cut) || len(w.Dead()) > 0 {
			t.Fatalf("dead after %d errors of one network", n+1)
		}
		if n%10 == 0 {
			w.Note(start, six(1), Answered) // hosts there answer now and then
		}
	}
	for n := range 1000 {
		w.Note(start, six(n%(cutGroups-1)), Cut)
		if n%3 == 2 {
			w.Note(start, six(9), Answered)
		}
	}
	if d := w.Dead(); len(d) > 0 {
		t.Fatalf("dead: %v", d)
	}
}

// A kind that is dead is tried again, for longer pauses each time, and comes back with the
// first answer.
func TestTrap27DeadIsTriedAgain(t *testing.T) {
	var w Watch
	now := start
	for n := range cutGroups {
		if w.Note(now, six(n), Cut) != (n == cutGroups-1) {
			t.Fatalf("after %d groups: %v", n+1, w.Dead())
		}
	}
	if d := w.Dead(); !slices.Equal(d, []Kind{IP6}) || Reaches(d, six(0)) || !Reaches(d, quic(0)) {
		t.Fatalf("dead: %v", d)
	}
	for _, pause := range []time.Duration{deadFirst, 2 * deadFirst, 4 * deadFirst, 8 * deadFirst, deadMax, deadMax} {
		if w.Advance(now.Add(pause - 1)) {
			t.Fatalf("back before %s", pause)
		}
		now = now.Add(pause)
		if !w.Advance(now) || len(w.Dead()) > 0 {
			t.Fatalf("not on trial after %s", pause)
		}
		for n := range trialDials {
			if w.Note(now, six(0), Silent) != (n == trialDials-1) {
				t.Fatalf("trial after %s: %d failures, %v", pause, n+1, w.Dead())
			}
		}
	}
	w.Advance(now.Add(deadMax))
	if w.Note(now, six(0), Silent); len(w.Dead()) > 0 {
		t.Fatal("one failure ends a trial")
	}
	w.Note(now, six(0), Answered)
	for range 50 {
		w.Note(now, six(0), Silent)
	}
	if d := w.Dead(); len(d) > 0 {
		t.Fatalf("after an answer: %v", d)
	}
}

// UDP that a firewall swallows is found as go-libp2p finds it: fewer than 5 of 100.
func TestBlackHole(t *testing.T) {
	for worked := range 8 {
		var w Watch
		for n := range windowDials {
			o := Silent
			if n < worked {
				o = Answered
			}
			w.Note(start, quic(n), o)
		}
		if dead := slices.Contains(w.Dead(), UDP); dead != (worked < windowWorked) {
			t.Errorf("%d of %d worked: %v", worked, windowDials, w.Dead())
		}
	}
	var w Watch
	for n := range windowDials {
		w.Note(start, quic(n), Silent)
	}
	if !w.Note(start, quic(1), Answered) || len(w.Dead()) > 0 {
		t.Error("a dial of the user's that worked does not bring it back")
	}
	for n := range windowDials {
		w.Note(start, quic(n), Silent)
	}
	if !w.Forget(start) || len(w.Dead()) > 0 || w.Forget(start) {
		t.Error("a new network forgets nothing")
	}
}

// The house, and other networks, say nothing.
func TestOf(t *testing.T) {
	for a, want := range map[string][]Kind{
		"/ip6/2a00::1/tcp/1": {IP6}, "/ip6/2a00::1/udp/1/quic-v1": {IP6, UDP}, "/ip4/8.8.8.8/udp/1/quic-v1": {UDP}, "/ip4/8.8.8.8/tcp/1": nil,
		"/ip6/::1/tcp/1": nil, "/ip6/fe80::1/tcp/1": nil, "/ip4/10.0.0.1/udp/1/quic-v1": nil, "/mem/a": nil, "/dns4/a.example/tcp/1": nil,
	} {
		if got := Of(link.MustAddr(a)); !slices.Equal(got, want) {
			t.Errorf("%s needs %v, want %v", a, got, want)
		}
	}
}

// Whatever happens, what is kept is bounded, an answer brings a kind back, and what is
// dead is on trial within an hour.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w Watch
		now := start
		for range rapid.IntRange(1, 400).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "s")) * time.Second)
			a := six(rapid.IntRange(0, 5).Draw(t, "group"))
			if rapid.Bool().Draw(t, "quic") {
				a = quic(rapid.IntRange(0, 5).Draw(t, "group"))
			}
			o := rapid.SampledFrom([]Outcome{Answered, Silent, Silent, Cut, Cut, Cut}).Draw(t, "outcome")
			before := w.Dead()
			changed := w.Note(now, a, o)
			if changed == slices.Equal(before, w.Dead()) {
				t.Fatalf("changed %v: %v, then %v", changed, before, w.Dead())
			}
			if o == Answered && !Reaches(w.Dead(), a) {
				t.Fatal("answered, and dead")
			}
			for _, s := range w.state {
				if len(s.last) > windowDials || len(s.cut) > cutGroups || s.until.After(now.Add(deadMax)) {
					t.Fatalf("%+v", s)
				}
			}
			w.Advance(now)
		}
		w.Advance(now.Add(deadMax))
		if d := w.Dead(); len(d) > 0 {
			t.Fatalf("dead for good: %v", d)
		}
	})
}
