package libp2p

import (
	"context"
	"slices"
	"testing"

	"github.com/ropewalk/ropewalk/envelope"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Both ends of a link hold the other's signed record, which names where it listens.
func TestEnvelope(t *testing.T) {
	for range 10 {
		a, b := listening(t, "a"), listening(t, "b")
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
