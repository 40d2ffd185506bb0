package node

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link/linktest"
)

// A direct peer that is missing is dialled where the book knows it, without an answer
// that nobody asked for, and not dialled where it does not.
// Rule: A3
func TestMissingDirectPeersAreDialled(t *testing.T) {
	w := newWorld(t)
	b := w.add("b", nil)
	a := w.add("a", func(cfg *Config) { cfg.Gossip.Params.DirectConnectTicks = 5 })
	if err := a.n.book.HearAddr(w.now, "", addr("b")); err != nil {
		t.Fatal(err)
	}
	a.n.SetDirect(w.now, b.key.ID(), true)
	a.n.SetDirect(w.now, linktest.Key("nowhere").ID(), true)
	w.pass(2 * time.Second)
	if _, ok := a.n.peers.ByID(b.key.ID()); !ok {
		t.Fatal("the direct peer was not dialled")
	}
	a.n.Disconnect(w.now, b.key.ID())
	w.pass(10 * time.Second)
	if _, ok := a.n.peers.ByID(b.key.ID()); !ok {
		t.Error("the direct peer was not dialled again")
	}
	if len(a.connected) > 0 {
		t.Errorf("answers %v", a.connected)
	}
}

// Scores are on unless somebody turns them off, and in a local network private
// addresses count against nobody.
func TestScoringIsOn(t *testing.T) {
	if c := (Config{}).scoring(); c == nil || len(c.IPColocationAllow) != 0 || c.IPColocationFactorWeight >= 0 {
		t.Errorf("%+v", c)
	}
	if c := (Config{Localnet: true}).scoring(); c == nil || len(c.IPColocationAllow) == 0 {
		t.Errorf("%+v", c)
	}
	if c := (Config{Unscored: true}).scoring(); c != nil {
		t.Errorf("%+v", c)
	}
}
