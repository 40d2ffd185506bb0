package ropewalk

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/mem"
)

// protocolled is a running node with protocols.
func protocolled(t testing.TB, cfg Config, protocols ...Protocol) *Node {
	t.Helper()
	n := made(t, cfg)
	for _, p := range protocols {
		if err := n.Handle(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return n
}

// wired is a node on a wire in memory, which learns the protocols at its start.
func wired(wire *mem.Network, name string) Config {
	key := linktest.Key(name)
	return Config{
		Key: key, Localnet: true, Session: SessionConfig{Outbound: -1},
		Transports: []Transport{wire.Transport(key, name, nil)},
	}
}

// echoer answers every message with itself.
func echoer(name string) Protocol {
	return Protocol{Name: name, Version: 1, Length: 8, Limits: Limits{PayloadBytes: 16<<20 - 1}, Run: func(_ *Peer, rw MsgReadWriter) error {
		for {
			m, err := rw.ReadMsg()
			if err == nil {
				err = rw.WriteMsg(m)
			}
			if err != nil {
				return err
			}
		}
	}}
}

// asker hands the test what one Run is given, and ends when the test says so.
type asker struct {
	got chan conversation
}

type conversation struct {
	peer *Peer
	rw   MsgReadWriter
	end  chan error // what Run is to return
}

func newAsker() *asker { return &asker{got: make(chan conversation, 64)} }

func (a *asker) protocol(name string) Protocol {
	return Protocol{Name: name, Version: 1, Length: 8, Limits: Limits{PayloadBytes: 16<<20 - 1}, Run: func(p *Peer, rw MsgReadWriter) error {
		c := conversation{p, rw, make(chan error, 1)}
		a.got <- c
		select {
		case err := <-c.end:
			return err
		case <-p.Done():
			return nil
		}
	}}
}

func (a *asker) wait(t testing.TB) conversation {
	t.Helper()
	select {
	case c := <-a.got:
		return c
	case <-soon(t).Done():
		t.Fatal("Run was not called in time")
		return conversation{}
	}
}

// ask sends one message and reads the answer.
func (c conversation) ask(t testing.TB, code uint64, data string) {
	t.Helper()
	if err := SendBytes(c.rw, code, []byte(data)); err != nil {
		t.Fatal(err)
	}
	c.want(t, code, data)
}

func (c conversation) want(t testing.TB, code uint64, data string) {
	t.Helper()
	m, err := c.rw.ReadMsg()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(m.Payload)
	if err != nil || m.Code != code || string(raw) != data || int(m.Size) != len(data) || m.ReceivedAt.IsZero() {
		t.Fatalf("%v %.40q %v, want code %d %.40q", m, raw, err, code, data)
	}
}

// lines is a log that a test reads.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// has tells whether a line has all the parts.
func (l *lines) has(parts ...string) bool {
	for line := range strings.Lines(l.String()) {
		all := true
		for _, p := range parts {
			all = all && strings.Contains(line, p)
		}
		if all {
			return true
		}
	}
	return false
}
