package libp2p

import (
	"context"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

const (
	meshsub = protocol.ID("/meshsub/1.2.0")
	chat    = protocol.ID("/ropewalk/chat/1")
)

var table = []link.Protocol{
	{Name: "gossip", Bare: true, Streams: []string{"/meshsub/1.3.0", string(meshsub), "/meshsub/1.1.0"}},
	{Name: "chat", Version: 1, Length: 4},
}

const patience = 60 * time.Second

func listening(t *testing.T, name string) *Transport {
	t.Helper()
	return listeningAs(t, name, Config{})
}

func listeningAs(t *testing.T, name string, c Config) *Transport {
	t.Helper()
	c.Key, c.Protocols, c.Localnet = linktest.Key(name), table, true
	c.Listen = []link.Addr{link.MustAddr("/ip4/127.0.0.1/tcp/0")}
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tr.Close() })
	if err := tr.Listen(); err != nil {
		t.Fatal(err)
	}
	return tr
}

// stranger is a libp2p host that speaks what the test makes it speak.
type stranger struct {
	*stack
	streams chan network.Stream // inbound, of the protocols in speak
}

func newStranger(t *testing.T, speak ...protocol.ID) *stranger {
	t.Helper()
	c := Config{Key: linktest.Key("stranger"), Localnet: true, UserAgent: "stranger"}
	c.fill()
	s, err := newStack(&c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	out := &stranger{stack: s, streams: make(chan network.Stream, 64)}
	for _, p := range speak {
		out.speak(p)
	}
	s.host.Start()
	return out
}

func (s *stranger) speak(p protocol.ID) {
	s.host.SetStreamHandler(p, func(st network.Stream) { s.streams <- st })
}

// dial connects to tr without a link of its own.
func (s *stranger) dial(t *testing.T, tr *Transport) network.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	m := ma.StringCast(tr.Addrs()[0].Bare().String())
	defer s.book.aim(peer.ID(tr.peerID), m, false)()
	c, err := s.swarm.DialPeer(ctx, peer.ID(tr.peerID))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// open opens a stream to tr, to which the stranger is connected.
func (s *stranger) open(tr *Transport, p protocol.ID) (network.Stream, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.host.NewStream(network.WithNoDial(ctx, "test"), peer.ID(tr.peerID), p)
}

// opened opens a stream and writes bytes on it.
func (s *stranger) opened(t *testing.T, tr *Transport, p protocol.ID, bytes string) network.Stream {
	t.Helper()
	st, err := s.open(tr, p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Write([]byte(bytes)); err != nil {
		t.Fatal(err)
	}
	return st
}

func (s *stranger) next(t *testing.T) network.Stream {
	t.Helper()
	select {
	case st := <-s.streams:
		return st
	case <-time.After(patience):
		t.Fatal("no stream was opened to us")
		return nil
	}
}

func accept(t *testing.T, tr *Transport) link.Link {
	t.Helper()
	type result struct {
		l   link.Link
		err error
	}
	c := make(chan result, 1)
	go func() {
		l, err := tr.Accept()
		c <- result{l, err}
	}()
	select {
	case r := <-c:
		if r.err != nil {
			t.Fatal(r.err)
		}
		return r.l
	case <-time.After(patience):
		t.Fatal("nothing to accept")
		return nil
	}
}

// expect reads the next message, which must be of that kind and lane.
func expect(t *testing.T, l link.Link, op link.Op, lane link.Lane, data string) link.Msg {
	t.Helper()
	type result struct {
		m   link.Msg
		err error
	}
	c := make(chan result, 1)
	go func() {
		m, err := l.Read()
		c <- result{m, err}
	}()
	select {
	case r := <-c:
		if r.err != nil || r.m.Op != op || r.m.Lane != lane || string(r.m.Data) != data {
			t.Fatalf("read %s on lane %d %q, %v; want %s on lane %d %q", r.m.Op, r.m.Lane, r.m.Data, r.err, op, lane, data)
		}
		return r.m
	case <-time.After(patience):
		t.Fatalf("no %s on lane %d came", op, lane)
		return link.Msg{}
	}
}

// Rule: S9
func TestOutboundStreamIsOpenedAgain(t *testing.T) {
	tr, s := listening(t, "a"), newStranger(t, meshsub)
	s.dial(t, tr)
	l := accept(t, tr)
	if got := l.Info(); len(got.Lanes) != 1 || got.Lanes[0].Stream != string(meshsub) || got.Agent != "stranger" || got.Dir != link.In {
		t.Fatalf("info %+v", got)
	}
	for range reopenAttempts {
		_ = s.next(t).Reset()
		expect(t, l, link.Shut, 0, "")
		if m := expect(t, l, link.Opened, 0, ""); m.Stream != string(meshsub) {
			t.Fatalf("opened %q", m.Stream)
		}
	}
	st := s.next(t)
	if err := l.Write(link.Msg{Lane: 0, Data: []byte("text")}); err != nil {
		t.Fatal(err)
	}
	if _, data, err := newFrames(st, table[0], new(buffers)).next(); err != nil || string(data) != "text" {
		t.Fatalf("read %q, %v", data, err)
	}
	_ = st.Reset() // once too often
	expect(t, l, link.Shut, 0, "")
	if err := l.Write(link.Msg{Lane: 0, Data: []byte("dropped")}); err != nil {
		t.Errorf("write on a dead lane: %v", err)
	}
}

// Rule: S9
func TestInboundStreamIsReplaced(t *testing.T) {
	tr, s := listening(t, "a"), newStranger(t, meshsub, chat)
	s.dial(t, tr)
	l := accept(t, tr)
	first := s.opened(t, tr, meshsub, "\x03one")
	expect(t, l, link.Data, 0, "one")
	second := s.opened(t, tr, meshsub, "\x03two")
	expect(t, l, link.Ended, 0, "")
	expect(t, l, link.Began, 0, "")
	expect(t, l, link.Data, 0, "two")
	if _, err := first.Read(make([]byte, 1)); err == nil {
		t.Error("the first stream lives on")
	}
	_ = second.CloseWrite()
	expect(t, l, link.Ended, 0, "")
	s.opened(t, tr, chat, "\x03\x02ab")
	if m := expect(t, l, link.Data, 1, "ab"); m.Code != 2 {
		t.Errorf("code %d", m.Code)
	}
	s.opened(t, tr, meshsub, "\x05three")
	expect(t, l, link.Began, 0, "")
	expect(t, l, link.Data, 0, "three")
}

// Rule: S10
func TestLaneNamedLater(t *testing.T) {
	tr, s := listening(t, "a"), newStranger(t, meshsub)
	s.dial(t, tr)
	l := accept(t, tr)
	s.speak(chat) // libp2p pushes the news
	if m := expect(t, l, link.Opened, 1, ""); m.Stream != string(chat) {
		t.Errorf("opened %q", m.Stream)
	}
}

// Rule: S10
func TestConnectionWithoutLanesBecomesLink(t *testing.T) {
	tr, s := listening(t, "a"), newStranger(t)
	s.dial(t, tr)
	st, err := s.open(tr, chat) // waits for identify, which names nothing of ours
	if err != nil {
		t.Fatal(err)
	}
	_ = st.Reset()
	s.speak(chat)
	if l := accept(t, tr); l.Info().Lanes[0].Lane != 1 {
		t.Errorf("lanes %v", l.Info().Lanes)
	}
}

// Rule: N1
func TestStreamIDsByPreference(t *testing.T) {
	tr, s := listening(t, "a"), newStranger(t, "/meshsub/1.1.0", meshsub)
	s.dial(t, tr)
	if l := accept(t, tr); l.Info().Lanes[0].Stream != string(meshsub) {
		t.Errorf("negotiated %q", l.Info().Lanes[0].Stream)
	}
}

// A second link to a peer is refused while the first lives.
func TestDialTwice(t *testing.T) {
	a, b := listening(t, "a"), listening(t, "b")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := a.Dial(ctx, id.Ticket{}, b.Addrs()[0]); err != nil {
		t.Fatal(err)
	}
	accept(t, b)
	if _, err := a.Dial(ctx, id.Ticket{}, b.Addrs()[0]); err == nil {
		t.Error("dialled twice")
	}
}
