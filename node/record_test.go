package node

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// What a node says of its addresses in its record is what others read in it, links
// over libp2p first.
func TestRecordRoundTrip(t *testing.T) {
	key, err := id.NewKey(strings.NewReader(strings.Repeat("r", 32)))
	if err != nil {
		t.Fatal(err)
	}
	full, err := key.Public().Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	enode := func(at string) string { return fmt.Sprintf("enode://%x@%s", full, at) }
	peer := "/p2p/" + key.Public().PeerID().String()
	for _, c := range []struct {
		name     string
		in, want []string
	}{
		{"nothing", nil, nil},
		{"RLPx alone", []string{enode("1.2.3.4:30303")}, []string{enode("1.2.3.4:30303")}},
		{"both kinds", []string{enode("1.2.3.4:30303"), "/ip4/1.2.3.4/tcp/1" + peer, "/ip4/1.2.3.4/udp/2/quic-v1" + peer},
			[]string{"/ip4/1.2.3.4/udp/2/quic-v1" + peer, "/ip4/1.2.3.4/tcp/1" + peer, enode("1.2.3.4:30303")}},
		{"both families, one port", []string{enode("1.2.3.4:3"), enode("[2a00::1]:3")}, []string{enode("1.2.3.4:3"), enode("[2a00::1]:3")}},
		{"both families, two ports", []string{enode("1.2.3.4:3"), enode("[2a00::1]:4")}, []string{enode("1.2.3.4:3"), enode("[2a00::1]:4")}},
		{"IPv6 alone", []string{enode("[2a00::1]:4"), "/ip4/1.2.3.4/tcp/1" + peer}, []string{"/ip4/1.2.3.4/tcp/1" + peer, "/ip6/2a00::1/tcp/1" + peer, enode("[2a00::1]:4")}},
		{"the public address wins", []string{enode("127.0.0.1:1"), enode("10.0.0.1:2"), enode("1.2.3.4:3")}, []string{enode("1.2.3.4:3")}},
		{"in memory", []string{"/mem/a" + peer}, nil},
	} {
		var addrs []link.Addr
		for _, text := range c.in {
			addrs = append(addrs, link.MustAddr(text))
		}
		b := recordOf("ropewalk", addrs)
		b.Seq = 1
		r, err := b.Sign(key)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		again, err := enr.Parse(r.String())
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var got []string
		for _, a := range link.RecordAddrs(again) {
			got = append(got, a.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if !same(again, b) {
			t.Errorf("%s: signing the same again would change it", c.name)
		}
		other := b
		if other.TCP++; same(again, other) {
			t.Errorf("%s: another RLPx port changes nothing", c.name)
		}
	}
}
