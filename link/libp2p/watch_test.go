package libp2p

import (
	"context"
	"slices"
	"testing"
	"time"

	ma "github.com/multiformats/go-multiaddr"

	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/ropewalk/ropewalk/envelope"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// telling waits until a transport tells who asks of its record: libp2p has it ready some
// time after the record is signed.
func telling(t *testing.T, tr *Transport) {
	t.Helper()
	s := newStranger(t)
	told, err := s.host.EventBus().Subscribe([]any{new(event.EvtPeerIdentificationCompleted), new(event.EvtPeerIdentificationFailed)})
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	end := time.After(patience)
	for {
		s.dial(t, tr) // it is left again, for nothing is shared
		select {
		case e := <-told.Out():
			if done, ok := e.(event.EvtPeerIdentificationCompleted); ok && done.SignedPeerRecord != nil {
				return
			}
		case <-end:
			t.Fatal("no record is told")
		}
	}
}

// Both ends of a link hold the other's signed record, which names where it listens.
func TestEnvelope(t *testing.T) {
	for range 10 {
		a, b := listening(t, "a"), listening(t, "b")
		telling(t, a)
		telling(t, b)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		out, err := a.Dial(ctx, id.Ticket{}, b.Addrs()[0])
		if err != nil {
			t.Fatal(err)
		}
		in, err := b.Accept()
		if err != nil {
			t.Fatal(err)
		}
		for _, end := range []struct {
			info link.Info
			of   *Transport
		}{{out.Info(), b}, {in.Info(), a}} {
			r, err := envelope.Open(end.info.Envelope)
			if err != nil {
				t.Fatalf("%d bytes: %v", len(end.info.Envelope), err)
			}
			if r.Peer != end.info.PeerID || r.Peer != end.of.peerID || !slices.Contains(r.Addrs, end.of.Addrs()[0]) {
				t.Fatalf("record %+v, listening at %v", r, end.of.Addrs())
			}
		}
		_ = a.Close()
		_ = b.Close()
	}
}

// Who dials learns from the remote where it is seen: at its end of the socket, when
// nothing is in between.
func TestObserved(t *testing.T) {
	a, b := listening(t, "a"), listening(t, "b")
	for _, to := range b.Addrs() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		out, err := a.Dial(ctx, id.Ticket{}, to)
		if err != nil {
			t.Fatal(err)
		}
		if info := out.Info(); !info.Local.IsValid() || info.Observed != info.Local {
			t.Errorf("%s: observed at %v, local end %v", to, info.Observed, info.Local)
		}
		_ = out.Close(link.Requested)
		<-out.(*Link).gone
	}
}

// Where a multiaddr leads, and that one of a relay says nothing.
func TestEndpoint(t *testing.T) {
	tests := map[string]string{
		"/ip4/8.8.8.8/tcp/4001":                                 "8.8.8.8:4001",
		"/ip4/8.8.8.8/udp/4001/quic-v1":                         "8.8.8.8:4001",
		"/ip6/2a00::1/tcp/4001":                                 "[2a00::1]:4001",
		"/ip6/::ffff:8.8.8.8/tcp/4001":                          "8.8.8.8:4001",
		"/dns4/example.org/tcp/4001":                            "invalid AddrPort",
		"/ip4/8.8.8.8/tcp/4001/p2p/" + relayID + "/p2p-circuit": "invalid AddrPort",
		"/p2p/" + relayID:                                       "invalid AddrPort",
		"":                                                      "invalid AddrPort",
	}
	for text, want := range tests {
		var m ma.Multiaddr
		if text != "" {
			m = ma.StringCast(text)
		}
		if got := endpoint(m).String(); got != want {
			t.Errorf("%q leads to %s, want %s", text, got, want)
		}
	}
}

const relayID = "16Uiu2HAmB5UMgKk9cdUzHqsW4ZbRTKkVhuBrDHvTCz7HDmzjRBeH"

// A record of a connection that is gone is not kept.
func TestEnvelopeDies(t *testing.T) {
	a, b := listening(t, "a"), listening(t, "b")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l, err := a.Dial(ctx, id.Ticket{}, b.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close(link.Requested)
	<-l.(*Link).gone
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.conns) > 0 {
		t.Fatalf("%d connections", len(a.conns))
	}
}

// early is a connection that identify knows before we do.
type early struct {
	network.Conn
	closed bool
}

func (c *early) IsClosed() bool                { return c.closed }
func (c *early) RemotePeer() peer.ID           { return "early" }
func (c *early) RemoteMultiaddr() ma.Multiaddr { return ma.StringCast("/ip4/127.0.0.1/tcp/1") }
func (c *early) Stat() (s network.ConnStats)   { s.Limited = true; return s }

// What identify heard before we were told of its connection is kept for it, and is gone
// with it.
func TestIdentifiedEarly(t *testing.T) {
	tr := listening(t, "a")
	kept := func() (n int) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		return len(tr.early) + len(tr.conns)
	}
	c := &early{}
	heard := event.EvtPeerIdentificationCompleted{Conn: c, ObservedAddr: ma.StringCast("/ip4/9.8.7.6/tcp/5")}
	tr.identity(heard)
	tr.connected(c)
	tr.mu.Lock()
	got := tr.conns[c].said.observed
	tr.mu.Unlock()
	if got.String() != "9.8.7.6:5" || kept() != 1 {
		t.Errorf("observed %v, %d kept", got, kept())
	}
	tr.disconnected(c)
	tr.identity(heard)
	tr.disconnected(c)
	c.closed = true
	tr.identity(heard)
	if kept() != 0 {
		t.Errorf("%d kept", kept())
	}
}
