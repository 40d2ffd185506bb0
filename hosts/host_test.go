package hosts

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
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
