package rlpx

import (
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// patience bounds waits on real sockets; it is met only by failures.
const patience = time.Minute

// protocols of our side in these tests: "one" has the codes 0x10 to 0x17.
var protocols = []link.Protocol{
	{Name: "one", Version: 1, Length: 8},
	{Name: "two", Version: 1, Length: 4, BytesMax: 16<<20 - 1},
}

// made is a transport that need not listen.
func made(t testing.TB, c Config) *Transport {
	t.Helper()
	if c.Key == nil {
		c.Key = linktest.Key("node")
	}
	if c.Protocols == nil {
		c.Protocols = protocols
	}
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	tr.linger = 200 * time.Millisecond
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return tr
}

// listening is a transport on a loopback socket.
func listening(t testing.TB, c Config) *Transport {
	t.Helper()
	c.Listen = []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}
	tr := made(t, c)
	if err := tr.Listen(); err != nil {
		t.Fatal(err)
	}
	return tr
}

// dialled is a raw socket to a listening transport.
func dialled(t testing.TB, tr *Transport) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", placeOf(tr.Addrs()[0]))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// speaker is a remote made of the codec alone: it says what it is told to.
type speaker struct {
	t    testing.TB
	c    net.Conn
	key  *id.Key
	seal *sealer
	in   *frames
}

// speak shakes hands with a transport over c.
func speak(t testing.TB, tr *Transport, c net.Conn) *speaker {
	t.Helper()
	s := &speaker{t: t, c: c, key: linktest.Key("speaker")}
	e, err := initiate(c, rand.Reader, s.key, tr.cfg.Key.Uncompressed())
	if err != nil {
		t.Fatal(err)
	}
	s.seal, s.in = e.seal, newFrames(c.Read, e.open, e.rest)
	s.in.max = frameBytesMax
	return s
}

// hello of the speaker, to be changed before it is said.
func (s *speaker) hello() *hello {
	return &hello{Version: helloVersion, Agent: "speaker", Caps: capabilities(protocols), Key: s.key.Public()}
}

// frame is the frame of a message.
func (s *speaker) frame(code uint64, payload []byte) []byte {
	s.t.Helper()
	b, err := s.seal.seal(nil, code, payload)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// say writes a message; the other side may have hung up.
func (s *speaker) say(code uint64, payload []byte) { _, _ = s.c.Write(s.frame(code, payload)) }

// helloFrame is the frame of a Hello.
func (s *speaker) helloFrame(h *hello) []byte {
	s.t.Helper()
	b, err := appendHello(nil, h)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.frame(codeHello, b)
}

// greet exchanges Hellos and returns the other's.
func (s *speaker) greet(h *hello) hello {
	s.t.Helper()
	_, _ = s.c.Write(s.helloFrame(h))
	code, payload, err := s.in.next()
	if err != nil || code != codeHello {
		s.t.Fatalf("instead of Hello came %d, %v", code, err)
	}
	theirs, err := parseHello(payload)
	if err != nil {
		s.t.Fatal(err)
	}
	s.seal.snappy = h.Version >= snappyVersion
	return theirs
}

// next is the next message that is no ping, decompressed.
func (s *speaker) next() (code uint64, payload []byte, err error) {
	for {
		code, payload, err = s.in.next()
		if err != nil {
			return 0, nil, err
		}
		if s.seal.snappy && code != codeDisconnect {
			n, err := inflatedLen(payload)
			if err != nil {
				return 0, nil, err
			}
			if payload, err = inflate(make([]byte, n), payload); err != nil {
				return 0, nil, err
			}
		}
		if code != codePing {
			return code, payload, nil
		}
	}
}

// told reads on until it is told why the link ends.
func (s *speaker) told() link.Reason {
	s.t.Helper()
	for {
		code, payload, err := s.next()
		if err != nil {
			s.t.Fatalf("no reason came: %v", err)
		}
		if code == codeDisconnect {
			return parseReason(payload, s.seal.snappy)
		}
	}
}

// accepted is the next link of a transport.
func accepted(t testing.TB, tr *Transport) *Link {
	t.Helper()
	l, err := tr.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return l.(*Link)
}

// met is a speaker that has a link with a transport, over c.
func met(t testing.TB, tr *Transport, c net.Conn, change func(*hello)) (*speaker, *Link) {
	t.Helper()
	s := speak(t, tr, c)
	h := s.hello()
	if change != nil {
		change(h)
	}
	s.greet(h)
	return s, accepted(t, tr)
}

// ended reads until the link's error.
func ended(l *Link) error {
	for {
		if _, err := l.Read(); err != nil {
			return err
		}
	}
}

// wantEnd checks why a link ended.
func wantEnd(t testing.TB, err error, why link.Reason, remote bool) {
	t.Helper()
	var c *link.Closed
	if !errors.As(err, &c) || c.Reason != why || c.Remote != remote {
		t.Errorf("the end is %v, want reason %q, by remote %v", err, why, remote)
	}
}
