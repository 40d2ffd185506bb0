package ropewalk

import (
	"errors"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/peer/msgrw"
)

// Events of single messages come to who names them, and are not made for others; a
// listener who does not read stalls nobody.
// Origin: C11
func TestC11MessageEvents(t *testing.T) {
	cfg, mine := kinds[0].make(), newAsker()
	a, b := protocolled(t, cfg("a"), mine.protocol("echo")), protocolled(t, cfg("b"), echoer("echo"))
	all := b.Events(t.Context())
	join(t, a, b)
	c := mine.wait(t)
	c.ask(t, 3, "nobody listens")
	named, dead := b.Events(t.Context(), msgrw.Strand), b.Events(t.Context(), msgrw.Strand)
	c.ask(t, 4, "hello")
	for _, want := range []string{"received", "sent"} {
		e := <-named.C()
		if e.Strand != "peer.msg" || e.Kind != want || e.Topic != "echo/1" || e.N != 5 || e.Peer != a.Info().ID.String() || e.ID.String() != "0x04" {
			t.Errorf("%+v, want %s", e, want)
		}
	}
	for range 3 * eventRoom {
		c.ask(t, 1, "on and on")
	}
	if dead.Lagged() == 0 {
		t.Error("who does not read misses nothing")
	}
	named.Close()
	dead.Close()
	if n := b.msgWatchers.Load(); n != 0 {
		t.Errorf("%d listeners are left", n)
	}
	all.Close()
	for e := range all.C() {
		if e.Strand == msgrw.Strand {
			t.Fatalf("%+v comes to who did not name it", e)
		}
	}
}

// What protocols say of the node and of peers, and what is counted of them.
// Origin: C1
func TestC1InfoAndFigures(t *testing.T) {
	cfg, mine := kinds[0].make(), newAsker()
	about := map[id.ID]bool{}
	theirs := echoer("echo")
	theirs.NodeInfo = func() any { return "an echo" }
	theirs.PeerInfo = func(who id.ID) any { about[who] = true; return 7 }
	theirs.Attributes = []enr.Pair{{Key: "echo", Value: []byte{0xc1, 0x01}}}
	mute := newAsker()
	a := protocolled(t, cfg("a"), mine.protocol("echo"), newAsker().protocol("mute"))
	b := protocolled(t, cfg("b"), theirs, mute.protocol("mute"))
	join(t, a, b)
	c := mine.wait(t)
	c.ask(t, 1, "hello")
	if got := b.Info().Protocols; len(got) != 1 || got["echo"] != "an echo" {
		t.Errorf("node info %v", got)
	}
	if p := mute.wait(t).peer; !p.RunningCap("echo", []uint{4, 1}) || p.RunningCap("echo", []uint{2}) || p.RunningCap("eth", []uint{1}) ||
		!p.Inbound() || p.ID() != a.Info().ID || len(p.Caps()) != 2 || p.Name() == "" || p.LocalAddr().Network() == "x" || !strings.Contains(p.RemoteAddr().String(), "mem") {
		t.Errorf("%v %v %v", p, p.Caps(), p.RemoteAddr())
	}
	list, err := b.Peers(t.Context())
	if err != nil || len(list) != 1 || list[0].ID != a.Info().ID.String() || list[0].Protocols["echo"] != 7 || list[0].Protocols["mute"] != "unknown" || !list[0].Network.Inbound {
		t.Errorf("peers %+v %v", list, err)
	}
	r, err := enr.Parse(b.Record())
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := r.Get("echo"); !ok || string(v) != "\xc1\x01" {
		t.Errorf("the record has %x %v", v, ok)
	}
	figures, err := b.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]float64{}
	for _, f := range figures {
		for _, m := range f.Metric {
			key := strings.TrimPrefix(f.GetName(), "ropewalk_protocol_")
			for _, l := range m.Label {
				key += " " + l.GetValue()
			}
			seen[key] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for key, want := range map[string]float64{
		"messages_total in echo/1": 1, "messages_total out echo/1": 1, "payload_bytes_total in echo/1": 5, "payload_bytes_total out echo/1": 5,
		"links echo/1": 1, "links mute/1": 1, "queue_messages in echo/1": 0, "messages_total in mute/1": 0,
	} {
		if got, ok := seen[key]; !ok || got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
}

// A record that would not fit any more is refused when the protocol is given.
func TestHandleAttributes(t *testing.T) {
	n := made(t, kinds[0].make()("a"))
	p := echoer("echo")
	p.Attributes = []enr.Pair{{Key: "echo", Value: append([]byte{0xb8, 200}, make([]byte, 200)...)}}
	if err := n.Handle(p); !errors.Is(err, ErrProtocol) || !errors.Is(err, enr.ErrTooLarge) {
		t.Error(err)
	}
	p.Attributes = []enr.Pair{{Key: "ip", Value: []byte{0x01}}}
	if err := n.Handle(p); !errors.Is(err, ErrProtocol) {
		t.Error(err)
	}
	p.Attributes = nil
	if err := n.Handle(p); err != nil {
		t.Error(err)
	}
}
