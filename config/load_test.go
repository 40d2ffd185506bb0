package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// load reads text as the file of a data folder and returns problems as lines, with
// the folder's name taken out.
func load(t *testing.T, text string, env []string, flags map[string][]string) (*Settings, string) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, FileName)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Load(Options{File: file, Env: append(env, "HOME="+dir), Flags: flags})
	if err == nil {
		return s, ""
	}
	var ce *Error
	if !errors.As(err, &ce) {
		t.Fatalf("%T is no *Error", err)
	}
	return s, strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
}

func TestProblems(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"out of range", "[session]\noutbound = 129", `config.toml:2: session.outbound: 129: want 0 to 128`},
		{"negative", "[session]\noutbound = -1", `config.toml:2: session.outbound: -1: want 0 to 128`},
		{"wrong type", "[session]\n\n# c\noutbound = \"many\"", `config.toml:4: session.outbound: "many": want 0 to 128`},
		{"float for int", "[gossip]\nD = 6.5", `config.toml:2: gossip.D: 6.5: want 1 to 64`},
		{"duration without unit", "[session]\nrefine_every = 15", `config.toml:2: session.refine_every: 15: want a duration of 1s to 1h, such as "30s"`},
		{"size", "[gossip]\nmax_message_size = \"2MiB\"", `config.toml:2: gossip.max_message_size: "2MiB": want a size of 1KiB to 1MiB, such as "64MiB"`},
		{"choice", "[node]\nprofile = \"fast\"", `config.toml:2: node.profile: "fast": want light, desktop, server, seed`},
		{"unknown key", "[session]\noutbund = 3", `config.toml:2: session.outbund: 3: unknown key, want session.outbound?`},
		{"unknown key like none", "[session]\nredial = 3", `config.toml:2: session.redial: 3: unknown key`},
		{"key of another table", "[node]\noutbound = 3", `config.toml:2: node.outbound: 3: unknown key, want session.outbound?`},
		{"key without table", "network = \"x\"", `config.toml:1: network: "x": want a table [network."NAME"]; the node's own network is node.network`},
		{"unknown table", "[sesion]\noutbound = 3", `config.toml:1: sesion: a table: unknown key, want session?`},
		{"far from anything", "[node]\nxyzzyplugh = 1", `config.toml:2: node.xyzzyplugh: 1: unknown key`},
		{"table for value", "[node.network]\na = 1", `config.toml:1: node.network: a table: want text of 1 to 64 bytes in quotes`},
		{"value for table", "node = 3", `config.toml:1: node: 3: want a table`},
		{"array of tables", "[[node]]\nnetwork = \"a\"", `config.toml:1: node: a table: want a table`},
		{"list of numbers", "[session]\nseeds = [1, 2]", `config.toml:2: session.seeds: [1, 2]: want a list of texts in quotes`},
		{"listen with peer", "[listen]\nlibp2p = [\"/ip4/1.2.3.4\"]", `config.toml:2: listen.libp2p: "/ip4/1.2.3.4": want multiaddrs such as /ip4/0.0.0.0/tcp/4001 or /ip4/0.0.0.0/udp/4001/quic-v1, without /p2p/`},
		{"rlpx by name", "[listen]\nrlpx = \"example.org:30303\"", `config.toml:2: listen.rlpx: "example.org:30303": want IP:PORT such as 0.0.0.0:30303 or [::]:30303, port 0 for any free one, the path of a Unix socket, or "off"`},
		{"rlpx without port", "[listen]\nrlpx = [\"0.0.0.0:1\", \"::1\"]", `config.toml:2: listen.rlpx: "::1": want IP:PORT such as 0.0.0.0:30303 or [::]:30303, port 0 for any free one, the path of a Unix socket, or "off"`},
		{"rlpx off and on", "[listen]\nrlpx = [\"0.0.0.0:1\", \"off\"]", `config.toml:2: listen.rlpx: "off": want IP:PORT such as 0.0.0.0:30303 or [::]:30303, port 0 for any free one, the path of a Unix socket, or "off"`},
		{"exposed dnet", "[listen]\ndnet = \"192.0.2.1:80\"", `config.toml:2: listen.dnet: 192.0.2.1:80: want a loopback address or unix:PATH: this socket has no token`},
		{"dnet nowhere", "[listen]\ndnet = \"unix:\"", `config.toml:2: listen.dnet: "unix:": want HOST:PORT such as 127.0.0.1:7481, port 0 for any free one, unix:PATH, or "" for none`},
		{"dnet control", "[listen]\ndnet = \"127.0.0.1:0\"\ndnet_control = true", `config.toml:3: listen.dnet_control: true: want listen.dnet = "unix:PATH": every user of this machine reaches a TCP port`},
		{"exposed rpc", "[listen]\nrpc = \"0.0.0.0:80\"", `config.toml:2: listen.rpc: 0.0.0.0:80: want a loopback address, or listen.rpc_expose = true`},
		{"topic", "[gossip.topic.\"a.b\"]\nsign = \"maybe\"", `config.toml:2: gossip.topic."a.b".sign: "maybe": want strict, none, lax, lax-none`},
		{"overlay network", "[overlay.network.\"x\"]\nkind = \"blob\"\nprotocol = \"zz\"", `config.toml:3: overlay.network."x".protocol: "zz": want 1 to 8 bytes in hex, such as "0x500b"`},
		{"generic network", "[overlay.network.\"x\"]\nkind = \"generic\"", `config.toml:2: overlay.network."x".protocol: "": want 1 to 8 bytes in hex: the kind has none of its own`},
		{"conflict", "[gossip]\nDlo = 9", `config.toml:2: gossip.D: 6 (Dlo 9, Dhi 12): want Dlo ≤ D ≤ Dhi`},
		{"max peers and outbound", "[session]\nmax_peers = 5\noutbound = 9", `config.toml:3: session.outbound: 9: want at most session.max_peers = 5`},
		{"max peers and both", "[session]\ninbound = 4\noutbound = 3\nmax_peers = 5", `config.toml:2: session.inbound: 4: want at most 2, for session.outbound = 3 and session.max_peers = 5`},
		{"ratio", "[session]\nmax_peers = 5\ndial_ratio = 0", `config.toml:3: session.dial_ratio: 0: want 1 to 4224`},
		{"trusted", "[session]\ntrusted = [\"me\"]", `config.toml:2: session.trusted: "me": want node IDs, peer IDs, records (enr:…), or addresses that name their peer`},
		{"network", "[session]\nnet_restrict = [\"10.0.0.1\"]", `config.toml:2: session.net_restrict: "10.0.0.1": want addresses with a length, such as 10.0.0.0/8 or 2001:db8::/32`},
		{"syntax", "[node]\nnetwork = ", `config.toml:2: node.network: not TOML: unexpected EOF; expected value`},
		{"duplicate", "[node]\nnetwork = \"a\"\nnetwork = \"b\"", `config.toml:3: node.network: not TOML: Key 'node.network' has already been defined.`},
		{"escapes are shown, not sent", "[node]\nnetwork = \"\\u001b[31m\"", `config.toml:2: node.network: "\x1b[31m": want 1 to 64 of a-z 0-9 . _ -`},
		{"every bad field, by line",
			"[session]\noutbound = 999\ninbound = \"x\"\n[log]\nlevel = \"loud\"\n[node]\nnetwok = \"a\"\n",
			"config.toml:2: session.outbound: 999: want 0 to 128\n" +
				"config.toml:3: session.inbound: \"x\": want 0 to 4096\n" +
				"config.toml:5: log.level: \"loud\": want debug, info, warn, error\n" +
				"config.toml:7: node.netwok: \"a\": unknown key, want node.network?"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, got := load(t, c.text, nil, nil)
			if d := cmp.Diff(strings.Split(c.want, "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("-want +got\n%s", d)
			}
		})
	}
}

