package hosts

import (
	"errors"
	"fmt"

	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// Whatever failed comes back: a host of any colour that failed for a while is picked
// again when its rest is over, and is proven again when it answers.
func TestTrap4FailedHostsComeBack(t *testing.T) {
	for _, c := range []Colour{Grey, White, Gold} {
		most := 8
		if c == Grey {
			most = 4 // never reached: it is forgotten after ten minutes of failures
		}
		for fails := 1; fails < most; fails++ {
			b, who, _ := inColour(t, c)
			now := t0
			for range fails {
				b.Tried(now, who, false)
				h, _ := b.Get(who)
				now = h.RetryAt
			}
			mustColour(t, b, who, Grey)
			h, ok := b.Pick(now, []Colour{Gold, White, Grey}, nil)
			if !ok || h.ID != who {
				t.Fatalf("%s, failed %d times: not picked when its rest is over", c, fails)
			}
			b.Tried(now, who, true)
			for _, to := range []Colour{White, Gold} {
				if err := b.Move(now, who, to); err != nil {
					t.Fatalf("%s, failed %d times: not to be %s: %v", c, fails, to, err)
				}
			}
			if h, _ := b.Get(who); h.Fails != 0 || h.Colour != Gold {
				t.Fatalf("%+v", h)
			}
			checkInvariants(t, b)
		}
	}
}

// A file that is loaded twice doubles nothing, and neither does a line that stands in it
// twice, under two colours.
func TestTrap9LoadTwice(t *testing.T) {
	x := testAddr(1, "8.1.1.1")
	line := fmt.Sprintf("%%s\t%s\t1\t0\t0\ter\t-\t-\t%s\t1\n", x.ID(), x)
	data := withSum(fmt.Sprintf(line, "grey") + fmt.Sprintf(line, "white") + fmt.Sprintf(line, "gold"))
	b := newBook(Config{})
	for range 2 {
		if err := b.Load(t0, data); err != nil {
			t.Fatal(err)
		}
		checkInvariants(t, b)
		if total, all := b.Page(None, 0, 10); total != 1 || len(all) != 1 || all[0].Colour != Grey {
			t.Fatalf("%d hosts: %+v", total, all)
		}
	}
}

// Times in the future order nothing and keep nobody: loaded ones become now, dark
// entries age, and one source replaces no more than its share of grey.
func TestTrap10PoisonedTimes(t *testing.T) {
	future := t0.Add(292 * 365 * 24 * time.Hour).Unix()
	lines := ""
	for n, c := range []Colour{Grey, White, Gold} {
		x := testAddr(n, fmt.Sprintf("8.%d.1.1", n))
		lines += fmt.Sprintf("%s\t%s\t%d\t%d\t0\ter\t-\t-\t%s\t%d\n", c, x.ID(), future, future, x, future)
	}
	pub, _ := testKey(9).Public().Uncompressed()
	lines += fmt.Sprintf("dark\t%s\t0\t%d\t0\t-\t-\t-\tenode://%x@8.9.1.1:30303\t0\n", testKey(9).ID(), future, pub)
	b := newBook(Config{Kinds: []link.Kind{link.LibP2P}})
	if err := b.Load(t0, withSum(lines)); err != nil {
		t.Fatal(err)
	}
	if b.Len() != 4 {
		t.Fatalf("%d hosts", b.Len())
	}
	for _, e := range b.entries.All() {
		if e.LastSeen.After(t0) || e.LastTried.After(t0) || e.Proven.After(t0) {
			t.Errorf("%s: seen %s, tried %s, proven %s", e.Colour, e.LastSeen, e.LastTried, e.Proven)
		}
	}
	b.Advance(t0.Add(DarkFor))
	if c := b.Counts(); c.Dark != 0 {
		t.Error("a dark entry of the future does not age")
	}
	before := b.Counts().Grey
	for n := range 2600 { // what one message of addresses held that replaced a whole list
		_ = b.HearAddr(t0, "6.6.0.0/16", testAddr(100+n, fmt.Sprintf("9.%d.%d.1", n%250, n/250)))
	}
	if got := b.Counts().Grey - before; got > SourceMax {
		t.Errorf("one source placed %d", got)
	}
}

// Two nodes behind one IP address, and a network whose nodes all use the default port,
// meet: an address is our own only as a whole.
func TestTrap15NeighboursAreNotOurselves(t *testing.T) {
	for _, c := range []struct {
		name, own, other string
		localnet         bool
	}{
		{"one IP address", "/ip4/8.1.1.1/tcp/4001", "/ip4/8.1.1.1/tcp/4002", false},
		{"one port", "/ip4/192.168.1.1/tcp/4001", "/ip4/192.168.1.2/tcp/4001", true},
	} {
		b := newBook(Config{Self: testPeer(0).ID(), Localnet: c.localnet})
		b.Own(t0, testPeer(5).ID(), link.MustAddr(c.own))
		a := link.MustAddr(c.other).WithPeer(testPeer(1))
		if err := b.HearAddr(t0, "", a); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if _, ok := b.Pick(t0, []Colour{Grey}, nil); !ok {
			t.Errorf("%s: they never meet", c.name)
		}
		same := link.MustAddr(c.own).WithPeer(testPeer(2))
		if err := b.HearAddr(t0, "", same); !errors.Is(err, ErrSelf) {
			t.Errorf("%s: our own address under another key: %v", c.name, err)
		}
		b.Advance(t0.Add(ownFor)) // it may be somebody else's by then
		if err := b.HearAddr(t0.Add(ownFor), "", same); err != nil {
			t.Errorf("%s: after an hour: %v", c.name, err)
		}
	}
}

// A clock that was set back loses no host and no ban, and once it is right again nothing
// rests for years; a book of another network is refused whole, and so is a file of
// another program.
func TestTrap29StaleBooks(t *testing.T) {
	b := newBook(Config{Network: "alpha"})
	var who []Host
	for n := range 20 {
		a := testAddr(n, fmt.Sprintf("8.%d.1.1", n))
		_ = b.HearAddr(t0, "", a)
		_ = b.Move(t0, a.ID(), []Colour{Grey, White, Gold}[n%3])
		b.Tried(t0, a.ID(), n%2 == 0)
		h, _ := b.Get(a.ID())
		who = append(who, h)
	}
	_ = b.Ban(t0, OfID(testPeer(50).ID()), 24*time.Hour)
	saved := b.Encode(true)

	past := t0.Add(-40 * 365 * 24 * time.Hour) // no battery: 1986
	again := newBook(Config{Network: "alpha"})
	if err := again.Load(past, saved); err != nil {
		t.Fatal(err)
	}
	if again.Len() != len(who) || !again.Banned(past, testPeer(50).ID(), link.Addr{}) {
		t.Errorf("%d hosts of %d after the clock was set back", again.Len(), len(who))
	}
	for _, h := range who {
		if x, _ := again.Get(h.ID); x.LastSeen.After(past) {
			t.Errorf("seen at %s", x.LastSeen)
		}
	}
	// The same while the book is open.
	for range 10 {
		b.Advance(past)
	}
	for _, h := range who {
		if x, ok := b.Get(h.ID); !ok || x.RetryAt.After(past.Add(time.Hour)) {
			t.Errorf("%v: %s rests until %s", ok, h.Colour, x.RetryAt)
		}
	}
	checkInvariants(t, b)

	other := newBook(Config{Network: "beta"})
	if err := other.Load(t0, saved); !errors.Is(err, ErrForeign) || other.Len() != 0 {
		t.Errorf("a book of another network: %v, %d hosts", err, other.Len())
	}
	if got := FileNetwork(saved); got != Mark("alpha") {
		t.Errorf("the file is of %q", got)
	}
	for _, text := range []string{"gold\ttcp+tls://lilith1.dark.fi:5262\t1700000000\n", "[]", "\x00\x01", fileHeader, ""} {
		if err := other.Load(t0, []byte(text)); err == nil || other.Len() != 0 {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
