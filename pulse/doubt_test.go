package pulse

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// rest answers every ping that is under way, so that everybody is at rest at now.
func rest(t *testing.T, h *Pulse, now time.Time) {
	t.Helper()
	for p, b := range h.peers.All() {
		if b.sentAt.IsZero() {
			continue
		}
		body := []byte{7: byte(b.number)}
		if err := h.Recv(now, p, codePong, body); err != nil {
			t.Fatal(err)
		}
	}
}

// crowd is a Pulse with peers at the addresses 192.0.2.1, 2 …, all at rest after a
// round trip of 50 ms.
func crowd(t *testing.T, peers int) (*Pulse, *wire, []id.ID) {
	h, w := setup()
	var who []id.ID
	at := home
	for n := range peers {
		who = append(who, id.ID{byte(n + 1)})
		h.Up(start, who[n], at)
		at = at.Next()
	}
	rest(t, h, start.Add(50*time.Millisecond))
	w.pinged = nil
	return h, w, who
}

func TestDisturbedAsksEverybodyAtOnce(t *testing.T) {
	h, w, who := crowd(t, 3)
	now := start.Add(10 * time.Second)
	h.Disturbed(now)
	if !slices.Equal(w.pinged, who) {
		t.Fatalf("pinged %v, want all", w.pinged)
	}
	for n := range 2 {
		b, _ := h.peers.Get(who[n])
		if err := h.Recv(now.Add(time.Second), who[n], codePong, []byte{7: byte(b.number)}); err != nil {
			t.Fatal(err)
		}
	}
	h.Advance(now.Add(urgentWithin - 1))
	if w.dropped != 0 {
		t.Fatal("dropped before 5 s")
	}
	h.Advance(h.Deadline())
	if w.dropped != 1 || h.Deadline().Before(now.Add(urgentWithin)) {
		t.Fatalf("%d dropped 5 s after the disturbance, want the one that is silent", w.dropped)
	}
}

// TestTrap33GapIsNotSilence: when we stood still ourselves, the pong that was awaited
// may be waiting to be read; its time begins again.
func TestTrap33GapIsNotSilence(t *testing.T) {
	h, w := setup()
	h.Up(start, bob, home)
	woke := start.Add(time.Hour)
	h.Disturbed(woke)
	h.Advance(woke)
	if w.dropped != 0 {
		t.Fatal("dropped for our own sleep")
	}
	if len(w.pinged) != 1 {
		t.Fatalf("%d pings, want no second one while the first is under way", len(w.pinged))
	}
	h.Advance(woke.Add(urgentWithin))
	if w.dropped != 1 {
		t.Fatal("silent for 5 s after the sleep, and not dropped")
	}
}

// A long round trip has its time.
func TestUrgentIsNoShorterThanTheWay(t *testing.T) {
	h, w := setup()
	h.Up(start, bob, home)
	rest(t, h, start.Add(time.Second)) // over Tor
	now := start.Add(10 * time.Second)
	h.Disturbed(now)
	h.Advance(now.Add(8*time.Second - 1))
	if w.dropped != 0 {
		t.Fatal("dropped before eight round trips")
	}
	h.Advance(now.Add(8 * time.Second))
	if w.dropped != 1 {
		t.Fatal("not dropped")
	}
}

// A link that breaks puts its neighbours at the same address in doubt, three in two
// seconds everybody.
func TestBrokenLinksPutOthersInDoubt(t *testing.T) {
	h, w, who := crowd(t, 4)
	h.Up(start, id.ID{9}, home)
	rest(t, h, start.Add(50*time.Millisecond))
	w.pinged = nil

	now := start.Add(2 * time.Second)
	h.Broke(now, home)
	if want := []id.ID{who[0], {9}}; !slices.Equal(w.pinged, want) {
		t.Fatalf("pinged %v, want those at %s: %v", w.pinged, home, want)
	}
	h.Broke(now, netip.MustParseAddr("198.51.100.1"))
	if len(w.pinged) != 2 {
		t.Fatal("a second link that breaks is a reason to ask its neighbours only")
	}
	h.Broke(now.Add(brokeWithin), netip.Addr{})
	if len(w.pinged) != 5 {
		t.Fatalf("%d pinged after three broke, want all", len(w.pinged))
	}

	// Who was asked just now is not asked again: only the two of before are.
	rest(t, h, now.Add(brokeWithin+100*time.Millisecond))
	h.Broke(now.Add(brokeWithin+200*time.Millisecond), home)
	if len(w.pinged) != 7 {
		t.Fatalf("%d pings, want none within %s of the last", len(w.pinged), urgentGap)
	}
	// One alone later is one alone.
	h.Broke(now.Add(time.Minute), netip.Addr{})
	if len(w.pinged) != 7 {
		t.Fatal("one link alone put everybody in doubt")
	}
}

// TestK12SilentWhileWrittenTo: a peer that takes what we write and says nothing, as a
// killed process behind QUIC seems to, is found long before its heartbeat.
func TestK12SilentWhileWrittenTo(t *testing.T) {
	h, w, who := crowd(t, 3)
	dead, quiet, alive := who[0], who[1], who[2]
	_ = quiet // nothing goes either way: no reason for doubt
	for s := 1; s <= 12; s++ {
		now := start.Add(time.Duration(s) * time.Second)
		x, y := w.traffic[alive], w.traffic[dead]
		w.traffic[alive] = [2]uint64{x[0] + 1, x[1] + 1}
		w.traffic[dead] = [2]uint64{y[0], y[1] + 1}
		h.Advance(now)
	}
	if !slices.Equal(w.pinged, []id.ID{dead}) || w.dropped != 1 {
		t.Fatalf("12 s: pinged %v, dropped %d, want the dead one", w.pinged, w.dropped)
	}
}

// When nobody is heard it is rather we who are cut off: the heartbeat decides.
func TestNobodyHeardIsNoReasonForDoubt(t *testing.T) {
	h, w, who := crowd(t, 3)
	for s := 1; s <= 20; s++ {
		for _, p := range who {
			w.traffic[p] = [2]uint64{0, uint64(s)}
		}
		h.Advance(start.Add(time.Duration(s) * time.Second))
	}
	if len(w.pinged) != 0 {
		t.Fatalf("pinged %v", w.pinged)
	}
}

// Pings a second apart, as a peer in doubt of us sends, are no flood.
func TestPingsInDoubtAreNoBreach(t *testing.T) {
	h, _ := setup()
	h.Up(start, bob, home)
	for s := range 600 {
		if err := h.Recv(start.Add(time.Duration(s)*time.Second), bob, codePing, make([]byte, 8)); err != nil {
			t.Fatalf("after %d s: %v", s, err)
		}
	}
}
