package discv5

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

// Two machines shake hands, ping, find each other's record and talk, both ways.
func TestPair(t *testing.T) {
	w := newWorld(t, 1)
	a, b := w.add(0, public(0)), w.add(1, public(1))
	if got := a.answer(a.ping(b)); got.Err != nil || got.Pong.Us != a.addr || got.RTT == 0 {
		t.Fatalf("ping: %+v", got)
	}
	for _, m := range []*machine{a, b} {
		if err := m.Register("echo"); err != nil {
			t.Fatal(err)
		}
		m.serve = func(r Request) ([]byte, bool) { return append([]byte("re "), r.Body...), true }
	}
	for _, pair := range [][2]*machine{{a, b}, {b, a}} {
		from, to := pair[0], pair[1]
		got := from.answer(from.talk(to, "echo", []byte("hello")))
		if got.Err != nil || string(got.Body) != "re hello" || got.From != to.key.ID() {
			t.Fatalf("talk: %+v", got)
		}
		tick := from.next.Next()
		from.take(from.FindNode(w.now, tick, to.cfg.Record, []uint16{0}))
		if got := from.answer(tick); got.Err != nil || len(got.Records) != 1 || !bytes.Equal(got.Records[0].Bytes(), to.cfg.Record.Bytes()) {
			t.Fatalf("own record: %+v", got)
		}
	}
	if a.stats.Handshakes != 1 || b.stats.Handshakes != 1 {
		t.Errorf("%d and %d handshakes, want one", a.stats.Handshakes, b.stats.Handshakes)
	}
}

// TestA1ProtocolsRegisterOnce is row A1: a protocol registers under a name of its own, and the second time is
// an error; a name that is nobody's gets an empty answer.
func TestA1ProtocolsRegisterOnce(t *testing.T) {
	w := newWorld(t, 2)
	a, b := w.add(0, public(0)), w.add(1, public(1))
	if err := b.Register("one"); err != nil {
		t.Fatal(err)
	}
	if err := b.Register("one"); !errors.Is(err, ErrTaken) {
		t.Errorf("second time: %v", err)
	}
	if err := b.Hear("one"); !errors.Is(err, ErrTaken) {
		t.Errorf("second time, otherwise: %v", err)
	}
	if err := b.Register("two"); err != nil {
		t.Errorf("another: %v", err)
	}
	for _, bad := range []string{"", "seventeen bytes!!"} {
		if err := b.Register(bad); !errors.Is(err, ErrProtocol) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if got := a.answer(a.talk(b, "three", []byte("x"))); got.Err != nil || len(got.Body) != 0 || len(b.requests) != 0 {
		t.Errorf("nobody's: %+v, %d requests", got, len(b.requests))
	}
	tick := a.talk(b, "two", nil)
	w.run(50 * time.Millisecond)
	if len(b.requests) != 1 || b.requests[0].Proto != "two" || b.requests[0].From != a.key.ID() || b.requests[0].At != a.addr {
		t.Fatalf("requests: %+v", b.requests)
	}
	n := b.requests[0].N
	if err := b.Reply(w.now, n, []byte("yes")); err != nil {
		t.Fatal(err)
	}
	if err := b.Reply(w.now, n, []byte("again")); !errors.Is(err, ErrGone) {
		t.Errorf("second answer: %v", err)
	}
	if got := a.answer(tick); string(got.Body) != "yes" {
		t.Errorf("answer: %+v", got)
	}
}
