package config

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// darkfiKeys are the settings of DarkFi's net, and older names of some.
var darkfiKeys = []string{
	"node_id", "inbound", "external_addrs", "peers", "seeds", "magic_bytes", "app_name", "app_version",
	"active_profiles", "mixed_profiles", "tor_socks5_proxy", "nym_socks5_proxy", "i2p_socks5_proxy",
	"outbound_connections", "inbound_connections", "localnet", "outbound_peer_discovery_cooloff_time",
	"outbound_peer_discovery_attempt_time", "getaddrs_max", "p2p_datastore", "hostlist",
	"greylist_refinery_interval", "known_peer_percent", "disable_greys", "time_with_no_connections", "blacklist",
	"ban_policy", "outbound_connect_timeout", "channel_handshake_timeout", "channel_heartbeat_interval",
	"gold_connect_count", "white_connect_percent", "allowed_transports", "mixed_transports", "profiles",
}

// Each key of DarkFi's is taken, with a warning that names ours, or refused with a word
// of what does its work; none is just unknown. The page of record lists them all.
func TestDarkFiKeys(t *testing.T) {
	page, err := os.ReadFile("../docs/settings.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range darkfiKeys {
		key, _ := match([]string{foreignTable, name})
		here := instead([]string{foreignTable, name})
		if (key == nil) == (here == "") {
			t.Errorf("%s: taken %v, refused with %q", name, key != nil, here)
		}
		row := ""
		for line := range strings.Lines(string(page)) {
			if strings.HasPrefix(line, "| `"+name+"`") || strings.HasPrefix(line, "| ") && strings.Contains(strings.SplitN(line, " | ", 2)[0], "`"+name+"`") {
				row = line
			}
		}
		switch {
		case row == "":
			t.Errorf("docs/settings.md has no row for %s", name)
		case key != nil && !strings.Contains(row, "`"+key.Path+"`"):
			t.Errorf("docs/settings.md does not say that %s is %s", name, key.Path)
		}
	}
	for i := range keys {
		if k := &keys[i]; k.parts[0] == "session" && !strings.Contains(string(page), "`"+k.Path+"`") && !strings.Contains(string(page), "`"+k.leaf()+"`") {
			t.Errorf("docs/settings.md does not name %s", k.Path)
		}
	}
	for _, f := range foreign {
		if !slices.Contains(darkfiKeys, f.name) {
			t.Errorf("%s is no key of DarkFi's", f.name)
		}
	}
}

// A file of DarkFi's own is read as far as it goes, with a warning for each name.
func TestDarkFiFile(t *testing.T) {
	s, bad := load(t, "[net]\noutbound_connections = 5\ninbound_connections = 7\nlocalnet = true\ngreylist_refinery_interval = 20\noutbound_connect_timeout = 12\n", nil, nil)
	if bad != "" {
		t.Fatal(bad)
	}
	n := s.Node
	if n.Session.Outbound != 5 || n.Session.Inbound != 7 || !n.Localnet || n.Session.RefineEvery != 20*time.Second || n.Session.DialTimeout != 12*time.Second {
		t.Errorf("%+v", n.Session)
	}
	if len(s.Warnings) != 5 || !strings.Contains(strings.Join(s.Warnings, "\n"), "config.toml:2: net.outbound_connections is called session.outbound here") {
		t.Errorf("%q", s.Warnings)
	}
	for text, want := range map[string]string{
		"[net]\nmagic_bytes = [1, 2, 3, 4]":                      "config.toml:2: net.magic_bytes: [1, 2, 3, 4]: DarkFi's; here networks are told apart by node.network",
		"[session]\ngetaddrs_max = 8":                            "config.toml:2: session.getaddrs_max: 8: DarkFi's; here as many are asked for as an answer may hold, 250",
		"[net]\ninbound = [\"tcp://0.0.0.0:1\"]":                 "config.toml:2: net.inbound: [\"tcp://0.0.0.0:1\"]: DarkFi's; here listen.libp2p and listen.rlpx",
		"[net]\noutbund_connections = 8":                         "config.toml:2: net.outbund_connections: 8: unknown key, want session.outbound?",
		"[net]\noutbund = 8":                                     "config.toml:2: net.outbund: 8: unknown key, want session.outbound?",
		"[net]\nseeds = [\"tcp+tls://lilith1.dark.fi:5262\"]":    "config.toml:2: net.seeds: \"tcp+tls://lilith1.dark.fi:5262\": want multiaddrs with /p2p/ at their end, enode:// addresses, or records (enr:…) that name an address",
		"[net]\n[net.profiles.\"tcp+tls\"]\ninbound = [\"a\"]\n": "config.toml:1: net.profiles: a table: DarkFi's; here listen.libp2p and listen.rlpx; one session.dial_timeout for all",
	} {
		if _, bad := load(t, text, nil, nil); bad != want {
			t.Errorf("%q:\n%s\nwant\n%s", text, bad, want)
		}
	}
}

// A setting under two names at once is one of them: the later line.
func TestTwoNamesOfOne(t *testing.T) {
	s, bad := load(t, "[session]\noutbound = 3\noutbound_connections = 5\n", nil, nil)
	if bad != "" || s.Node.Session.Outbound != 5 {
		t.Errorf("%d %s", s.Node.Session.Outbound, bad)
	}
}
