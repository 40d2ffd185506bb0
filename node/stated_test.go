package node

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// What the user states stands in the record, under a higher number each time it changes
// something, whatever addresses are learned afterwards.
func TestStatedEndpoint(t *testing.T) {
	w := newWorld(t)
	a := w.add("a", func(c *Config) { c.Localnet, c.Discovery = false, &discv5.Config{Seed: [32]byte{1}} })
	full, err := linktest.Key("a").Public().Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	learned := []link.Addr{link.MustAddr(fmt.Sprintf("enode://%x@20.1.2.3:30303", full))}
	a.n.SetUDP([]netip.AddrPort{netip.MustParseAddrPort("20.1.2.3:9000")})
	if err := a.n.SetAddrs(w.now, learned); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at   string
		tcp  bool
		want string // of the record: ip udp tcp, then the same of IPv6
		bad  bool
	}{
		{"20.1.2.3:9000", false, "20.1.2.3 9000 30303 invalid IP", false},
		{"30.1.2.3:9001", false, "30.1.2.3 9001 30303 invalid IP", false},
		{"30.1.2.3:4000", true, "30.1.2.3 9001 4000 invalid IP", false},
		{"[2a01::1]:9002", false, "30.1.2.3 9001 4000 2a01::1 9002", false},
		{"[::ffff:31.1.2.3]:9003", false, "31.1.2.3 9003 4000 2a01::1 9002", false},
		{"192.168.1.1:9000", false, "", true}, {"127.0.0.1:9000", false, "", true}, {"192.0.2.1:9000", false, "", true},
		{"0.0.0.0:9000", false, "", true}, {"224.0.0.1:9000", false, "", true}, {"20.1.2.3:0", false, "", true}, {"[fe80::1%eth0]:9000", false, "", true},
	} {
		w.now = w.now.Add(time.Millisecond)
		before := a.n.record
		err := a.n.State(w.now, netip.MustParseAddrPort(c.at), c.tcp)
		r := a.n.record
		if c.bad {
			if !errors.Is(err, ErrStatement) || r != before {
				t.Errorf("%s: %v", c.at, err)
			}
			continue
		}
		got := strings.TrimSuffix(fmt.Sprint(r.IP(), r.UDP(false), r.TCP(false), " ", r.IP6(), " ", udp6(r)), " 0")
		if got = strings.Join(strings.Fields(got), " "); err != nil || got != c.want {
			t.Errorf("%s: %q, want %q, %v", c.at, got, c.want, err)
		}
		changes := before.IP() != r.IP() || before.UDP(false) != r.UDP(false) || before.TCP(false) != r.TCP(false) || before.IP6() != r.IP6()
		if changes != (r.Seq() > before.Seq()) || r.Verify() != nil {
			t.Errorf("%s: number %d after %d", c.at, r.Seq(), before.Seq())
		}
	}
	stands := a.n.record
	if err := a.n.SetAddrs(w.now, learned); err != nil || a.n.record != stands {
		t.Errorf("learned again: %v, %v", a.n.record, err)
	}
	b := w.add("b", func(c *Config) { c.Discovery = &discv5.Config{Seed: [32]byte{2}} })
	if err := b.n.State(w.now, netip.MustParseAddrPort("20.1.2.3:4000"), true); !errors.Is(err, ErrStatement) {
		t.Errorf("a node without RLPx: %v", err)
	}
	if err := b.n.State(w.now, netip.MustParseAddrPort("192.168.1.1:4000"), false); err != nil || b.n.record.UDP(false) != 4000 {
		t.Errorf("in a local network: %v", err)
	}
}
