package rlpx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/snappy"

	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// settled waits until nothing is pending and no link is left.
func settled(t *testing.T, tr *Transport) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		tr.mu.Lock()
		left := len(tr.sockets) + len(tr.links)
		tr.mu.Unlock()
		if left == 0 && len(tr.waiting.places) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are left", left)
		}
	}
}

// An auth packet of any wrong size ends in a hung-up connection and nothing else.
// Threat K1.
func TestAuthSizes(t *testing.T) {
	tr := listening(t, Config{})
	sizes := []int{0, 1, 2, 64, 112, 113, 114, 115, 305, 2047, 2048, 2049, 4096, 65535}
	for _, size := range sizes {
		c := dialled(t, tr)
		packet := append(binary.BigEndian.AppendUint16(nil, uint16(size)), bytes.Repeat([]byte{4}, min(size, 4096))...)
		_, _ = c.Write(packet)
		_ = c.(interface{ CloseWrite() error }).CloseWrite()
		if got, _ := io.ReadAll(c); len(got) > 0 {
			t.Errorf("auth of %d bytes was answered with %d", size, len(got))
		}
	}
	settled(t, tr)
	if got := tr.Stats().In; got["bad_handshake"]+got["network"] != uint64(len(sizes)) {
		t.Errorf("counted %v", got)
	}
	met(t, tr, dialled(t, tr), nil)
}

