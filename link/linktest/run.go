package linktest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Run runs the suite. newPair is called once for each test.
func Run(t *testing.T, newPair func(t *testing.T) Pair) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Pair)
	}{
		{"lanes", testLanes},
		{"no lanes", testNoLanes},
		{"info", testInfo},
		{"many messages", testManyMessages},
		{"big messages", testBigMessages},
		{"refusals", testRefusals},
		{"feed", testFeed},
		{"batches", testBatches},
		{"back-pressure", testBackPressure},
		{"lanes apart", testLanesApart},
		{"cancel", testCancel},
		{"half-close", testHalfClose},
		{"reasons", testReasons},
		{"close races", testCloseRaces},
		{"close while blocked", testCloseWhileBlocked},
		{"transport close", testTransportClose},
		{"wrong identity", testWrongIdentity},
		{"dials that fail", testBadDials},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newPair(t)) })
	}
}

// Only protocols of equal name and version are lanes, under each end's own number.
func testLanes(t *testing.T, p Pair) {
	a := made(t, p, "a", []link.Protocol{{Name: "x", Version: 1, Length: 2}, {Name: "y", Version: 2, Length: 3}, {Name: "z", Version: 1, Length: 1}})
	b := made(t, p, "b", []link.Protocol{{Name: "z", Version: 1, Length: 1}, {Name: "x", Version: 2, Length: 2}, {Name: "y", Version: 2, Length: 3}, {Name: "w", Version: 1, Length: 1}})
	ours, theirs := joined(t, a, b)
	if got, want := lanesOf(ours), []link.Lane{1, 2}; !slices.Equal(got, want) {
		t.Errorf("dialler's lanes %v, want %v", got, want)
	}
	if got, want := lanesOf(theirs), []link.Lane{0, 2}; !slices.Equal(got, want) {
		t.Errorf("acceptor's lanes %v, want %v", got, want)
	}
	for _, c := range []struct {
		from, to link.Link
		out, in  link.Lane
		code     uint64
	}{
		{ours, theirs, 1, 2, 2}, {ours, theirs, 2, 0, 0},
		{theirs, ours, 2, 1, 1}, {theirs, ours, 0, 2, 0},
	} {
		write(t, c.from, link.Msg{Lane: c.out, Code: c.code, Data: []byte("text")})
		if m := read(t, c.to, link.Data); m.Lane != c.in || m.Code != c.code || string(m.Data) != "text" {
			t.Errorf("lane %d code %d came as lane %d code %d %q", c.out, c.code, m.Lane, m.Code, m.Data)
		}
	}
	if err := ours.Write(link.Msg{Lane: 3, Data: []byte("text")}); err == nil {
		t.Error("a lane that is not in the table was written")
	}
}

func lanesOf(l link.Link) (out []link.Lane) {
	for _, i := range l.Info().Lanes {
		out = append(out, i.Lane)
	}
	slices.Sort(out)
	return out
}

// Ends that share nothing get no link, and the acceptor none either.
func testNoLanes(t *testing.T, p Pair) {
	a := made(t, p, "a", []link.Protocol{{Name: "x", Version: 1, Length: 1}})
	b := made(t, p, "b", []link.Protocol{{Name: "x", Version: 2, Length: 1}, {Name: "y", Version: 1, Length: 1}})
	c := made(t, p, "c", []link.Protocol{{Name: "y", Version: 1, Length: 1}})
	if l, err := a.Dial(soon(t), id.Ticket{}, b.Addrs()[0]); err == nil {
		t.Errorf("a link without lanes: %+v", l.Info())
	}
	if _, theirs := joined(t, c, b); theirs.Info().ID != Key("c").ID() {
		t.Errorf("accepted %s, want c", theirs.Info().ID.Short())
	}
}

