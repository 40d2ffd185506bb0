package devp2p

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/golang/snappy"

	"github.com/ropewalk/ropewalk/interop/rig"
)

// The reasons the tests look for.
const (
	breach      = 0x02
	useless     = 0x03
	badVersion  = 0x06
	badIdentity = 0x07
	quitting    = 0x08
	wrongID     = 0x09
	timedOut    = 0x0b
	subprotocol = 0x10
)

var echo = capability{"echo", 1}

// ended checks how the node ends the link.
func (s *speaker) ended(what string, want int) {
	s.t.Helper()
	if got := s.reason(); got != want {
		s.t.Errorf("%s: ended with %d, want %d", what, got, want)
	}
	s.conn.Close()
}

// TestFrames: frames that break a rule, after the Hellos: the node says that it was a
// breach, and hands nothing on (echo would answer).
func TestFrames(t *testing.T) {
	v := startVictim(t)
	small := snappy.Encode(nil, []byte{0xc0})
	declared := func(n uint64) []byte { return append(binary.AppendUvarint(nil, n), small[1:]...) }
	for name, frame := range map[string]func(s *speaker) []byte{
		"size 0":                         func(s *speaker) []byte { return s.frame(0, []byte{}) },
		"code as a zero byte":            func(s *speaker) []byte { return whole(s, 0x00) },
		"code with a needless head":      func(s *speaker) []byte { return whole(s, 0x81, 0x10) },
		"code with a leading zero":       func(s *speaker) []byte { return whole(s, 0x82, 0x00, 0x10) },
		"code of nine bytes":             func(s *speaker) []byte { return whole(s, 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0x10) },
		"code cut short":                 func(s *speaker) []byte { return s.frame(1, []byte{0x82}) },
		"code that is a list":            func(s *speaker) []byte { return whole(s, 0xc1, 0x10) },
		"code beyond the window":         func(s *speaker) []byte { return s.message(firstCode+8, []byte{0xc0}) },
		"code 127":                       func(s *speaker) []byte { return s.message(127, []byte{0xc0}) },
		"code 256, cut it would be 0":    func(s *speaker) []byte { return s.message(256, []byte{0xc0}) },
		"code 272, cut it would be ours": func(s *speaker) []byte { return s.message(256+firstCode, []byte{0xc0}) },
		"code of 64 bits":                func(s *speaker) []byte { return s.message(1<<64-1, []byte{0xc0}) },
		"not snappy":                     func(s *speaker) []byte { return s.plain(firstCode, []byte{0xff, 0xff, 0xff}) },
		"snappy cut short":               func(s *speaker) []byte { return s.plain(firstCode, small[:1]) },
		"snappy with a rest":             func(s *speaker) []byte { return s.plain(firstCode, append(bytes.Clone(small), 0)) },
		"snappy that says too little":    func(s *speaker) []byte { return s.plain(firstCode, declared(0)) },
		"snappy that says 17 MiB":        func(s *speaker) []byte { return s.plain(firstCode, declared(17<<20)) },
		"snappy that says 4 GiB":         func(s *speaker) []byte { return s.plain(firstCode, declared(1<<32-1)) },
		"snappy that says 2^63":          func(s *speaker) []byte { return s.plain(firstCode, declared(1<<63)) },
		"empty payload":                  func(s *speaker) []byte { return s.plain(firstCode, nil) },
		"ping above 2 KiB":               func(s *speaker) []byte { return s.message(codePing, make([]byte, 4<<10)) },
		"second Hello":                   func(s *speaker) []byte { return s.message(codeHello, s.hello(echo)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := greeted(t, v.enode, echo)
			s.raw(frame(s))
			s.say(firstCode, []byte{0xc1, 0x7f}) // must not be answered
			s.noEcho()
			s.ended(name, breach)
		})
	}
	v.unharmed()
}

// whole is a frame whose code is these bytes, with an empty list behind.
func whole(s *speaker, code ...byte) []byte {
	b := append(code, snappy.Encode(nil, []byte{0xc0})...)
	return s.frame(len(b), b)
}

// plain is a message whose payload is not compressed again.
func (s *speaker) plain(code uint64, payload []byte) []byte {
	b := append(rlp.AppendUint64(nil, code), payload...)
	return s.frame(len(b), b)
}

// noEcho makes reason fail on an answer of echo.
func (s *speaker) noEcho() { s.deaf = true }

// TestFlippedTags: a wrong tag of a header or a body, in the first frame and in the
// thousandth: the link ends, and what the frame held is not handed on.
func TestFlippedTags(t *testing.T) {
	v := startVictim(t)
	flips := map[string]func(frame []byte) int{
		"header":     func([]byte) int { return 3 },
		"header tag": func([]byte) int { return 20 },
		"body":       func([]byte) int { return 34 },
		"body tag":   func(f []byte) int { return len(f) - 1 },
	}
	for name, at := range flips {
		t.Run(name+", first", func(t *testing.T) {
			s := shaken(t, v.enode)
			f := s.message(codeHello, s.hello(echo))
			f[at(f)] ^= 4
			s.raw(f)
			s.ended(name, breach)
		})
		t.Run(name+", thousandth", func(t *testing.T) {
			s := greeted(t, v.enode, echo)
			for n := range 999 {
				s.say(firstCode, encoded(t, []uint{uint(n)}))
				if code, _ := s.hearData(); code != firstCode {
					t.Fatalf("code %#x", code)
				}
			}
			s.noEcho()
			f := s.message(firstCode, []byte{0xc1, 0x7f})
			f[at(f)] ^= 4
			s.raw(f)
			s.snappy = true
			s.ended(name, breach)
		})
	}
	v.unharmed()
}