// What a remote may not say, and what it is told then. The link delivers nothing of it.
func TestBreaches(t *testing.T) {
	nothing := func(*speaker) []byte { return nil }
	for _, c := range []struct {
		name   string
		before func(*speaker) []byte // in place of Hello
		after  func(*speaker) []byte // on the link
		want   link.Reason
	}{
		{"message before Hello", func(s *speaker) []byte { return s.frame(0x10, emptyList) }, nil, link.Breach},
		{"ping before Hello", func(s *speaker) []byte { return s.frame(codePing, emptyList) }, nil, link.Breach},
		{"Hello that is no list", func(s *speaker) []byte { return s.frame(codeHello, []byte{1, 2}) }, nil, link.Breach},
		{"Hello of 10,000 capabilities", func(s *speaker) []byte {
			h := s.hello()
			for n := range 10_000 {
				h.Caps = append(h.Caps, capability{fmt.Sprint("p", n), 1})
			}
			return s.helloFrame(h)
		}, nil, link.Breach},
		{"Hello of 129 capabilities", func(s *speaker) []byte {
			h := s.hello()
			h.Caps = nil
			for n := range capsMax + 1 {
				h.Caps = append(h.Caps, capability{fmt.Sprint("p", n), 1})
			}
			return s.helloFrame(h)
		}, nil, link.Breach},
		{"version 3", func(s *speaker) []byte { h := s.hello(); h.Version = 3; return s.helloFrame(h) }, nil, link.BadVersion},
		{"key of 63 bytes", func(s *speaker) []byte { return s.frame(codeHello, helloOfKey(make([]byte, 63))) }, nil, link.BadIdentity},
		{"key of zeros", func(s *speaker) []byte { return s.frame(codeHello, helloOfKey(make([]byte, 64))) }, nil, link.BadIdentity},
		{"another's key", func(s *speaker) []byte { h := s.hello(); h.Key = linktest.Key("x").Public(); return s.helloFrame(h) }, nil, link.WrongIdentity},
		{"nothing shared", func(s *speaker) []byte { h := s.hello(); h.Caps = []capability{{"one", 2}}; return s.helloFrame(h) }, nil, link.Useless},
		{"wrong MAC before Hello", func(s *speaker) []byte { b := s.helloFrame(s.hello()); b[20] ^= 1; return b }, nil, link.Breach},

		{"second Hello", nil, func(s *speaker) []byte { return s.helloFrame(s.hello()) }, link.Breach},
		{"six pings", nil, func(s *speaker) []byte { return bytes.Join(pingsOf(s, 6), nil) }, link.Breach},
		{"code of nobody", nil, func(s *speaker) []byte { return s.frame(0x1c, emptyList) }, link.Breach},
		{"code above a byte", nil, func(s *speaker) []byte { return s.frame(0x100, emptyList) }, link.Breach},
		{"code above 32 bits", nil, func(s *speaker) []byte { return s.frame(1<<32|0x10, emptyList) }, link.Breach},
		{"message above its limit", nil, func(s *speaker) []byte { return s.frame(0x10, make([]byte, 1<<20+1)) }, link.Breach},
		{"wrong MAC of the header", nil, func(s *speaker) []byte { b := s.frame(0x10, emptyList); b[17] ^= 1; return b }, link.Breach},
		{"wrong MAC of the body", nil, func(s *speaker) []byte { b := s.frame(0x10, emptyList); b[len(b)-1] ^= 1; return b }, link.Breach},
		{"no Snappy", nil, func(s *speaker) []byte { s.seal.snappy = false; return s.frame(0x10, []byte("plain text")) }, link.Breach},
		{"truncated Snappy", nil, func(s *speaker) []byte {
			s.seal.snappy = false
			b := snappy.Encode(nil, bytes.Repeat([]byte("text"), 100))
			return s.frame(0x10, b[:len(b)-1])
		}, link.Breach},
		{"Snappy that says 4 GiB", nil, func(s *speaker) []byte {
			s.seal.snappy = false
			return s.frame(0x10, []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0})
		}, link.Breach},
		{"ping of 3 KiB", nil, func(s *speaker) []byte { return s.frame(codePing, make([]byte, 3<<10)) }, link.Breach},
		{"frame of no bytes", nil, nothing, link.Breach}, // made below
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := listening(t, Config{})
			if c.before != nil {
				s := speak(t, tr, dialled(t, tr))
				_, _ = s.c.Write(c.before(s))
				if code, _, err := s.in.next(); err != nil || code != codeHello {
					t.Fatalf("instead of Hello came %d, %v", code, err)
				}
				s.seal.snappy = true // for reading: a Disconnect is found in either form
				if why := s.told(); why != c.want {
					t.Errorf("told %q, want %q", why, c.want)
				}
				_ = s.c.Close()
				settled(t, tr)
				if n := tr.Stats().In["ok"]; n != 0 {
					t.Errorf("%d links were made", n)
				}
				return
			}
			s, l := met(t, tr, dialled(t, tr), nil)
			_, _ = s.c.Write(s.frame(0x10, []byte("good")))
			b := c.after(s)
			if b == nil {
				b = s.emptyFrame()
			}
			go func() { _, _ = s.c.Write(b) }()
			if m, err := l.Read(); err != nil || string(m.Data) != "good" {
				t.Fatalf("%q, %v", m.Data, err)
			}
			m, err := l.Read()
			if err == nil {
				t.Fatalf("delivered %d bytes", len(m.Data))
			}
			wantEnd(t, err, c.want, false)
			if why := s.told(); why != c.want {
				t.Errorf("told %q, want %q", why, c.want)
			}
			_ = s.c.Close()
			settled(t, tr)
		})
	}
}

// helloOfKey is a Hello with anything for a key.
func helloOfKey(key []byte) []byte {
	b := rlp.AppendUint(nil, helloVersion)
	b = rlp.AppendString(b, "speaker")
	b = rlp.AppendList(b, nil)
	b = rlp.AppendUint(b, 0)
	b = rlp.AppendBytes(b, key)
	return rlp.AppendList(nil, b)
}

func pingsOf(s *speaker, n int) (out [][]byte) {
	for range n {
		out = append(out, s.frame(codePing, emptyList))
	}
	return out
}

