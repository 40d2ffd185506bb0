package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

const peerAddr = "/ip4/203.0.113.5/tcp/4001/p2p/16Uiu2HAmCQbjVZ8SCaTHEhBrRmUNP3rKQcDSVYBDcvkQVuUVsaGr"

func testKey(t testing.TB) *id.Key {
	t.Helper()
	k, err := id.KeyFromBytes(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestInviteRoundTrip(t *testing.T) {
	big := make([]byte, 90)
	r, err := enr.Builder{Seq: 9, Rope: &enr.Rope{TCP: 4001}, Extra: []enr.Pair{{Key: "zz", Value: append([]byte{0xb8, byte(len(big))}, big...)}}}.Sign(testKey(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []invite{
		{Network: "ropewalk", Addrs: []link.Addr{link.MustAddr(peerAddr)}},
		{Network: "n", Record: r, Room: "Zimmer-ü"},
		{Network: "n", Record: r, Addrs: []link.Addr{link.MustAddr(peerAddr), link.MustAddr(peerAddr)}, Room: strings.Repeat("r", 64)},
	} {
		text := v.String()
		for _, form := range []string{text, strings.ToUpper(text), " " + text[:20] + "\n" + text[20:] + "\r\n"} {
			got, err := parseInvite(form)
			if err != nil {
				t.Fatalf("%s: %v", form, err)
			}
			if got.String() != text || got.Network != v.Network || got.Room != v.Room {
				t.Errorf("%+v became %+v", v, got)
			}
		}
	}
}

func TestInviteRefusals(t *testing.T) {
	good := invite{Network: "ropewalk", Addrs: []link.Addr{link.MustAddr(peerAddr)}, Room: "lobby"}.String()
	// Any one letter changed is seen.
	for i := len(invitePrefix); i < len(good); i++ {
		c := byte('a')
		if good[i] == c {
			c = 'b'
		}
		if _, err := parseInvite(good[:i] + string(c) + good[i+1:]); err == nil {
			t.Fatalf("letter %d changed and nobody saw it", i)
		}
	}
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"empty", "", errInvite},
		{"another thing", "enr:-abc", errInvite},
		{"cut", good[:len(good)-3], errChecksum},
		{"long", "rw1" + strings.Repeat("a", 100_000), errInvite},
		{"nobody", invite{Network: "n"}.String(), errInvite},
		{"no network", invite{Addrs: []link.Addr{link.MustAddr(peerAddr)}}.String(), errInvite},
		{"no peer in the address", invite{Network: "n", Addrs: []link.Addr{link.MustAddr("/ip4/1.2.3.4/tcp/1")}}.String(), errInvite},
		{"room with escapes", invite{Network: "n", Room: "\x1b[2J", Addrs: []link.Addr{link.MustAddr(peerAddr)}}.String(), errInvite},
	} {
		if _, err := parseInvite(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// An invite names the farthest-reaching addresses, and the record only when it
// says where.
func TestInviteFill(t *testing.T) {
	bare, err := bareRecord(testKey(t), "n")
	if err != nil {
		t.Fatal(err)
	}
	peer := "/p2p/16Uiu2HAmCQbjVZ8SCaTHEhBrRmUNP3rKQcDSVYBDcvkQVuUVsaGr"
	for _, c := range []struct{ have, want []string }{
		{[]string{"/ip4/127.0.0.1/tcp/1" + peer, "/ip4/10.0.0.1/tcp/1" + peer}, []string{"/ip4/10.0.0.1/tcp/1" + peer}},
		{[]string{"/ip4/127.0.0.1/tcp/1" + peer}, []string{"/ip4/127.0.0.1/tcp/1" + peer}},
		{[]string{"/ip4/10.0.0.1/tcp/1" + peer, "/ip4/203.0.113.5/tcp/1" + peer}, []string{"/ip4/203.0.113.5/tcp/1" + peer}},
	} {
		var v invite
		if err := v.fill(ropewalk.Info{Network: "n", ENR: bare, LibP2P: c.have}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, v.hosts()); d != "" {
			t.Error(d)
		}
	}
	if err := new(invite).fill(ropewalk.Info{Network: "n", ENR: bare}); err == nil {
		t.Error("an invite to nowhere")
	}
}

func TestQRFits(t *testing.T) {
	var out bytes.Buffer
	v := invite{Network: "ropewalk", Addrs: []link.Addr{link.MustAddr(peerAddr)}, Room: "lobby"}
	if err := printQR(&out, strings.ToUpper(v.String())); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	for _, l := range lines {
		if n := len([]rune(l)); n > 80 || n != len([]rune(lines[0])) {
			t.Fatalf("row of %d cells", n)
		}
	}
}

// FuzzInvite: any text is read or refused, and what is read says itself again.
func FuzzInvite(f *testing.F) {
	f.Add(invite{Network: "ropewalk", Addrs: []link.Addr{link.MustAddr(peerAddr)}, Room: "lobby"}.String())
	f.Add("rw1aaaa")
	f.Fuzz(func(t *testing.T, text string) {
		// The checksum would stop nearly all inputs, so the fields are fuzzed too.
		var v invite
		if v.read([]byte(text)) == nil {
			again, err := parseInvite(v.String())
			if err != nil || again.String() != v.String() {
				t.Fatalf("%+v is not read back: %v", v, err)
			}
		}
		if v, err := parseInvite(text); err == nil {
			if again, err := parseInvite(v.String()); err != nil || again.String() != v.String() {
				t.Fatalf("%+v is not read back: %v", v, err)
			}
		}
	})
}
