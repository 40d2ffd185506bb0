package pulse

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

type wire struct {
	sent    []uint64 // codes
	last    []byte
	dropped int
}

func (w *wire) Send(_ id.ID, code uint64, body []byte) { w.sent, w.last = append(w.sent, code), body }
func (w *wire) Drop(id.ID, error)                      { w.dropped++ }

var (
	start = time.Unix(1000, 0)
	bob   = id.ID{1}
)

func setup() (*Pulse, *wire) {
	w := &wire{}
	return New(Config{}, rand.New(rand.NewPCG(1, 1)), w), w
}

func TestRoundTrip(t *testing.T) {
	h, w := setup()
	h.Up(start, bob)
	if len(w.sent) != 1 || w.sent[0] != codePing {
		t.Fatalf("sent %v, want one ping", w.sent)
	}
	if err := h.Recv(start.Add(40*time.Millisecond), bob, codePong, w.last); err != nil || h.RTT(bob) != 40*time.Millisecond {
		t.Fatalf("round trip %v, %v", h.RTT(bob), err)
	}
	if d := h.Deadline().Sub(start); d < 27*time.Second || d > 34*time.Second {
		t.Fatalf("next ping in %v, want 30 s ± 10 %%", d)
	}
	h.Advance(h.Deadline())
	if len(w.sent) != 2 {
		t.Fatal("no second ping when due")
	}
}

func TestC6SilentPeerIsDroppedOnce(t *testing.T) {
	h, w := setup()
	h.Up(start, bob)
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
	h.Up(start, bob)
	for range pingsMax {
		if err := h.Recv(start, bob, codePing, make([]byte, 8)); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(w.sent) - 1; got != pingsMax {
		t.Fatalf("%d pongs for %d pings", got, pingsMax)
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