// emptyFrame is a header that says 0 bytes.
func (s *speaker) emptyFrame() []byte {
	head := make([]byte, headBytes)
	copy(head[3:], headerData)
	s.seal.stream.XORKeyStream(head[:blockBytes], head[:blockBytes])
	s.seal.mac.header(head)
	copy(head[blockBytes:], s.seal.mac.tag())
	return head
}

// bigHeader is a header that says so many bytes.
func (s *speaker) bigHeader(size int) []byte {
	head := make([]byte, headBytes)
	head[0], head[1], head[2] = byte(size>>16), byte(size>>8), byte(size)
	copy(head[3:], headerData)
	s.seal.stream.XORKeyStream(head[:blockBytes], head[:blockBytes])
	s.seal.mac.header(head)
	copy(head[blockBytes:], s.seal.mac.tag())
	return head
}

// The thousandth frame is checked as the first.
func TestLateFlip(t *testing.T) {
	tr := listening(t, Config{})
	s, l := met(t, tr, dialled(t, tr), nil)
	for range 999 {
		s.say(0x11, []byte("good"))
	}
	b := s.frame(0x11, []byte("bad"))
	b[40] ^= 0x80
	_, _ = s.c.Write(b)
	n := 0
	err := l.Feed(func(m link.Msg) bool { n++; return string(m.Data) == "good" })
	wantEnd(t, err, link.Breach, false)
	if n != 999 {
		t.Errorf("%d messages", n)
	}
}

// What is none of ours but no breach is counted and passed over.
func TestC5Ignored(t *testing.T) {
	tr := listening(t, Config{
		Network:   "ours",
		Protocols: append([]link.Protocol{{Name: "inner", Version: 1, Length: 3, Network: "ours"}}, protocols...),
	})
	s, l := met(t, tr, dialled(t, tr), func(h *hello) { h.Caps = append([]capability{{"inner", 1}}, h.Caps...) })
	s.say(codePong, emptyList) // nobody asked
	for code := uint64(4); code < baseProtocolLength; code++ {
		s.say(code, []byte("whatever"))
	}
	s.say(0x11, []byte("of another network")) // inner has 0x10 to 0x12
	s.say(0x13, []byte("ours"))
	if m, err := l.Read(); err != nil || m.Lane != 1 || m.Code != 0 || string(m.Data) != "ours" {
		t.Errorf("%v, %v", m, err)
	}
	if n := tr.Stats().Ignored; n != 1+12+1 {
		t.Errorf("%d ignored", n)
	}
	if err := l.Write(link.Msg{Lane: 0, Data: []byte("secret")}); err == nil {
		t.Error("a protocol of our network was written to a stranger")
	}
}

