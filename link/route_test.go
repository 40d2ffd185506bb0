package link

import "testing"

// Each sort of address has the way that the configuration gives it, and what is mixed
// has no other.
func TestRoutes(t *testing.T) {
	tcp4, quic := "/ip4/1.2.3.4/tcp/1", "/ip4/1.2.3.4/udp/1/quic-v1"
	relayed := "/ip4/1.2.3.4/udp/1/quic-v1/p2p/" + peerText + "/p2p-circuit/p2p/" + peerText
	addrs := []string{
		tcp4, "/dns4/seed.example/tcp/1", enodeAt(t, "[2001:db8::1]:1"), quic, relayed,
		"/onion3/" + onions[0] + ":1", enodeAt(t, onions[0]+".onion:1"), enodeAt(t, b32+":1"),
		enodeAt(t, "/run/a"), "/unix/run/a", "/mem/a",
	}
	const n, d, p = NoRoute, Direct, Proxied
	for _, c := range []struct {
		name  string
		proxy bool
		words []string
		want  [11]Route
	}{
		{"onion alone", true, []string{"onion"}, [11]Route{d, d, d, d, d, p, p, n, d, n, d}},
		{"tcp", true, []string{"tcp"}, [11]Route{p, p, p, d, d, p, p, n, d, n, d}},
		{"tcp and i2p", true, []string{"tcp", "i2p"}, [11]Route{p, p, p, d, d, p, p, p, d, n, d}},
		{"all", true, []string{"all"}, [11]Route{p, p, p, n, n, p, p, n, d, n, d}},
		{"nothing said", true, nil, [11]Route{p, p, p, n, n, p, p, n, d, n, d}},
		{"all without a proxy", false, nil, [11]Route{n, n, n, n, n, n, n, n, d, n, d}},
		{"no proxy", false, []string{"onion"}, [11]Route{d, d, d, d, d, n, n, n, d, n, d}},
	} {
		m, err := ParseMixed(c.words)
		if err != nil {
			t.Fatal(err)
		}
		r := Routes{Proxy: c.proxy, Mixed: m}
		for i, text := range addrs {
			a := MustAddr(text)
			if got := r.Of(a); got != c.want[i] {
				t.Errorf("%s: %s goes %d, want %d", c.name, a, got, c.want[i])
			}
			if slow := r.Timeouts(a) == proxiedTimeouts; slow != (c.want[i] == p || a.Network().Hidden()) {
				t.Errorf("%s: %s has %+v", c.name, a, r.Timeouts(a))
			}
		}
	}
	if r := (Routes{}).Of(Addr{}); r != NoRoute {
		t.Errorf("no address goes %d", r)
	}
	if _, err := ParseMixed([]string{"tcp", "TCP"}); err == nil {
		t.Error("an unknown word is taken")
	}
}
