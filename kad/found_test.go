package kad

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"pgregory.net/rapid"
)

// Three distances: the target's and its neighbours, within 1 to 256.
func TestA11ThreeDistances(t *testing.T) {
	var peer id.ID
	at := func(d int) id.ID { return RandomAt(peer, d, rand.New(rand.NewPCG(1, 1))) }
	for d, want := range map[int][]uint16{
		256: {256, 255, 254}, 255: {255, 256, 254}, 100: {100, 101, 99}, 2: {2, 3, 1}, 1: {1, 2, 3},
	} {
		if got := Distances(at(d), peer); !slices.Equal(got, want) {
			t.Errorf("distance %d: %v, want %v", d, got, want)
		}
	}
	if got := Distances(peer, peer); !slices.Equal(got, []uint16{1, 2, 3}) {
		t.Errorf("of itself: %v", got)
	}
	rapid.Check(t, func(rt *rapid.T) {
		d := rapid.IntRange(0, 256).Draw(rt, "distance")
		target := peer
		if d > 0 {
			target = at(d)
		}
		got := Distances(target, peer)
		slices.Sort(got)
		if len(slices.Compact(got)) != 3 || got[0] < 1 || got[2] > 256 || d > 0 && !slices.Contains(got, uint16(d)) {
			rt.Fatalf("%d: %v", d, got)
		}
	})
}

func TestRandomAt(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rng := draw(rapid.Uint64().Draw(rt, "seed"))
		self, d := Random(rng), rapid.IntRange(-5, 300).Draw(rt, "distance")
		if got := id.LogDistance(self, RandomAt(self, d, rng)); got != min(max(d, 1), 256) {
			rt.Fatalf("distance %d, want %d", got, d)
		}
	})
}

func TestCheckFound(t *testing.T) {
	self, responder := keyOf(1).ID(), keyOf(2).ID()
	const public, home, loop = "20.1.1.1", "192.168.1.1", "127.0.0.1"
	rec := func(ip string, port uint16) *enr.Record { return signed(keyOf(3), 1, ip, port) }
	d := uint16(id.LogDistance(responder, keyOf(3).ID()))
	both, _ := enr.Builder{Seq: 1, UDP: 9000, IP: netip.MustParseAddr(public), IP6: netip.MustParseAddr("fe80::1")}.Sign(keyOf(3))
	bare, _ := enr.Builder{Seq: 1, TCP: 9000, IP: netip.MustParseAddr(public)}.Sign(keyOf(3))
	for _, c := range []struct {
		name  string
		r     *enr.Record
		asked []uint16
		from  string
		want  error
	}{
		{"good", rec(public, 9000), []uint16{d}, public, nil},
		{"good without distances", rec(public, 9000), nil, public, nil},
		{"another distance", rec(public, 9000), []uint16{d - 1, 0}, public, ErrDistance},
		{"no distance asked", rec(public, 9000), []uint16{}, public, ErrDistance},
		{"itself, asked for", signed(keyOf(2), 1, public, 9000), []uint16{0}, public, nil},
		{"itself, not asked for", signed(keyOf(2), 1, public, 9000), nil, public, ErrDistance},
		{"ourselves", signed(keyOf(1), 1, public, 9000), nil, public, ErrSelf},
		{"low port", rec(public, 1024), nil, public, ErrEndpoint},
		{"no port", bare, nil, public, ErrEndpoint},
		{"no address", rec("", 9000), nil, public, ErrEndpoint},
		{"home from afar", rec(home, 9000), nil, public, ErrEndpoint},
		{"home from home", rec(home, 9000), nil, "10.0.0.1", nil},
		{"home from the machine", rec(home, 9000), nil, loop, nil},
		{"machine from home", rec(loop, 9000), nil, home, ErrEndpoint},
		{"machine from the machine", rec(loop, 9000), nil, "::ffff:127.0.0.1", nil},
		{"machine from the machine, IPv6", rec("::1", 9000), nil, loop, nil},
		{"nowhere", rec("0.0.0.0", 9000), nil, loop, ErrEndpoint},
		{"multicast", rec("224.0.0.1", 9000), nil, loop, ErrEndpoint},
		{"broadcast", rec("255.255.255.255", 9000), nil, loop, ErrEndpoint},
		{"documentation", rec("192.0.2.1", 9000), nil, home, ErrEndpoint},
		{"link-local beside a public one", both, nil, public, ErrEndpoint},
		{"IPv4 in IPv6", rec("::ffff:127.0.0.1", 9000), nil, public, ErrEndpoint},
	} {
		err := CheckFound(self, responder, c.asked, netip.MustParseAddr(c.from), c.r)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// Of an answer the good ones are kept, each once and no more than asked for.
func TestA9RecordsInAnswersAreSieved(t *testing.T) {
	all := slices.Clone(records(30))
	list := append(slices.Clone(all[:10]), all[0], all[3], signed(keyOf(900), 1, "10.1.1.1", 9000), all[29])
	good, refused := Sieve(all[1].ID(), all[2].ID(), nil, netip.MustParseAddr("20.1.1.1"), list, 8)
	if len(good) != 8 || refused != 6 || slices.Contains(good, all[1]) || slices.Contains(good, all[2]) {
		t.Errorf("%d good, %d refused", len(good), refused)
	}
}