// One text stands for the list of RLPx addresses, and there are several ways to say
// none or the default.
func TestRLPx(t *testing.T) {
	for _, c := range []struct {
		text  string
		flags []string
		want  []string
	}{
		{"", nil, nil},
		{`rlpx = ""`, nil, nil},
		{`rlpx = "off"`, nil, []string{}},
		{`rlpx = "none"`, nil, []string{}},
		{`rlpx = []`, nil, []string{}},
		{`rlpx = "127.0.0.1:30303"`, nil, []string{"127.0.0.1:30303"}},
		{`rlpx = ["0.0.0.0:1", "[::]:1"]`, nil, []string{"0.0.0.0:1", "[::]:1"}},
		{`rlpx = "off"`, []string{"localhost:0", ":0"}, []string{"localhost:0", ":0"}},
		{`rlpx = "0.0.0.0:1"`, []string{"off"}, []string{}},
		{`rlpx = "0.0.0.0:1"`, []string{""}, nil},
	} {
		flags := map[string][]string{}
		if c.flags != nil {
			flags["rlpx"] = c.flags
		}
		s, problems := load(t, "[listen]\n"+c.text+"\n", nil, flags)
		if problems != "" || !cmp.Equal(s.Node.Listen.RLPx, c.want) {
			t.Errorf("%s, %q: %#v, want %#v; %s", c.text, c.flags, s.Node.Listen.RLPx, c.want, problems)
		}
	}
}

