package config

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ropewalk/ropewalk"
)

// Each table of a network counts, also one of which nothing is said, and what is printed
// reads as the same.
func TestContentNetworks(t *testing.T) {
	s, bad := load(t, `
[overlay.network.blob]
[overlay.network."history"]
headers = "h.rlp"
[overlay.network."legacyHistory"]
kind = "generic"
protocol = "0x500b"
`, nil, nil)
	want := map[string]ropewalk.OverlayNetwork{
		"blob": {}, "history": {Headers: "h.rlp"}, "legacyHistory": {Kind: "generic", Protocol: "0x500b"},
	}
	if bad != "" || !cmp.Equal(s.Node.Overlay.Networks, want) {
		t.Fatalf("%+v %s", s.Node.Overlay.Networks, bad)
	}
	var text bytes.Buffer
	if err := s.Print(&text, false); err != nil {
		t.Fatal(err)
	}
	again, bad := load(t, text.String(), nil, nil)
	if bad != "" || !cmp.Equal(again.Node.Overlay.Networks, want) {
		t.Errorf("%s in\n%s", bad, text.String())
	}
	if nets := s.Table()["overlay"].(map[string]any)["network"].(map[string]any); !cmp.Equal(nets["blob"], map[string]any{}) {
		t.Errorf("as a table: %v", nets)
	}
}

func TestContentNetworkProblems(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[overlay.networks.\"a\"]\nkind = \"blob\"", `config.toml:1: overlay.networks: a table: unknown key, want overlay.network."NAME"?`},
		{"[overlay.network.\"a\"]\nprotocl = \"x\"", `config.toml:2: overlay.network."a".protocl: "x": unknown key, want overlay.network."a".protocol?`},
		{"[overlay.network.\"a\"]\nprotocol = \"0x010203040506070809\"", `config.toml:2: overlay.network."a".protocol: "0x010203040506070809": want 1 to 8 bytes in hex, such as "0x500b"`},
		{"[overlay.network.\"a\"]\nprotocol = \"0x757470\"", `config.toml:2: overlay.network."a".protocol: "0x757470": want another protocol ID: streams have this one`},
		{"[overlay.network.\"a\"]\n[overlay.network.\"b\"]", `config.toml:2: overlay.network."b".protocol: "": want a protocol ID of its own: a has 0x7262e1df14fc`},
		{"[overlay.network.\"a\"]\nprotocol = \"5000\"\n[overlay.network.\"history\"]\nkind = \"history\"", `config.toml:4: overlay.network."history".protocol: "": want a protocol ID of its own: a has 0x5000`},
		{"[overlay.network.\"a\"]\nheaders = \"x\"", `config.toml:2: overlay.network."a".headers: "x": want nothing: only history checks against headers`},
		{"[overlay.network.\"a b\"]", `config.toml:1: overlay.network."a b": "a b": want a name of 1 to 32 of a-z A-Z 0-9 _ -`},
	} {
		if _, got := load(t, c.text, nil, nil); got != c.want {
			t.Errorf("%s\nis %s\nwant %s", c.text, got, c.want)
		}
	}
}

// What only a start shows is placed like everything else.
func TestPlaced(t *testing.T) {
	s, bad := load(t, "[overlay.network.\"history\"]\n\nheaders = \"/nowhere\"", nil, nil)
	if bad != "" {
		t.Fatal(bad)
	}
	err := s.Placed(&ropewalk.ConfigError{Fields: []ropewalk.FieldError{{Field: `overlay.network."history".headers`, Value: "/nowhere", Allowed: "a file"}}})
	var placed *Error
	if !errors.As(err, &placed) || !strings.HasSuffix(err.Error(), `config.toml:3: overlay.network."history".headers: /nowhere: want a file`) {
		t.Errorf("%v", err)
	}
	if other := errors.New("other"); s.Placed(other) != other || s.Placed(nil) != nil {
		t.Error("another error is changed")
	}
}
