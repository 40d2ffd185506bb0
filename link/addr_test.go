package link

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

const peerText = "16Uiu2HAmCQbjVZ8SCaTHEhBrRmUNP3rKQcDSVYBDcvkQVuUVsaGr"

func TestParseAddr(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0"},
		{"/ip4/1.2.3.4/udp/4001/quic-v1/", "/ip4/1.2.3.4/udp/4001/quic-v1"},
		{"/ip6/2001:DB8:0::1/tcp/9", "/ip6/2001:db8::1/tcp/9"},
		{"/dns4/seed.example/tcp/4001", "/dns4/seed.example/tcp/4001"},
		{"/mem/n1", "/mem/n1"},
	} {
		if a, err := ParseAddr(c.in); err != nil || a.String() != c.out {
			t.Errorf("%q → %q, %v; want %q", c.in, a, err, c.out)
		}
	}
	for _, bad := range []string{"", "x", "/", "/ip4/1.2.3.4", "/ip4/1.2.3/tcp/1", "/ip4/::1/tcp/1", "/ip4/1.2.3.4/tcp/65536", "/ip4/1.2.3.4/tcp/01",
		"/ip4/1.2.3.4/udp/1", "/ip4/1.2.3.4/tcp/1/ws", "/ip4/1.2.3.4/tcp/1/p2p/x", "enode://00@1.2.3.4:1", "http://x"} {
		if a, err := ParseAddr(bad); err == nil {
			t.Errorf("%q accepted as %q", bad, a)
		}
	}
}

func TestAddrGroups(t *testing.T) {
	for _, c := range []struct{ addr, group, subnet string }{
		{"/ip4/9.8.7.6/tcp/1", "9.8.0.0/16", "9.8.7.0/24"},
		{"/ip6/2001:db8:1:2:3::1/tcp/1", "2001:db8::/32", "2001:db8:1::/56"},
		{"/ip4/127.0.0.1/tcp/1", "", ""},
		{"/mem/a", "", ""},
		{"/dns/x.example/tcp/1", "name:x.example", "name:x.example"},
	} {
		if a := MustAddr(c.addr); a.Group() != c.group || a.Subnet() != c.subnet {
			t.Errorf("%s: %q %q", c.addr, a.Group(), a.Subnet())
		}
	}
}

func FuzzAddr(f *testing.F) {
	f.Add("/ip4/1.2.3.4/tcp/1")
	f.Add("/ip6/::1/udp/1/quic-v1/p2p/" + peerText)
	f.Add("enode://x@1.2.3.4:5?discport=6")
	f.Add("/onion3/" + onions[0] + ":1/p2p/" + peerText)
	f.Add("/unix/a/b/p2p/" + peerText)
	for _, place := range []string{"1.2.3.4:5?discport=6", "[::1]:5", "seed.example:1", onions[1] + ".onion:1", b32 + ":1", "/run/a"} {
		f.Add(enodeAt(f, place))
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseAddr(s)
		if err != nil {
			return
		}
		again, err := ParseAddr(a.String())
		if err != nil || again != a {
			t.Fatalf("%q → %q → %q, %v", s, a, again, err)
		}
		if len(a.String()) > addrBytesMax {
			t.Fatalf("%q has %d bytes", a, len(a.String()))
		}
		switch n := a.Network(); {
		case n == "", a.IP().IsValid() != (n == NetIP4 || n == NetIP6), n == NetUnix && a.Path() == "":
			t.Fatalf("%q is of %q, IP %s", a, n, a.IP())
		case n == NetDNS && hidden(a.Host()):
			t.Fatalf("DNS would be asked for %q", a)
		case n.Hidden() && a.Group() == "":
			t.Fatalf("%q has no group", a)
		}
		_, _ = a.Port(), a.ID()
	})
}

// What a record gives is what parsing its text gives, worked-out ID included.
func TestRecordAddrsAreCanonical(t *testing.T) {
	k, err := id.NewKey(strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	b := enr.Builder{Seq: 1, IP: netip.MustParseAddr("1.2.3.4"), IP6: netip.MustParseAddr("2001:db8::1"), TCP: 30303, Rope: &enr.Rope{TCP: 4001, QUIC: 4002, Onion: enr.Onion{Key: [32]byte{1, 2, 3}, LibP2P: 4003, RLPx: 4004}}}
	r, err := b.Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	got := RecordAddrs(r)
	if len(got) < 7 {
		t.Fatalf("%d addresses, want 7 at least: %v", len(got), got)
	}
	for _, a := range got {
		if again, err := ParseAddr(a.String()); err != nil || again != a || a.ID() != k.ID() {
			t.Errorf("%v parses as %v, %v", a, again, err)
		}
	}
}

// An address at another place dials the same node there in the same way.
func TestAt(t *testing.T) {
	key, err := id.NewKey(strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	full, err := key.Public().Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	pub := hex.EncodeToString(full[:])
	for _, c := range [][3]string{
		{"/ip4/10.0.0.1/tcp/1", "8.8.8.8:2", "/ip4/8.8.8.8/tcp/2"},
		{"/ip4/10.0.0.1/udp/1/quic-v1/p2p/" + peerText, "[2a00::1]:2", "/ip6/2a00::1/udp/2/quic-v1/p2p/" + peerText},
		{"/dns4/example.org/tcp/1", "8.8.8.8:2", "/ip4/8.8.8.8/tcp/2"},
		{"/mem/a", "8.8.8.8:2", "/mem/a"},
		{"enode://" + pub + "@0.0.0.0:30303", "8.8.8.8:2", "enode://" + pub + "@8.8.8.8:2"},
		{"enode://" + pub + "@[::]:30303?discport=7", "[2a00::1]:30303", "enode://" + pub + "@[2a00::1]:30303?discport=7"},
		{"/ip4/10.0.0.1/tcp/1", "[::ffff:8.8.8.8]:2", "/ip4/8.8.8.8/tcp/2"},
	} {
		got := MustAddr(c[0]).At(netip.MustParseAddrPort(c[1]))
		if got != MustAddr(c[2]) {
			t.Errorf("%s at %s is %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

// An RLPx address tells its key in full, whatever else it says.
func TestAddrUncompressed(t *testing.T) {
	k, err := id.KeyFromBytes([]byte("an enode names its key in full..")[:32])
	if err != nil {
		t.Fatal(err)
	}
	full := k.Uncompressed()
	a := MustAddr(fmt.Sprintf("enode://%X@[::1]:30303?discport=1", full))
	if got, ok := a.Uncompressed(); !ok || got != full || a.PeerID() != k.Public().PeerID() {
		t.Errorf("%s names %x", a, got)
	}
	for _, a := range []Addr{{}, MustAddr("/mem/n1"), MustAddr("/ip4/1.2.3.4/tcp/1/p2p/" + peerText)} {
		if _, ok := a.Uncompressed(); ok {
			t.Errorf("%q names a key in full", a)
		}
	}
}