func TestPrecedence(t *testing.T) {
	text := "[node]\nnetwork = \"file\"\nprofile = \"light\"\nlocalnet = true\n"
	env := []string{"ROPEWALK_NETWORK=short", "ROPEWALK_NODE_NETWORK=long", "ROPEWALK_PROFILE=server"}
	s, bad := load(t, text, env, map[string][]string{"profile": {"seed"}})
	if bad != "" {
		t.Fatal(bad)
	}
	if s.Node.Network != "long" || s.Node.Profile != "seed" || !s.Node.Localnet {
		t.Fatalf("network %q profile %q localnet %v", s.Node.Network, s.Node.Profile, s.Node.Localnet)
	}
	if s.Log.Level != "info" || s.RPC != "127.0.0.1:0" || s.Node.Listen.LibP2P != nil {
		t.Fatal("defaults are gone")
	}
}

func TestValues(t *testing.T) {
	s, bad := load(t, `
[listen]
libp2p = []
[session]
outbound = 0
inbound = 0
refine_every = "90s"
net_restrict = ["10.0.0.0/8"]
[gossip]
max_message_size = "512KiB"
D = 8
[gossip.topic."news.of the day"]
sign = "none"
max_size = 4096
[chat]
rooms = ["lobby", "ropes"]
[log]
format = "json"
`, []string{"ROPEWALK_LOG_LEVEL=debug"}, map[string][]string{"rooms": {"a", "b,c"}, "trusted": {testID, testID}, "net-restrict": {"2001:db8::/32"}, "max-peers": {"7"}, "dial-ratio": {"2"}})
	if bad != "" {
		t.Fatal(bad)
	}
	if s.Node.Listen.LibP2P == nil || len(s.Node.Listen.LibP2P) != 0 {
		t.Error("an empty list must stay a list: it means listen on none")
	}
	if s.Node.Session.Outbound != -1 || s.Node.Session.Inbound != -1 {
		t.Error("0 slots must become Config's -1")
	}
	if d := s.Node.Session; d.MaxPeers != 7 || d.DialRatio != 2 || len(d.Trusted) != 2 || d.Trusted[0] != testID || len(d.NetRestrict) != 1 || d.NetRestrict[0] != "2001:db8::/32" {
		t.Errorf("%+v", d)
	}
	if s.Node.Session.RefineEvery != 90*time.Second || s.Node.Gossip.MessageBytes != 512<<10 || s.Node.Gossip.D != 8 {
		t.Errorf("%+v", s.Node)
	}
	if tc := s.Node.Gossip.Topics["news.of the day"]; tc.Sign != "none" || tc.BytesMax != 4096 {
		t.Errorf("topic %+v", tc)
	}
	if d := cmp.Diff([]string{"a", "b", "c"}, s.Node.Chat.Rooms); d != "" {
		t.Error(d)
	}
}

const testID = "0x00000000000000000000000000000000000000000000000000000000000000aa"

func TestOldNamesWarn(t *testing.T) {
	s, bad := load(t, "[session]\noutbound_connections = 3\nchannel_heartbeat_interval = 20\nlocalnet = true\n", []string{"ROPEWALK_OUTBOND=3"}, nil)
	if bad != "" {
		t.Fatal(bad)
	}
	if s.Node.Session.Outbound != 3 || s.Node.Session.HeartbeatEvery != 20*time.Second || !s.Node.Localnet {
		t.Fatalf("%+v", s.Node.Session)
	}
	all := strings.Join(s.Warnings, "\n")
	for _, want := range []string{"session.outbound_connections is called session.outbound here", `did you mean ROPEWALK_OUTBOUND?`} {
		if !strings.Contains(all, want) {
			t.Errorf("no warning %q in\n%s", want, all)
		}
	}
}

