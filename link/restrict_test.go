package link

import (
	"errors"
	"net/netip"
	"testing"
)

func TestRestriction(t *testing.T) {
	r, err := ParseRestriction([]string{"10.1.2.3/8", "2001:db8::/32", "192.0.2.7/32", "fe80::/10"})
	if err != nil {
		t.Fatal(err)
	}
	for ip, want := range map[string]bool{
		"10.0.0.0": true, "10.255.255.255": true, "11.0.0.0": false, "9.255.255.255": false,
		"192.0.2.7": true, "192.0.2.8": false,
		"::ffff:10.1.1.1": true, "::ffff:11.1.1.1": false,
		"2001:db8:ffff::1": true, "2001:db9::1": false, "::1": false, "fe80::1%eth0": true,
	} {
		if got := r.Allows(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v", ip, got)
		}
		if !Restriction(nil).Allows(netip.MustParseAddr(ip)) {
			t.Errorf("%s: no restriction refuses it", ip)
		}
	}
	if r.Allows(netip.Addr{}) {
		t.Error("no address is allowed")
	}
	for a, want := range map[string]bool{
		"/ip4/10.0.0.1/tcp/1": true, "/ip4/11.0.0.1/tcp/1": false, "/ip6/2001:db8::1/udp/1/quic-v1": true,
		"/dns4/example.org/tcp/1": true, "/mem/x": true, "/unix/run/x": true, "/onion3/" + onions[0] + ":1": false,
	} {
		if got := r.AllowsAddr(MustAddr(a)); got != want {
			t.Errorf("%s: %v", a, got)
		}
	}
	for _, bad := range []string{"", "10.0.0.0", "10.0.0.0/33", "::ffff:10.0.0.0/104", "example.org/8", "fe80::%eth0/10"} {
		if _, err := ParseRestriction([]string{bad}); !errors.Is(err, ErrRestriction) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if none, err := ParseRestriction(nil); err != nil || len(none) != 0 {
		t.Errorf("%v %v", none, err)
	}
}