// TestHellos: Hellos that are wrong, and what the node says to each.
func TestHellos(t *testing.T) {
	v := startVictim(t)
	many := make([]capability, 10_000)
	for i := range many {
		many[i] = capability{fmt.Sprintf("p%d", i), 1}
	}
	for name, c := range map[string]struct {
		hello func(s *speaker) []byte
		want  int
	}{
		"10,000 capabilities": {func(s *speaker) []byte { return s.hello(many...) }, breach},
		"200 capabilities":    {func(s *speaker) []byte { return s.hello(many[:200]...) }, breach},
		"nothing shared":      {func(s *speaker) []byte { return s.hello(capability{"eth", 68}) }, useless},
		"no capability":       {func(s *speaker) []byte { return s.hello() }, useless},
		"version 3":           {func(s *speaker) []byte { return changed(s, func(h *hello) { h.Version = 3 }) }, badVersion},
		"version 0":           {func(s *speaker) []byte { return changed(s, func(h *hello) { h.Version = 0 }) }, badVersion},
		"another key": {func(s *speaker) []byte {
			return changed(s, func(h *hello) { h.Key = crypto.FromECDSAPub(&mustKey(t).PublicKey)[1:] })
		}, wrongID},
		"key off the curve": {func(s *speaker) []byte { return changed(s, func(h *hello) { h.Key[5] ^= 1 }) }, badIdentity},
		"key of zeroes":     {func(s *speaker) []byte { return changed(s, func(h *hello) { clear(h.Key) }) }, badIdentity},
		"key of 63 bytes":   {func(s *speaker) []byte { return changed(s, func(h *hello) { h.Key = h.Key[:63] }) }, badIdentity},
		"not a list":        {func(*speaker) []byte { return []byte{0x85, 1, 2, 3, 4, 5} }, breach},
		"cut short":         {func(s *speaker) []byte { b := s.hello(echo); return b[:len(b)-3] }, breach},
		"nothing":           {func(*speaker) []byte { return nil }, breach},
	} {
		t.Run(name, func(t *testing.T) {
			s := shaken(t, v.enode)
			s.say(codeHello, c.hello(s))
			s.ended(name, c.want)
		})
	}
	t.Run("another message first", func(t *testing.T) {
		s := shaken(t, v.enode)
		s.say(codePing, []byte{0xc0})
		s.ended("ping", breach)
	})
	v.unharmed()
}

// TestHelloLenience: Hellos that are unusual and right: elements behind the last one,
// a name with control characters, names too long, a capability twice, version 4 (which
// does not compress) and 6.
func TestHelloLenience(t *testing.T) {
	v := startVictim(t)
	for name, change := range map[string]func(h *hello){
		"more elements":      func(h *hello) { h.Rest = []rlp.RawValue{{0x05}, {0xc2, 1, 2}} },
		"control characters": func(h *hello) { h.Name = "a\x1b[31mb\nc\x00d\u202e" },
		"odd capabilities": func(h *hello) {
			h.Caps = append(h.Caps, capability{"averylongname", 1}, echo, capability{"", 0}, capability{"\x00\xff", 7})
		},
		"version 4": func(h *hello) { h.Version = 4 },
		"version 6": func(h *hello) { h.Version = 6 },
	} {
		t.Run(name, func(t *testing.T) {
			s := shaken(t, v.enode)
			s.say(codeHello, changed(s, change))
			if code, _ := s.hear(); code != codeHello {
				t.Fatalf("code %#x", code)
			}
			s.snappy = name != "version 4"
			s.say(firstCode+1, []byte{0xc1, 0x09})
			if code, b := s.hearData(); code != firstCode+1 || string(b) != "\xc1\x09" {
				t.Fatalf("echo came as %#x %x", code, b)
			}
			all, err := v.Sessions(rig.Within(t))
			if err != nil || len(all) != 1 {
				t.Fatalf("%d sessions, %v", len(all), err)
			}
			for _, r := range all[0].Agent {
				if r < 0x20 || r == 0x7f || r == 0x202e {
					t.Errorf("agent %q", all[0].Agent)
				}
			}
			s.conn.Close()
			v.settled()
		})
	}
	v.unharmed()
}

// changed is a Hello for echo with something else in it.
func changed(s *speaker, change func(h *hello)) []byte {
	var h hello
	if err := rlp.DecodeBytes(s.hello(echo), &h); err != nil {
		s.t.Fatal(err)
	}
	change(&h)
	return encoded(s.t, h)
}
