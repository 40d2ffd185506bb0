package pulse

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

type wire struct {
	sent    []uint64 // codes
	pinged  []id.ID
	last    []byte
	dropped int
	traffic map[id.ID][2]uint64
}

func (w *wire) Send(to id.ID, code uint64, body []byte) {
	w.sent, w.last = append(w.sent, code), body
	if code == codePing {
		w.pinged = append(w.pinged, to)
	}
}
func (w *wire) Drop(id.ID, error) { w.dropped++ }

func (w *wire) Traffic(with id.ID) (in, out uint64) {
	t := w.traffic[with]
	return t[0], t[1]
}

var (
	start = time.Unix(1000, 0)
	bob   = id.ID{1}
	home  = netip.MustParseAddr("192.0.2.1")
)

func setup() (*Pulse, *wire) {
	w := &wire{}
	w.traffic = map[id.ID][2]uint64{}
	return New(Config{}, rand.New(rand.NewPCG(1, 1)), w), w
}

func TestRoundTrip(t *testing.T) {
	h, w := setup()
	h.Up(start, bob, home)
	if len(w.sent) != 1 || w.sent[0] != codePing {
		t.Fatalf("sent %v, want one ping", w.sent)
	}
	if err := h.Recv(start.Add(40*time.Millisecond), bob, codePong, w.last); err != nil || h.RTT(bob) != 40*time.Millisecond {
		t.Fatalf("round trip %v, %v", h.RTT(bob), err)
	}
	b, _ := h.peers.Get(bob)
	if d := b.due.Sub(start); d < 27*time.Second || d > 34*time.Second {
		t.Fatalf("next ping in %v, want 30 s ± 10 %%", d)
	}
	h.Advance(start.Add(34 * time.Second))
	if len(w.sent) != 2 {
		t.Fatal("no second ping when due")
	}
}

func TestC6SilentPeerIsDroppedOnce(t *testing.T) {
	h, w := setup()
	h.Up(start, bob, home)
	h.Advance(start.Add(14 * time.Second))
	if w.dropped != 0 {
		t.Fatal("dropped before its time")
	}
	h.Advance(start.Add(15 * time.Second))
	h.Advance(start.Add(16 * time.Second))
	if w.dropped != 1 {
		t.Fatalf("dropped %d times, want once", w.dropped)
	}
	h.Down(bob)
	if h.peers.Len() != 0 || h.RTT(bob) != 0 {
		t.Fatal("residue")
	}
}

func TestC5PingIsAnsweredAndAFloodIsABreach(t *testing.T) {
	h, w := setup()
	h.Up(start, bob, home)
	for range pingsBurst {
		if err := h.Recv(start, bob, codePing, make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(w.sent) - 1; got != pingsBurst {
		t.Fatalf("%d pongs for %d pings", got, pingsBurst)
	}
	if h.Recv(start, bob, codePing, make([]byte, 8)) == nil {
		t.Fatal("flood accepted")
	}
	if h.Recv(start, bob, codePong, nil) == nil {
		t.Fatal("short body accepted")
	}
	if h.Recv(start, bob, codePong, binary.BigEndian.AppendUint64(nil, 99)) != nil || h.RTT(bob) != 0 {
		t.Fatal("a pong nobody asked for must teach nothing")
	}
}
