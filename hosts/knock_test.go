package hosts

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

func at(n int, where string) link.Addr {
	return link.MustAddr(where).WithPeer(testKey(n).Public().PeerID())
}

// Of the addresses of one peer those that the filter lets pass are kept, a few.
func TestHearAddrs(t *testing.T) {
	b := newBook(Config{Self: testKey(99).ID()})
	who := testKey(1).ID()
	mixed := []link.Addr{
		at(1, "/ip4/10.0.0.1/tcp/4001"), at(1, "/ip4/8.1.1.1/tcp/4001"), at(1, "/ip4/8.1.1.1/tcp/22"),
		at(1, "/dns4/rope.example/tcp/4001"), at(2, "/ip4/8.2.2.2/tcp/4001"), at(1, "/ip4/8.1.1.1/udp/4001/quic-v1"),
	}
	if err := b.HearAddrs(t0, "g", mixed); err != nil {
		t.Fatal(err)
	}
	h, ok := b.Get(who)
	if !ok || h.Colour != Grey || h.Source != "g" || len(h.Addrs) != 2 || h.Addrs[0] != mixed[1] || h.Addrs[1] != mixed[5] {
		t.Errorf("%+v", h)
	}
	if err := b.HearAddrs(t0, "g", mixed); !errors.Is(err, ErrKnown) {
		t.Error(err)
	}
	for name, addrs := range map[string][]link.Addr{
		"none": nil, "nobody's": {link.MustAddr("/ip4/8.1.1.1/tcp/1000")},
		"private": {at(3, "/ip4/192.168.1.1/tcp/4001"), at(3, "/ip6/fd00::1/tcp/4001"), at(3, "/ip4/127.0.0.1/tcp/4001")},
		"our own": {at(99, "/ip4/8.1.1.1/tcp/4001")},
	} {
		if err := b.HearAddrs(t0, "g", addrs); err == nil || errors.Is(err, ErrKnown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var many []link.Addr
	for i := range 16 {
		many = append(many, at(4, fmt.Sprintf("/ip4/8.3.3.%d/tcp/4001", i)))
	}
	if err := b.HearAddrs(t0, "g", many); err != nil {
		t.Fatal(err)
	}
	if h, _ := b.Get(testKey(4).ID()); len(h.Addrs) != observedMax {
		t.Errorf("%d addresses of one host", len(h.Addrs))
	}
}

// A dial of an address leaves all unproven hosts there alone for a minute, and
// nothing is remembered after that.
func TestKnocks(t *testing.T) {
	b := newBook(Config{})
	victim := "/ip4/8.1.1.1/tcp/%d"
	for n := range 5 {
		if err := b.HearAddrs(t0, "g", []link.Addr{at(n, fmt.Sprintf(victim, 4000+n))}); err != nil {
			t.Fatal(err)
		}
	}
	h, ok := b.Pick(t0, []Colour{Grey}, nil)
	if !ok {
		t.Fatal("nobody to pick")
	}
	b.Dialled(t0, h.Addrs[0])
	soon := t0.Add(knockEvery)
	if _, ok := b.Pick(soon.Add(-1), []Colour{Grey}, nil); ok {
		t.Error("another identity at the same address is dialled within the minute")
	}
	if got := b.NextTry(t0, []Colour{Grey}, nil); !got.Equal(soon) {
		t.Errorf("next try after %v", got.Sub(t0))
	}
	if _, ok := b.Pick(soon, []Colour{Grey}, nil); !ok {
		t.Error("nobody is dialled after the minute")
	}
	for i := range 5000 {
		b.Dialled(t0, at(1, fmt.Sprintf("/ip4/9.%d.%d.1/tcp/4001", i/250, i%250)))
	}
	if n := b.knocks.at.Len(); n > knocksMax {
		t.Errorf("%d knocks remembered", n)
	}
	b.Advance(soon)
	if n := b.knocks.at.Len(); n != 0 {
		t.Errorf("%d knocks remembered for ever", n)
	}
	b.Dialled(soon, at(1, "/ip4/127.0.0.1/tcp/4001"))
	local := newBook(Config{Localnet: true})
	local.Dialled(soon, at(1, "/ip4/10.0.0.1/tcp/4001"))
	if b.knocks.at.Len()+local.knocks.at.Len() != 0 {
		t.Error("local addresses are remembered")
	}
}

// A host is dialled over RLPx once in 35 s, whatever the outcome of the last dial, but
// in a local network, where nobody throttles.
func TestRLPxIsThrottled(t *testing.T) {
	enode := func(where string) link.Addr {
		full, err := testKey(1).Public().Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		return link.MustAddr(fmt.Sprintf("enode://%x@%s", full, where))
	}
	who := testKey(1).ID()
	for _, c := range []struct {
		name     string
		addr     link.Addr
		localnet bool
		want     bool
	}{
		{"rlpx", enode("8.1.1.1:30303"), false, true},
		{"rlpx in a local network", enode("8.1.1.1:30303"), true, false},
		{"libp2p", at(1, "/ip4/8.1.1.1/tcp/4001"), false, false},
	} {
		for _, ok := range []bool{true, false} {
			b := newBook(Config{Localnet: c.localnet})
			if err := b.HearAddr(t0, "", c.addr); err != nil {
				t.Fatal(err)
			}
			b.Tried(t0, who, ok)
			b.Ended(t0.Add(2*time.Second), who, 2*time.Second)
			early := b.NextTry(t0.Add(2*time.Second), []Colour{Grey}, nil)
			if got := !early.Before(t0.Add(RLPxEvery)); got != c.want {
				t.Errorf("%s, %v: next dial at %s", c.name, ok, early.Sub(t0))
			}
			if _, ok := b.Pick(t0.Add(RLPxEvery-time.Nanosecond), []Colour{Grey}, nil); ok == c.want {
				t.Errorf("%s: picked early %v", c.name, ok)
			}
			if _, ok := b.Pick(t0.Add(RLPxEvery), []Colour{Grey}, nil); !ok {
				t.Errorf("%s: not picked in time", c.name)
			}
		}
	}
	if !Throttled(t0, enode("10.1.1.1:1"), false).IsZero() || !Throttled(time.Time{}, enode("8.1.1.1:1"), false).IsZero() {
		t.Error("a private address, or a host never tried, rests")
	}
}