// Info names the right peer, direction and ticket.
func testInfo(t *testing.T, p Pair) {
	a, b := made(t, p, "a", Protocols()), made(t, p, "b", Protocols())
	if len(b.Addrs()) == 0 || b.Addrs()[0].PeerID() != Key("b").Public().PeerID() || b.Addrs()[0].Kind() != b.Kind() {
		t.Fatalf("addresses %v", b.Addrs())
	}
	ours, theirs := joined(t, a, b)
	check := func(got link.Info, remote string, dir link.Direction, ticket id.Ticket) {
		t.Helper()
		pub := Key(remote).Public()
		if got.ID != Key(remote).ID() || got.Public != pub || got.PeerID != pub.PeerID() {
			t.Errorf("remote is %s, want %s", got.ID.Short(), Key(remote).ID().Short())
		}
		if got.Dir != dir || got.Ticket != ticket || got.Kind != a.Kind() || got.Via {
			t.Errorf("dir %s ticket %s kind %s via %v, want %s %s %s", got.Dir, got.Ticket, got.Kind, got.Via, dir, ticket, a.Kind())
		}
		if len(got.Lanes) != len(Protocols()) || len(got.Agent) > 128 || got.Addr.PeerID() != got.PeerID {
			t.Errorf("lanes %v agent %q address %s", got.Lanes, got.Agent, got.Addr)
		}
	}
	check(ours.Info(), "b", link.Out, id.Ticket{Owner: "linktest", N: 7})
	check(theirs.Info(), "a", link.In, id.Ticket{})
	if ours.Info().Addr != b.Addrs()[0] {
		t.Errorf("address %s, want the dialled %s", ours.Info().Addr, b.Addrs()[0])
	}
}

// A peer that cannot prove to be who the address says is refused, and the other
// side never sees a link.
func testWrongIdentity(t *testing.T, p Pair) {
	a, b, c := made(t, p, "a", Protocols()), made(t, p, "b", Protocols()), made(t, p, "c", Protocols())
	to := b.Addrs()[0]
	wrong := to.Bare().WithPeer(Key("nobody").Public().PeerID())
	if to.Kind() == link.RLPx {
		full, err := Key("nobody").Public().Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		wrong = enode(full, to)
	}
	if l, err := a.Dial(soon(t), id.Ticket{}, wrong); err == nil {
		t.Errorf("dialled %s, got %s", wrong, l.Info().ID.Short())
	}
	if _, theirs := joined(t, c, b); theirs.Info().ID != Key("c").ID() {
		t.Errorf("accepted %s, want c", theirs.Info().ID.Short())
	}
}

// Dials that cannot come to a link fail, and within their context.
func testBadDials(t *testing.T, p Pair) {
	a, b := made(t, p, "a", Protocols()), made(t, p, "b", Protocols())
	if _, err := a.Dial(soon(t), id.Ticket{}, p.Nobody); err == nil {
		t.Errorf("dialled %s, where nobody is", p.Nobody)
	}
	if bare := b.Addrs()[0].Bare(); bare.PeerID() == "" {
		if _, err := a.Dial(soon(t), id.Ticket{}, bare); err == nil {
			t.Errorf("dialled %s, which names nobody", bare)
		}
	}
	if _, err := a.Dial(soon(t), id.Ticket{}, a.Addrs()[0]); err == nil {
		t.Error("dialled itself")
	}
	if _, err := a.Dial(soon(t), id.Ticket{}, link.Addr{}); err == nil {
		t.Error("dialled the empty address")
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := within(t, "dial", func() (link.Link, error) { return a.Dial(over, id.Ticket{}, b.Addrs()[0]) }); !errors.Is(err, context.Canceled) {
		t.Errorf("dial in a context that is over: %v", err)
	}
	joined(t, a, b) // none of this did harm
}

// enode is the address of another key at the same place.
func enode(full [64]byte, at link.Addr) link.Addr {
	const head = len("enode://") + 128
	return link.MustAddr("enode://" + hexOf(full[:]) + at.String()[head:])
}