func TestEnvAndFlagProblems(t *testing.T) {
	_, bad := load(t, "", []string{"ROPEWALK_SESSION_OUTBOUND=lots"}, map[string][]string{"log-level": {"loud"}})
	want := "ROPEWALK_SESSION_OUTBOUND: session.outbound: lots: want 0 to 128\n--log-level: log.level: loud: want debug, info, warn, error"
	if bad != want {
		t.Errorf("got\n%s\nwant\n%s", bad, want)
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load(Options{File: filepath.Join(t.TempDir(), "none.toml")})
	if err == nil || !strings.Contains(err.Error(), "none.toml: cannot be read") {
		t.Fatal(err)
	}
}

// What Print writes must be read back as the same settings.
func TestPrintRoundTrip(t *testing.T) {
	text := "[node]\nnetwork = \"a-b\"\n[session]\noutbound = 3\nsave_every = \"1h\"\n[gossip]\nseen_bytes = 1048576\n[gossip.topic.\"q\\\"t\"]\nsign = \"none\"\n"
	s, bad := load(t, text, nil, nil)
	if bad != "" {
		t.Fatal(bad)
	}
	var out bytes.Buffer
	if err := s.Print(&out, true); err != nil {
		t.Fatal(err)
	}
	again, bad := load(t, out.String(), nil, nil)
	if bad != "" {
		t.Fatalf("%s\nin\n%s", bad, out.String())
	}
	if d := cmp.Diff(s.Table(), again.Table()); d != "" {
		t.Error(d)
	}
}

// Every default that Print shows must itself be a good value: uncommenting it all
// gives a good file.
func TestDefaultsAreGood(t *testing.T) {
	var out bytes.Buffer
	if err := (&Settings{}).Print(&out, true); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for l := range strings.SplitSeq(out.String(), "\n") {
		if rest, ok := strings.CutPrefix(l, "#"); ok && !strings.HasPrefix(l, "# ") && !strings.HasSuffix(l, `= ""`) {
			l = rest
		}
		lines = append(lines, l)
	}
	if _, bad := load(t, strings.Join(lines, "\n"), nil, nil); bad != "" {
		t.Fatal(bad)
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"64MiB": 64 << 20, "1 KiB": 1024, "10kB": 10000, "7": 7, "5B": 5, "0": 0} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q = %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "-1", "1.5MiB", "MiB", "99999999999999TiB", "16777216TiB", "1 XiB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q = %d, want an error", text, got)
		}
	}
	for _, n := range []int64{0, 1, 1023, 1024, 3 << 20, 1 << 40} {
		if again, err := ParseSize(FormatSize(n)); err != nil || again != n {
			t.Errorf("%d became %q", n, FormatSize(n))
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"outbund", "outbound", 1}, {"ab", "ba", 1}, {"kitten", "sitting", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

// FuzzConfig: any text is accepted or refused with lines to look at, never with a
// panic, and what is accepted is a Config the node accepts too.
func FuzzConfig(f *testing.F) {
	f.Add("[node]\nnetwork = \"a\"\n")
	f.Add("[gossip.topic.\"a.b\"]\nsign = \"none\"\n[session]\noutbound_connections = 3")
	f.Add("[session]\nknown_percent = 80\nbanned = [\"192.0.2.1\"]\nban_policy = \"relaxed\"\nproxy = \"socks5://127.0.0.1:9050\"\nmixed = [\"tcp\"]\nheartbeat_within = \"5s\"\n")
	f.Add("[net]\noutbound_connections = 5\nblacklist = []\ngreylist_refinery_interval = 15\n[net.profiles.\"tcp+tls\"]\ninbound = []\n")
	f.Add("session.outbound = 999\nsession = 3\n[[node]]\n")
	f.Add("a = {b = 1}\n\"\" = 2\n[gossip.topic.\"\"]\nsign=1979-05-27T07:32:00Z")
	f.Add("[node]\ndata = '''\nx'''\n[log]\nfile = \"\\u0000\"")
	f.Fuzz(func(t *testing.T, text string) {
		entries, _, problems := readFile("f", text)
		for _, p := range problems {
			if p.Line < 1 && len(text) <= fileBytesMax {
				t.Fatalf("no line: %s", p)
			}
			if strings.ContainsAny(p.String(), "\x1b\n\r") {
				t.Fatalf("raw control characters: %q", p.String())
			}
		}
		if len(problems) > 0 {
			return
		}
		s := &Settings{set: map[string]entry{}}
		s.merge(entries)
		var out bytes.Buffer
		if err := s.Print(&out, true); err != nil {
			t.Fatal(err)
		}
		if _, _, bad := readFile("again", out.String()); len(bad) > 0 {
			t.Fatalf("accepted %q, but not what was printed: %v\n%s", text, bad, out.String())
		}
	})
}
