package hosts

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

func TestFilter(t *testing.T) {
	peer := testPeer(7)
	for _, c := range []struct {
		addr          string
		public, local bool // allowed
	}{
		{"/ip4/8.8.8.8/tcp/4001", true, true},
		{"/ip4/8.8.8.8/udp/4001/quic-v1", true, true},
		{"/ip6/2606:4700::1/tcp/4001", true, true},
		{"/ip4/127.0.0.1/tcp/4001", false, true},
		{"/ip4/10.1.2.3/tcp/4001", false, true},
		{"/ip4/172.31.0.1/tcp/4001", false, true},
		{"/ip4/192.168.1.1/tcp/4001", false, true},
		{"/ip4/169.254.1.1/tcp/4001", false, true},
		{"/ip4/100.64.0.1/tcp/4001", false, true},
		{"/ip4/192.0.2.1/tcp/4001", false, true},
		{"/ip4/198.18.0.1/tcp/4001", false, true},
		{"/ip4/203.0.113.9/tcp/4001", false, true},
		{"/ip4/240.0.0.1/tcp/4001", false, true},
		{"/ip4/0.1.2.3/tcp/4001", false, true},
		{"/ip4/0.0.0.0/tcp/4001", false, false},
		{"/ip4/255.255.255.255/tcp/4001", false, false},
		{"/ip4/224.0.0.1/tcp/4001", false, false},
		{"/ip6/::1/tcp/4001", false, true},
		{"/ip6/::/tcp/4001", false, false},
		{"/ip6/fe80::1/tcp/4001", false, true},
		{"/ip6/fd00::1/tcp/4001", false, true},
		{"/ip6/ff02::1/tcp/4001", false, false},
		{"/ip6/2001:db8::1/tcp/4001", false, true},
		{"/ip6/2002:808:808::1/tcp/4001", false, true},
		{"/ip6/2001:10::1/tcp/4001", false, true},
		{"/ip6/5f00::1/tcp/4001", false, true},
		{"/ip6/::ffff:127.0.0.1/tcp/4001", false, true},
		{"/ip6/64:ff9b::808:808/tcp/4001", false, true},
		{"/ip4/8.8.8.8/tcp/22", false, false},
		{"/ip4/8.8.8.8/tcp/25", false, false},
		{"/ip4/8.8.8.8/tcp/0", false, false},
		{"/ip4/127.0.0.1/tcp/6379", false, false},
		{"/dns4/example.org/tcp/4001", false, false},
		{"/mem/a", false, true},
		{"/onion3/pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd:4001", true, true},
		{"/onion3/pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd:25", false, false},
		{"/unix/run/node.sock", false, false},
	} {
		a := link.MustAddr(c.addr + "/p2p/" + peer.String())
		for _, local := range []bool{false, true} {
			f := Filter{Localnet: local}
			want := c.public
			if local {
				want = c.local
			}
			if err := f.Allowed(a); (err == nil) != want {
				t.Errorf("%s, localnet %v: %v", c.addr, local, err)
			}
			f.Self = peer.ID()
			if err := f.Allowed(a); !errors.Is(err, ErrSelf) {
				t.Errorf("%s of ourselves: %v", c.addr, err)
			}
		}
	}
}

func TestOwnAddressesAreBounded(t *testing.T) {
	var f Filter
	f.Localnet = true
	for n := range 3 * ownMax {
		f.Mine(t0, link.MustAddr(fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", 10000+n)))
	}
	if f.own.Len() != ownMax {
		t.Fatalf("%d own addresses", f.own.Len())
	}
	last := link.MustAddr(fmt.Sprintf("/ip4/127.0.0.1/tcp/%d", 10000+3*ownMax-1)).WithPeer(testPeer(1))
	if err := f.Allowed(last); !errors.Is(err, ErrSelf) {
		t.Fatalf("own address under another key: %v", err)
	}
}

func TestBans(t *testing.T) {
	b := newBook(Config{BansMax: 4})
	a := testAddr(1, "8.1.1.1")
	for _, c := range []struct{ text, want string }{
		{a.ID().String(), a.ID().String()},
		{a.PeerID().String(), a.ID().String()},
		{a.String(), a.ID().String()},
		{a.Bare().String(), "8.1.1.1/32"},
		{"8.1.1.1", "8.1.1.1/32"},
		{"2001:db8:1:2:3::4", "2001:db8:1:2::/64"},
		{"2001:db8:1:2::/64", "2001:db8:1:2::/64"},
		{"8.1.0.0/16", ""}, {"nobody", ""}, {"", ""},
	} {
		target, err := ParseTarget(c.text)
		if err != nil && c.want == "" {
			continue
		}
		if err != nil || target.String() != c.want {
			t.Errorf("target %q is %s, %v; want %s", c.text, target, err, c.want)
		}
	}
	_ = b.HearAddr(t0, "", a)
	_ = b.Ban(t0, OfIP(a.IP()), time.Minute)
	if !b.Banned(t0, id.ID{}, a) || b.Banned(t0, a.ID(), link.Addr{}) {
		t.Error("a ban by address must hit the address alone")
	}
	if _, ok := b.Pick(t0, []Colour{Grey}, nil); ok {
		t.Error("picked a host at a banned address")
	}
	if err := b.HearAddr(t0, "", testAddr(2, "8.1.1.1")); !errors.Is(err, ErrBanned) {
		t.Errorf("heard of a host at a banned address: %v", err)
	}
	if at := t0.Add(time.Minute); b.Banned(at, id.ID{}, a) {
		t.Error("the ban did not end")
	}
	for n := range 10 { // the ban that ends first gives way
		_ = b.Ban(t0, OfID(testPeer(100+n).ID()), time.Duration(n+1)*time.Hour)
	}
	if got := len(b.Bans(t0)); got != 4 || !b.Banned(t0, testPeer(109).ID(), link.Addr{}) {
		t.Errorf("%d bans in force", got)
	}
	b.Advance(t0.Add(banMax))
	if got := b.bans.len(); got != 0 {
		t.Errorf("%d bans left after all ended", got)
	}
	if err := b.Ban(t0, OfID(b.cfg.Self), 0); err == nil {
		t.Error("banned ourselves")
	}
}

// Of a restricted book's hosts none is outside, local network or not.
func TestFilterRestricts(t *testing.T) {
	r, err := link.ParseRestriction([]string{"10.0.0.0/8", "8.8.0.0/16"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		addr          string
		public, local error
	}{
		{"/ip4/8.8.8.8/tcp/4001", nil, nil},
		{"/ip4/8.9.8.8/tcp/4001", ErrOutside, ErrOutside},
		{"/ip4/10.1.1.1/tcp/4001", ErrAddress, nil},
		{"/ip4/127.0.0.1/tcp/4001", ErrOutside, ErrOutside},
		{"/ip6/2606:4700::1/tcp/4001", ErrOutside, ErrOutside},
		{"/ip6/::ffff:8.8.1.1/tcp/4001", nil, nil},
		{"/mem/a", ErrAddress, nil},
	} {
		for _, local := range []bool{false, true} {
			f, want := Filter{Localnet: local, Restrict: r}, c.public
			if local {
				want = c.local
			}
			if err := f.Allowed(link.MustAddr(c.addr + "/p2p/" + testPeer(7).String())); !errors.Is(err, want) {
				t.Errorf("%s, local %v: %v, want %v", c.addr, local, err, want)
			}
		}
	}
}
