package link

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/id"
)

// Names of onion services: three of the specification (rend-spec, "Encoding onion
// addresses"), and a search engine's.
var onions = []string{
	"pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd",
	"sp3k262uwy4r2k3ycr5awluarykdpag6a7y33jxop4cs2lu5uz5sseqd",
	"xa4r2iadxm55fbnqgwwi5mymqdcofiu3w6rpbtqn7b2dyn7mgwj64jyd",
	"duckduckgogg42xjoc72x3sjasowoarfbgcmvfimaftt6twagswzczad",
}

const b32 = "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p"

// enodeAt is an RLPx address at a place.
func enodeAt(t testing.TB, place string) string {
	t.Helper()
	k, err := id.NewKey(strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	full := k.Uncompressed()
	return "enode://" + hex.EncodeToString(full[:]) + "@" + place
}

// A name of an onion service stands for a key, and every letter of it counts.
func TestOnionKey(t *testing.T) {
	for _, name := range onions {
		key, err := OnionKey(name + ".onion")
		if err != nil || Onion(key) != name+".onion" {
			t.Fatalf("%s: %v, %s", name, err, Onion(key))
		}
		for i := range name {
			other := byte('a')
			if name[i] == other {
				other = 'b'
			}
			wrong := name[:i] + string(other) + name[i+1:]
			if key, err := OnionKey(wrong + ".onion"); err == nil {
				t.Errorf("%s is taken for %x", wrong, key)
			}
		}
	}
	for _, bad := range []string{"", ".onion", "expyuzz4wqqyqhjn.onion", onions[0], onions[0] + ".onion.", strings.ToUpper(onions[0]) + ".onion"} {
		if _, err := OnionKey(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// Hidden services and sockets of the machine have one form each.
func TestParseHidden(t *testing.T) {
	o, long := onions[0], "/"+strings.Repeat("s", pathBytesMax-1)
	for _, c := range []struct {
		in, out string
		network Network
		port    uint16
		kind    Kind
	}{
		{"/onion3/" + strings.ToUpper(o) + ":4001/p2p/" + peerText, "/onion3/" + o + ":4001/p2p/" + peerText, NetOnion, 4001, LibP2P},
		{"/onion3/" + o + ":4001", "/onion3/" + o + ":4001", NetOnion, 4001, LibP2P},
		{"/onion3/" + o + ":1/p2p/" + peerText + "/p2p-circuit/p2p/" + peerText, "/onion3/" + o + ":1/p2p/" + peerText + "/p2p-circuit/p2p/" + peerText, NetOnion, 1, LibP2P},
		{enodeAt(t, strings.ToUpper(o)+".ONION:30303"), enodeAt(t, o+".onion:30303"), NetOnion, 30303, RLPx},
		{enodeAt(t, b32+":30303"), enodeAt(t, b32+":30303"), NetI2P, 30303, RLPx},
		{enodeAt(t, "/run/node.sock"), enodeAt(t, "/run/node.sock"), NetUnix, 0, RLPx},
		{enodeAt(t, long), enodeAt(t, long), NetUnix, 0, RLPx},
		{"/unix/run/node.sock/p2p/" + peerText, "/unix/run/node.sock/p2p/" + peerText, NetUnix, 0, LibP2P},
		{"/unix/run/node.sock", "/unix/run/node.sock", NetUnix, 0, LibP2P},
		{enodeAt(t, "[2001:DB8:0::1]:1"), enodeAt(t, "[2001:db8::1]:1"), NetIP6, 1, RLPx},
		{enodeAt(t, "[::ffff:1.2.3.4]:1"), enodeAt(t, "1.2.3.4:1"), NetIP4, 1, RLPx},
		{enodeAt(t, "Seed.Example:1"), enodeAt(t, "seed.example:1"), NetDNS, 1, RLPx},
		{"/mem/a", "/mem/a", NetMem, 0, Mem},
		{"/ip6/2001:db8::1/udp/1/quic-v1", "/ip6/2001:db8::1/udp/1/quic-v1", NetIP6, 1, LibP2P},
	} {
		a, err := ParseAddr(c.in)
		if err != nil || a.String() != c.out || a.Network() != c.network || a.Port() != c.port || a.Kind() != c.kind {
			t.Errorf("%q → %q, %v: %s, port %d, %s", c.in, a, err, a.Network(), a.Port(), a.Kind())
		}
		if moved := a.At(netip.MustParseAddrPort("1.2.3.4:5")); (c.network.Hidden() || c.network == NetUnix || c.network == NetMem) != (moved == a) {
			t.Errorf("%s at an IP address is %s", a, moved)
		}
	}
	if n := (Addr{}).Network(); n != "" {
		t.Errorf("no address is of %q", n)
	}
	for _, bad := range []string{
		"/onion3/" + o, "/onion3/" + o + ":0", "/onion3/" + o + ":01", "/onion3/" + o + ":65536", "/onion3/" + o + ":1/tcp/1", "/onion3/" + o[1:] + ":1",
		"/onion3/" + o + ".onion:1", "/onion/expyuzz4wqqyqhjn:80",
		enodeAt(t, o+".onion:0"), enodeAt(t, o+".onion"), enodeAt(t, o+".onion:1?discport=1"), enodeAt(t, "www."+o+".onion:1"), enodeAt(t, "facebook.i2p:1"),
		enodeAt(t, ".onion:1"), enodeAt(t, "onion:1"), enodeAt(t, "a.onion.:1"), "/dns4/" + o + ".onion/tcp/1", "/dns/a.i2p/tcp/1", "/dns/a.I2P./tcp/1",
		enodeAt(t, "/"), enodeAt(t, "//a"), enodeAt(t, "/a/"), enodeAt(t, "/a/../b"), enodeAt(t, "/a b"), enodeAt(t, "/a?b"), enodeAt(t, "/a\n"), enodeAt(t, long+"s"), enodeAt(t, "run/x"),
		"/unix/", "/unix//a", "/unix/a/p2p/x", "/unix/a/p2p", "/unix/p2p/" + peerText, "/unix/a/p2p/" + peerText + "/p2p/" + peerText, "/unix/a/../b",
		enodeAt(t, "::1:1"), enodeAt(t, "[fe80::1%eth0]:1"), enodeAt(t, "[seed.example]:1"), enodeAt(t, "[]:1"),
	} {
		if a, err := ParseAddr(bad); err == nil {
			t.Errorf("%q accepted as %q", bad, a)
		}
	}
}

// Hidden services stand in groups of their own kind; what never leaves the machine in
// none.
func TestHiddenGroups(t *testing.T) {
	for _, c := range []struct{ addr, group string }{
		{"/onion3/" + onions[0] + ":1", "onion:7"}, // p is 15
		{enodeAt(t, onions[0]+".onion:2"), "onion:7"},
		{enodeAt(t, onions[1]+".onion:2"), "onion:9"}, // s is 18
		{enodeAt(t, b32+":1"), "i2p:a"},               // u is 20
		{enodeAt(t, "/run/a"), ""},
		{"/unix/run/a", ""},
	} {
		a := MustAddr(c.addr)
		if a.Group() != c.group || a.Subnet() != c.group {
			t.Errorf("%s: %q %q, want %q", a, a.Group(), a.Subnet(), c.group)
		}
		if local := c.group == ""; a.IsLocal() != local || a.IsLoopback() != local {
			t.Errorf("%s: local %v, loopback %v", a, a.IsLocal(), a.IsLoopback())
		}
	}
	k, err := id.NewKey(strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	a := Unix(k.Uncompressed(), k.ID(), "/run/a")
	if a != MustAddr(enodeAt(t, "/run/a")) || a.Path() != "/run/a" || MustAddr("/unix/run/a/p2p/"+peerText).Path() != "/run/a" || MustAddr("/mem/a").Path() != "" {
		t.Errorf("%s, path %s", a, a.Path())
	}
	if b := Unix(k.Uncompressed(), k.ID(), "a"); !b.IsZero() {
		t.Errorf("a relative path gives %s", b)
	}
}