// 200,000 pings cost the link after the sixth, whether their answers are read or not.
// Threat K9.
func TestPingFlood(t *testing.T) {
	tr := listening(t, Config{})
	s, l := met(t, tr, dialled(t, tr), nil)
	before := runtime.NumGoroutine()
	go func() {
		defer func() { _ = s.c.Close() }()
		for range 200_000 {
			if _, err := s.c.Write(s.frame(codePing, emptyList)); err != nil {
				return
			}
		}
	}()
	wantEnd(t, ended(l), link.Breach, false)
	if n := tr.Stats().PingsAnswered; n != pingsBurst {
		t.Errorf("%d pings were answered", n)
	}
	settled(t, tr)
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// A reason is understood in every form it comes in, before Hello and after.
func TestC5DisconnectForms(t *testing.T) {
	for _, c := range []struct {
		payload []byte
		want    link.Reason
	}{
		{[]byte{0xc1, 0x04}, link.TooManyPeers},
		{[]byte{0x04}, link.TooManyPeers},
		{[]byte{0xc1, 0x80}, link.Requested},
		{[]byte{0x80}, link.Requested},
		{[]byte{0x00}, link.Requested},
		{[]byte{0xc0}, link.Requested},
		{nil, link.Requested},
		{[]byte{0xc1, 0x10}, link.Subprotocol},
		{[]byte{0xc1, 0x42}, 0x42},
		{[]byte{0xc3, 0x82, 0x01, 0x00}, reasonUnreadable},
	} {
		for _, compressed := range []bool{true, false} {
			tr := listening(t, Config{})
			s, l := met(t, tr, dialled(t, tr), nil)
			s.seal.snappy = compressed
			s.say(codeDisconnect, c.payload)
			wantEnd(t, ended(l), c.want, true)
			<-l.gone
			if n := tr.Stats().Told[c.want]; n != 1 {
				t.Errorf("%x: counted %d times", c.payload, n)
			}
		}
		// In place of Hello, to who dialled.
		tr, other := made(t, Config{}), made(t, Config{Key: linktest.Key("other")})
		ours, theirs := wires(window)
		go func() {
			e, err := respond(theirs, other.cfg.Entropy, other.cfg.Key)
			if err != nil {
				t.Error(err)
				return
			}
			b, _ := e.seal.seal(nil, codeDisconnect, c.payload)
			_, _ = theirs.Write(b)
			_ = theirs.CloseWrite()
		}()
		_, err := tr.setupDialled(t.Context(), ours, other.enode(loopback))
		wantEnd(t, err, c.want, true)
	}
}

// Whatever a remote calls itself, Info has it short and in UTF-8.
func TestOddAgents(t *testing.T) {
	for _, agent := range []string{"", "a\x00b\x1b[31m\r\n", "\xff\xfe\xfd", strings.Repeat("é", 200), strings.Repeat("x", 1000)} {
		tr := listening(t, Config{})
		_, l := met(t, tr, dialled(t, tr), func(h *hello) { h.Agent = agent })
		if got := l.Info().Agent; len(got) > 128 || !utf8.ValidString(got) {
			t.Errorf("%q became %q", agent, got)
		}
	}
}

// A remote of version 4 gets and sends everything uncompressed.
func TestVersion4(t *testing.T) {
	tr := listening(t, Config{})
	s, l := met(t, tr, dialled(t, tr), func(h *hello) { h.Version = 4 })
	text := bytes.Repeat([]byte("text"), 1000)
	s.say(0x12, text)
	if m, err := l.Read(); err != nil || m.Code != 2 || !bytes.Equal(m.Data, text) {
		t.Errorf("%d bytes, %v", len(m.Data), err)
	}
	if err := l.Write(link.Msg{Lane: 1, Code: 3, Data: text}); err != nil {
		t.Error(err)
	}
	if code, got, err := s.next(); err != nil || code != 0x1b || !bytes.Equal(got, text) {
		t.Errorf("code %d, %d bytes, %v", code, len(got), err)
	}
	_ = l.Close(link.TooManyPeers)
	if why := s.told(); why != link.TooManyPeers {
		t.Errorf("told %q", why)
	}
}

// Ourselves under another address.
func TestSelf(t *testing.T) {
	tr := listening(t, Config{})
	c := dialled(t, tr)
	s := &speaker{t: t, c: c, key: tr.cfg.Key}
	e, err := initiate(c, tr.cfg.Entropy, s.key, tr.cfg.Key.Uncompressed())
	if err != nil {
		t.Fatal(err)
	}
	s.seal, s.in = e.seal, newFrames(c.Read, e.open, e.rest)
	if why := s.told(); why != link.Self {
		t.Errorf("told %q", why)
	}
}

// Both ends close at once, with traffic: each link ends once, and soon.
func TestSimultaneousClose(t *testing.T) {
	a, b := listening(t, Config{}), listening(t, Config{Key: linktest.Key("b")})
	for range 30 {
		l, err := a.Dial(t.Context(), ticket, b.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := l.(*Link), accepted(t, b)
		for _, l := range []*Link{ours, theirs} {
			go func() { _ = l.Close(link.Requested) }()
		}
		_, _ = ended(ours), ended(theirs)
		<-ours.gone
		<-theirs.gone
	}
}
