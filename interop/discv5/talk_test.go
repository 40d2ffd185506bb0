package discv5

import (
	"bytes"
	"errors"
	"net"
	"testing"

	"github.com/ethereum/go-ethereum/p2p/enode"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// sizes of TALK bodies: none; what the first packet of a handshake holds whatever the
// record; what an established session holds with a protocol's name of two bytes ("echo"
// has four, and takes two of it).
var sizes = []int{0, 1, 775, discv5.TalkMax - 2}

func body(n int) []byte { return bytes.Repeat([]byte{0xa5}, n) }

func echo(_ *enode.Node, _ *net.UDPAddr, b []byte) []byte { return b }

// longest makes a record as long as records may be.
func longest() []enr.Pair {
	return []enr.Pair{{Key: "zz", Value: append([]byte{0xb8, 150}, make([]byte, 150)...)}}
}

// We ask go-ethereum: in a session that is there, and as the first of a session.
func TestTalkToGeth(t *testing.T) {
	for _, n := range sizes {
		g := startGeth(t)
		g.RegisterTalkHandler("echo", echo)
		to, err := enr.Parse(g.Self().String())
		if err != nil {
			t.Fatal(err)
		}
		for _, pairs := range [][]enr.Pair{nil, longest()} {
			s := speak(t, pairs...)
			for _, which := range []string{"first", "second"} {
				a := s.talk(t, to, "echo", body(n))
				if a.Err != nil || !bytes.Equal(a.Body, body(n)) {
					t.Errorf("%d bytes, %s of a session, record of %d bytes: %d bytes, %v", n, which, len(s.rec.Bytes()), len(a.Body), a.Err)
				}
			}
		}
	}
}

// go-ethereum asks us. Its first request of a session must fit into the handshake: what
// does not is lost for ever, so it pings first.
func TestTalkFromGeth(t *testing.T) {
	s := speak(t)
	to := nodeOf(t, s.rec.String())
	for _, n := range sizes {
		g := startGeth(t)
		if n > 775 {
			if _, err := g.Ping(to); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			var got []byte
			rig.Until(t, "an answer", func() string {
				var err error
				if got, err = g.TalkRequest(to, "echo", body(n)); err != nil {
					return err.Error()
				}
				return ""
			})
			if !bytes.Equal(got, body(n)) {
				t.Errorf("%d bytes: %d came back", n, len(got))
			}
		}
	}
	// The longest answer there is.
	if got, err := startGeth(t).TalkRequest(to, "nobody's", body(10)); err != nil || len(got) != 0 {
		t.Errorf("a protocol that nobody has: %x, %v", got, err)
	}
}

// What fits no packet is refused with an error of its type, and nothing is sent.
func TestTalkTooLarge(t *testing.T) {
	g := startGeth(t)
	g.RegisterTalkHandler("ee", echo)
	to, err := enr.Parse(g.Self().String())
	if err != nil {
		t.Fatal(err)
	}
	s := speak(t)
	if a := s.talk(t, to, "ee", body(discv5.TalkMax)); a.Err != nil || len(a.Body) != discv5.TalkMax {
		t.Fatalf("the largest body: %d bytes, %v", len(a.Body), a.Err)
	}
	for _, n := range []int{discv5.TalkMax + 1, 2000, 1 << 20} {
		before := s.packets()
		if a := s.talk(t, to, "ee", body(n)); !errors.Is(a.Err, discv5.ErrTooLarge) {
			t.Errorf("%d bytes: %v", n, a.Err)
		}
		if after := s.packets(); after > before+2 { // the table's own packets aside
			t.Errorf("%d bytes: %d packets sent", n, after-before)
		}
	}
	whole := startRope(t)
	if _, err := whole.Discovery().Talk(rig.Within(t), g.Self().String(), []byte("ee"), body(discv5.TalkMax+1)); !errors.Is(err, ropewalk.ErrTooLarge) {
		t.Errorf("a whole node: %v", err)
	}
	if got, err := whole.Discovery().Talk(rig.Within(t), g.Self().String(), []byte("ee"), body(discv5.TalkMax)); err != nil || len(got) != discv5.TalkMax {
		t.Errorf("a whole node, the largest body: %d bytes, %v", len(got), err)
	}
}
