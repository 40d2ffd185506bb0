package node

import (
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
)

// The router's classes, tags and times reach the queues.
func TestFramesReachTheQueues(t *testing.T) {
	w := newWorld(t)
	a, b := w.add("a", nil), w.add("b", nil)
	a.n.peers = peer.New(peer.Config{Self: a.key.ID(), Protocols: []link.Protocol{laneGossip: gossipsub.Protocol()}})
	a.n.peers.Add(w.now, 1, link.Info{ID: b.key.ID(), Lanes: []link.LaneInfo{{Lane: laneGossip}}})
	a.n.now = w.now
	f, to := frames{a.n}, b.key.ID()
	f.Send(to, gossipsub.Frame{Data: []byte("late"), Class: gossipsub.Forwarded, Until: w.now.Add(time.Second)})
	f.Send(to, gossipsub.Frame{Data: []byte("forwarded"), Class: gossipsub.Forwarded, Tag: 1})
	f.Send(to, gossipsub.Frame{Data: []byte("cancelled"), Class: gossipsub.Own, Tag: 2})
	f.Send(to, gossipsub.Frame{Data: []byte("own"), Class: gossipsub.Own, Tag: 3})
	f.Send(to, gossipsub.Frame{Data: []byte("control"), Class: gossipsub.Control})
	if !f.Cancel(to, 2) || f.Cancel(to, 4) {
		t.Fatal("Cancel")
	}
	var got []string
	for m, ok := a.n.Next(w.now.Add(time.Second), 1, 0); ok; m, ok = a.n.Next(w.now.Add(time.Second), 1, 0) {
		got = append(got, string(m.Data))
	}
	if len(got) != 3 || got[0] != "control" || got[1] != "own" || got[2] != "forwarded" {
		t.Fatalf("went out %q", got)
	}
	if got := a.n.Take().Cancels; !slices.Equal(got, []peer.Cancelled{{Conn: 1, Lane: laneGossip, Tag: 4}}) {
		t.Errorf("to be taken out of links: %v", got)
	}
}

// A link that takes nothing is closed though nothing more is sent.
func TestStalledLinkIsClosed(t *testing.T) {
	w := newWorld(t)
	a, b := w.add("a", nil), w.add("b", nil)
	a.n.peers = peer.New(peer.Config{Self: a.key.ID(), Protocols: []link.Protocol{laneGossip: gossipsub.Protocol()}})
	a.n.peers.Add(w.now, 1, link.Info{ID: b.key.ID(), Lanes: []link.LaneInfo{{Lane: laneGossip}}})
	a.n.now = w.now
	frames{a.n}.Send(b.key.ID(), gossipsub.Frame{Data: []byte("x")})
	for end := w.now.Add(time.Minute); w.now.Before(end) && !a.n.Deadline().After(end); {
		w.now = a.n.Deadline()
		a.n.Advance(w.now)
		for _, c := range a.n.Take().Closes {
			if c.Conn == 1 && c.Reason == link.Timeout {
				return
			}
		}
	}
	t.Fatal("still open after a minute")
}
