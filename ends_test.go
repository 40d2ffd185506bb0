package ropewalk

import (
	"context"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link/mem"
)

// downOf waits for the event that a node's link with another is down.
func downOf(t *testing.T, s *EventSubscription, who id.ID) Event {
	t.Helper()
	end := soon(t).Done()
	for {
		select {
		case e := <-s.C():
			if e.Strand == "peer" && e.Kind == "down" && e.Peer == who.String() {
				return e
			}
		case <-end:
			t.Fatal("nobody told of the end of the link")
		}
	}
}

// Both ends tell whose doing the end of a link was, and why, over every kind of link.
func TestC10WhoEndedALinkIsTold(t *testing.T) {
	first := func(i Info) string { return i.LibP2P[0] }
	enode := func(i Info) string { return i.Enode }
	wire := mem.NewNetwork()
	for _, c := range []struct {
		name string
		cfg  func(name string) Config
		to   func(Info) string
	}{
		{"rlpx", func(string) Config { return rlpxConfig() }, enode},
		{"libp2p", func(string) Config { return libConfig() }, first},
		{"mem", func(name string) Config { return wired(wire, name) }, first},
	} {
		t.Run(c.name, func(t *testing.T) {
			talks := newAsker()
			a := protocolled(t, c.cfg("a"), talks.protocol("talk"))
			b := protocolled(t, c.cfg("b"), newAsker().protocol("talk"))
			for _, end := range []struct {
				what string
				by   func(conversation)
				why  string
			}{
				{"disconnect", func(conversation) { _ = a.Disconnect(soon(t), b.Info().ID) }, "requested"},
				{"reason of a Run", func(talk conversation) { talk.end <- DiscUselessPeer }, "useless peer"},
				{"error of a Run", func(talk conversation) { talk.end <- context.DeadlineExceeded }, "subprotocol error"},
			} {
				ours, theirs := a.Events(t.Context(), "peer"), b.Events(t.Context(), "peer")
				if _, err := b.Connect(soon(t), c.to(a.Info())); err != nil {
					t.Fatal(err)
				}
				end.by(talks.wait(t))
				if e := downOf(t, ours, b.Info().ID); e.Side != "local" || !strings.HasSuffix(e.Err, end.why) {
					t.Errorf("%s: who ended it says side %q, %q", end.what, e.Side, e.Err)
				}
				if e := downOf(t, theirs, a.Info().ID); e.Side != "remote" || !strings.HasSuffix(e.Err, end.why) {
					t.Errorf("%s: the other says side %q, %q", end.what, e.Side, e.Err)
				}
				ours.Close()
				theirs.Close()
			}
		})
	}
}

// The list of peers tells what each protocol says of them.
func TestSessionsTellPeerInfo(t *testing.T) {
	talk := newAsker().protocol("talk")
	talk.PeerInfo = func(who id.ID) any { return map[string]string{"height": "7", "of": who.Short()} }
	a := protocolled(t, rlpxConfig(), talk, newAsker().protocol("mute"))
	b := protocolled(t, rlpxConfig(), newAsker().protocol("talk"), newAsker().protocol("mute"))
	if _, err := b.Connect(soon(t), a.Info().Enode); err != nil {
		t.Fatal(err)
	}
	until(t, "the peer's protocols", func() bool {
		all, err := a.Sessions(soon(t))
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 1 || len(all[0].Info) < 2 {
			return false
		}
		m, _ := all[0].Info["talk"].(map[string]string)
		if m["height"] != "7" || m["of"] != b.Info().ID.Short() || all[0].Info["mute"] != "unknown" {
			t.Errorf("says %v", all[0].Info)
		}
		return true
	})
}
