package nat

import (
	"net/netip"
	"testing"
)

func TestParseMode(t *testing.T) {
	for _, text := range []string{"none", "any", "upnp", "pmp", "pmp:192.168.1.1", "extip:1.2.3.4", "extip:2001:db8::1", "upnp:http://192.168.1.1:5000/desc.xml"} {
		m, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if asks := text != "none" && m.Kind != ExtIP; m.Asks() != asks {
			t.Errorf("%s asks: %v", text, m.Asks())
		}
	}
	for _, text := range []string{"", "all", "None", "none:1", "any:1.2.3.4", "extip", "extip:", "extip:example.org", "extip:0.0.0.0", "pmp:", "pmp:x", "upnp:", "upnp:192.168.1.1", "upnp:https://x/", "upnp:http:///x"} {
		if m, err := Parse(text); err == nil {
			t.Errorf("%q is read as %+v", text, m)
		}
	}
}

func TestDefaultRoutes(t *testing.T) {
	table := "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
		"eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n" +
		"eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n" +
		"wlan0\t00000000\t00000000\t0001\t0\t0\t600\t00000000\t0\t0\t0\n" +
		"bad\t00000000\tzz\t0003\n\nshort\t00000000\n"
	if got := defaultRoutes(table); len(got) != 1 || got[0] != netip.MustParseAddr("192.168.1.1") {
		t.Errorf("%v, want 192.168.1.1", got)
	}
}
