package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const twoNetworks = `
[node]
localnet = true
[session]
inbound = 40
[network."red"]
libp2p = ["/ip4/127.0.0.1/tcp/4001"]
rlpx = "off"
[network."blue-2.x"]
data = "/elsewhere"
localnet = false
inbound = 0
agent = "b"
`

func load1(dir, text string, o Options) (*Settings, error) {
	o.File = filepath.Join(dir, FileName)
	if err := os.WriteFile(o.File, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return Load(o)
}

// loadSeed is load for a program that serves [network] tables.
func loadSeed(t *testing.T, text string, flags map[string][]string) (*Settings, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := load1(dir, text, Options{Env: []string{"HOME=" + dir}, Flags: flags, Profile: "seed", Networks: true, DataDir: "/base"})
	if err != nil {
		return s, strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
	}
	return s, ""
}

// Each table is a whole configuration: the node's, with what it says, and nothing of
// whom and where from elsewhere.
func TestNetworks(t *testing.T) {
	s, bad := loadSeed(t, twoNetworks, nil)
	if bad != "" || len(s.Networks) != 2 {
		t.Fatalf("%d networks; %s", len(s.Networks), bad)
	}
	blue, red := s.Networks[0], s.Networks[1]
	if red.Network != "red" || red.DataDir != "/base/red" || !red.Localnet || red.Session.Inbound != 40 || red.Profile != "seed" ||
		!cmp.Equal(red.Listen.LibP2P, []string{"/ip4/127.0.0.1/tcp/4001"}) || red.Listen.RLPx == nil || len(red.Listen.RLPx) != 0 {
		t.Errorf("red: %+v", red)
	}
	if blue.Network != "blue-2.x" || blue.DataDir != "/elsewhere" || blue.Localnet || blue.Session.Inbound != -1 || blue.Agent != "b" ||
		blue.Listen.LibP2P != nil || blue.Listen.RLPx != nil {
		t.Errorf("blue: %+v", blue)
	}
	// What is printed reads as the same.
	var first, second bytes.Buffer
	if err := s.Print(&first, false); err != nil {
		t.Fatal(err)
	}
	again, bad := loadSeed(t, first.String(), nil)
	if bad != "" {
		t.Fatalf("%s in\n%s", bad, first.String())
	}
	if err := again.Print(&second, false); err != nil || first.String() != second.String() || !strings.Contains(first.String(), "[network.\"red\"]\n") {
		t.Errorf("%v\n%s", err, first.String())
	}
	// A node serves its own and says so.
	n, bad := load(t, twoNetworks, nil, nil)
	if bad != "" || len(n.Networks) != 0 || len(n.Warnings) != 1 || !strings.Contains(n.Warnings[0], "ropewalk seed") {
		t.Errorf("%q %v %s", n.Warnings, n.Networks, bad)
	}
}

func TestNetworkProblems(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[network.\"A\"]\ninbound = 1", `config.toml:1: network."A": "A": want a name of 1 to 64 of a-z 0-9 . _ -`},
		{"[network.\"\"]\ninbound = 1", `config.toml:1: network."": "": want a name of 1 to 64 of a-z 0-9 . _ -`},
		{"[network.\"a\"]", `config.toml:1: network."a": a table: want a key at least, such as libp2p or data`},
		{"[network.\"a\"]\ninbond = 1", `config.toml:2: network."a".inbond: 1: unknown key, want network."a".inbound?`},
		{"[network.\"a\"]\ninbound = 5000", `config.toml:2: network."a".inbound: 5000: want 0 to 4096`},
		{"[network.\"a\"]\ndata = \"/x\"\n[network.\"b\"]\ndata = \"/x/\"", `config.toml:4: network."b".data: /x/: want another folder than that of network a`},
		{"[session]\nseeds = []\n[network.\"a\"]\ninbound = 5", `config.toml:2: session.seeds: want seeds in each [network."NAME"], not beside them`},
		{"[network.\"a\"]\nlibp2p = [\"/ip4/127.0.0.1/tcp/1\"]\nexternal = [\"nonsense\"]", `config.toml:3: network."a".external: "nonsense": want multiaddrs such as /ip4/0.0.0.0/tcp/4001 or /ip4/0.0.0.0/udp/4001/quic-v1, without /p2p/`},
	} {
		if _, got := loadSeed(t, c.text, nil); got != c.want {
			t.Errorf("%s\nis %q\nwant %q", c.text, got, c.want)
		}
	}
	if _, got := loadSeed(t, twoNetworks, map[string][]string{"network": {"green"}}); !strings.Contains(got, "--network: node.network: want network in each") {
		t.Errorf("a flag beside tables: %q", got)
	}
	var many strings.Builder
	for i := range networksMax + 1 {
		many.WriteString("[network.\"n" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "\"]\ninbound = 1\n")
	}
	if _, got := loadSeed(t, many.String(), nil); !strings.Contains(got, "want at most 64 networks") {
		t.Errorf("too many: %.200q", got)
	}
}
