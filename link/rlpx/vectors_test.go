package rlpx

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/id"
)

// vectors reads a data file: a name at the beginning of a line, then hexadecimal
// digits over as many lines as it takes.
func vectors(t testing.TB, file string) map[string][]byte {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	digits, name := map[string]string{}, ""
	for line := range strings.Lines(string(raw)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) > 0 && line[0] != ' ' {
			name, f = f[0], f[1:]
		}
		digits[name] += strings.Join(f, "")
	}
	out := map[string][]byte{}
	for name, d := range digits {
		if out[name], err = hex.DecodeString(d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return out
}

func key(t testing.TB, raw []byte) *id.Key {
	t.Helper()
	k, err := id.KeyFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// EIP-8: "Implementations should ignore mismatches of auth-vsn and ack-vsn, any
// additional list elements and any trailing data after the list."
func TestHandshakeVectors(t *testing.T) {
	v := vectors(t, "testdata/eip8.txt")
	staticA, staticB := scalar(v["static-a"]), scalar(v["static-b"])
	ephemeralA, ephemeralB := scalar(v["ephemeral-a"]), scalar(v["ephemeral-b"])
	pointEA, pointEB := ephemeralA.point(), ephemeralB.point()
	for _, name := range []string{"auth2", "auth3"} {
		a, ok := openAuth(&staticB, v[name])
		if !ok {
			t.Fatalf("%s refused", name)
		}
		if a.full != key(t, v["static-a"]).Uncompressed() || a.ephemeral.uncompressed() != pointEA.uncompressed() || !bytes.Equal(a.nonce[:], v["nonce-a"]) {
			t.Errorf("%s read as something else", name)
		}
	}
	for _, name := range []string{"ack2", "ack3"} {
		p, nonce, ok := openAck(&staticA, v[name])
		if !ok {
			t.Fatalf("%s refused", name)
		}
		if p.uncompressed() != pointEB.uncompressed() || !bytes.Equal(nonce[:], v["nonce-b"]) {
			t.Errorf("%s read as something else", name)
		}
	}
}

func TestSecretsVectors(t *testing.T) {
	v := vectors(t, "testdata/eip8.txt")
	ephemeralA, ephemeralB := scalar(v["ephemeral-a"]), scalar(v["ephemeral-b"])
	pointEA := ephemeralA.point()
	shared := ephemeralB.ecdh(&pointEA)
	s := derive(&shared, [32]byte(v["nonce-a"]), [32]byte(v["nonce-b"]), v["auth2"], v["ack2"])
	if !bytes.Equal(s.aes[:], v["aes"]) || !bytes.Equal(s.mac[:], v["mac"]) {
		t.Fatalf("aes %x, mac %x", s.aes, s.mac)
	}
	if shared != [32]byte{} {
		t.Error("the ephemeral secret was not wiped")
	}
	_, open, err := s.states(false)
	if err != nil {
		t.Fatal(err)
	}
	open.mac.hash.write([]byte("foo"))
	if foo := open.mac.hash.sum(); !bytes.Equal(foo[:], v["foo"]) {
		t.Errorf("ingress MAC after foo: %x", foo)
	}
	if s.aes != [32]byte{} || s.mac != [32]byte{} {
		t.Error("the keys were not wiped")
	}
}

func TestHelloVector(t *testing.T) {
	h, err := parseHello(vectors(t, "testdata/eip8.txt")["hello"])
	if err != nil {
		t.Fatal(err)
	}
	if h.Version != 55 || h.Agent != "kneth/v0.91/plan9" || h.Network != "" || h.Port != 9999 || len(h.Caps) != 2 || h.Caps[0] != (capability{"eth", 61}) || h.Caps[1] != (capability{"mork", 22}) {
		t.Errorf("%+v", h)
	}
}

// The frames of another implementation are opened, and ours are the same to the byte
// where nothing gets shorter: what repeats can be written in several ways.
func TestFrameVectors(t *testing.T) {
	v, frames := vectors(t, "testdata/eip8.txt"), vectors(t, "testdata/frames.txt")
	states := func(dialled bool) (*sealer, *opener) {
		s := &secrets{aes: [32]byte(v["aes"]), mac: [32]byte(v["mac"]), initiator: [32]byte(v["nonce-a"]), answer: [32]byte(v["nonce-b"]), auth: v["auth2"], ack: v["ack2"]}
		seal, open, err := s.states(dialled)
		if err != nil {
			t.Fatal(err)
		}
		return seal, open
	}
	sealA, openA := states(true)
	sealB, openB := states(false)
	for i, m := range []struct {
		code    uint64
		payload string
		snappy  bool
	}{
		{0x00, strings.Repeat("\xc0\x01\x02\x03", 20), false}, {0x02, "\xc0", true}, {0x10, "", true}, {0x1234, "0123456789abc", true},
		{0x7f, "0123456789abcde", false}, {0x80, "x", false}, {0x1f, strings.Repeat("rope", 60), true},
	} {
		for _, end := range []struct {
			name string
			seal *sealer
			open *opener
		}{{"a", sealA, openB}, {"b", sealB, openA}} {
			name := end.name + string(rune('0'+i))
			end.seal.snappy = m.snappy
			ours, err := end.seal.seal(nil, m.code, []byte(m.payload))
			if err != nil {
				t.Fatal(err)
			}
			if i < 6 && !bytes.Equal(ours, frames[name]) {
				t.Errorf("%s is %x", name, ours)
			}
			code, payload, _, err := openWhole(end.open, bytes.Clone(frames[name]))
			if err == nil && m.snappy {
				payload, err = inflated(payload)
			}
			if err != nil || code != m.code || string(payload) != m.payload {
				t.Errorf("%s: code %#x, payload %x, %v", name, code, payload, err)
			}
		}
	}
}

// The golden frame's MACs are of a hash that is none; its ciphertext is ours.
func TestFrameGolden(t *testing.T) {
	golden := vectors(t, "testdata/frames.txt")["golden"]
	nothing := keccak256()
	s := &secrets{aes: nothing, mac: nothing}
	seal, _, err := s.states(true)
	if err != nil {
		t.Fatal(err)
	}
	wire, err := seal.seal(nil, 8, []byte{0xc4, 1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	if len(wire) != len(golden) || !bytes.Equal(wire[:16], golden[:16]) || !bytes.Equal(wire[32:48], golden[32:48]) {
		t.Errorf("%x", wire)
	}
}
