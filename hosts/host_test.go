package hosts

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// A killed neighbour is noticed at once over TCP, so TCP is dialled first where QUIC
// has nothing to add.
func TestLocalnetDialsTCPFirst(t *testing.T) {
	key, err := id.NewKey(strings.NewReader(strings.Repeat("h", 32)))
	if err != nil {
		t.Fatal(err)
	}
	for _, localnet := range []bool{true, false} {
		builder := enr.Builder{Seq: 1, IP: netip.MustParseAddr("9.8.7.6"), Rope: &enr.Rope{TCP: 4001, QUIC: 4001}}
		r, err := builder.Sign(key)
		if err != nil {
			t.Fatal(err)
		}
		b := New(Config{Localnet: localnet}, nil)
		if err := b.Hear(time.Unix(1e9, 0), "", r); err != nil {
			t.Fatal(err)
		}
		h, _ := b.Get(key.ID())
		if first, _ := b.Addr(h, 0); first.IsQUIC() == localnet {
			t.Errorf("localnet %v: the first address is %v", localnet, first)
		}
	}
}

// A host is dialled over RLPx when nothing else is left.
func TestRLPxIsDialledLast(t *testing.T) {
	key, err := id.NewKey(strings.NewReader(strings.Repeat("h", 32)))
	if err != nil {
		t.Fatal(err)
	}
	builder := enr.Builder{Seq: 1, IP: netip.MustParseAddr("9.8.7.6"), IP6: netip.MustParseAddr("2a00::1"), TCP: 30303, Rope: &enr.Rope{TCP: 4001, QUIC: 4001}}
	r, err := builder.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kinds []link.Kind
		want  []link.Kind
	}{
		{nil, []link.Kind{link.LibP2P, link.LibP2P, link.LibP2P, link.LibP2P, link.LibP2P, link.RLPx, link.RLPx}},
		{[]link.Kind{link.RLPx}, []link.Kind{link.RLPx, link.RLPx}},
		{[]link.Kind{link.LibP2P}, []link.Kind{link.LibP2P, link.LibP2P, link.LibP2P, link.LibP2P, link.LibP2P}},
	} {
		b := New(Config{Localnet: true, Kinds: c.kinds}, nil)
		enode, _ := key.Public().Uncompressed()
		for _, a := range []link.Addr{
			link.MustAddr(fmt.Sprintf("enode://%x@9.8.7.6:30303", enode)),
			link.MustAddr("/ip4/9.8.7.6/tcp/4002").WithPeer(key.Public().PeerID()),
		} {
			if err := b.Seen(time.Unix(1e9, 0), link.Info{ID: key.ID(), PeerID: key.Public().PeerID(), Dir: link.Out, Addr: a, Record: r}); err != nil {
				t.Fatal(err)
			}
		}
		h, _ := b.Get(key.ID())
		var got []link.Kind
		for _, a := range h.Addrs {
			got = append(got, a.Kind())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("kinds %v: dials %v", c.kinds, h.Addrs)
		}
	}
}

// After an outage of many hosts a free slot goes to one that has not failed.
func TestPickTriesTheFailedLast(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := New(Config{Localnet: true}, rand.New(rand.NewPCG(1, 2)))
	var all []id.ID
	for i := range 20 {
		key, err := id.NewKey(strings.NewReader(strings.Repeat(string(rune('a'+i)), 32)))
		if err != nil {
			t.Fatal(err)
		}
		a := link.MustAddr(fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", 4000+i)).WithPeer(key.Public().PeerID())
		if err := b.HearAddr(now, "", a); err != nil {
			t.Fatal(err)
		}
		all = append(all, key.ID())
	}
	for _, who := range all[1:] {
		b.Tried(now, who, false)
	}
	later := now.Add(time.Hour) // every delay is over
	for range 50 {
		if h, ok := b.Pick(later, []Colour{Gold, White, Grey}, nil); !ok || h.ID != all[0] {
			t.Fatalf("picked %v, want the one host that did not fail", h.ID.Short())
		}
	}
	if h, ok := b.Pick(later, []Colour{Grey}, func(who id.ID) bool { return who == all[0] }); !ok || h.ID == all[0] {
		t.Fatal("the failed ones are never tried again")
	}
}
