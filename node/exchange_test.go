package node

import (
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/envelope"
	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// A PRUNE's recommendations come into the book as grey hosts on the word of whoever
// sent it, and are dialled when a slot is free; private addresses only in a local
// network, banned hosts not at all.
// Rule: X5
func TestExchange(t *testing.T) {
	for _, c := range []struct {
		name     string
		localnet bool
		want     []string
	}{
		{"local", true, []string{"private", "public"}},
		{"public", false, []string{"public"}},
	} {
		w := newWorld(t)
		w.hold = true
		a := w.add("a", func(cfg *Config) {
			cfg.Gossip.AcceptExchange, cfg.Localnet, cfg.Session.Outbound = true, c.localnet, 4
			cfg.Unscored = true // else only who earned it recommends
		})
		if err := a.n.Follow(w.now, "t"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		banned := linktest.Key("banned")
		_ = a.n.book.Ban(w.now, hosts.OfID(banned.ID()), time.Hour)

		b := linktest.Key("b")
		a.n.LinkUp(w.now, 1000, link.Info{
			ID: b.ID(), PeerID: b.Public().PeerID(), Public: b.Public(), Kind: link.LibP2P, Dir: link.In,
			Addr:  link.MustAddr("/ip4/8.8.1.1/tcp/4001").WithPeer(b.Public().PeerID()),
			Lanes: []link.LaneInfo{{Lane: laneGossip, Stream: "/meshsub/1.1.0"}},
		})
		say := func(frame []byte) {
			a.n.LinkMsg(w.now, 1000, link.Msg{Lane: laneGossip, Data: frame})
			w.settle()
		}
		say(rpc.AppendControl(rpc.AppendSub(nil, true, "t"), rpc.AppendGraft(nil, "t")))
		var infos []rpc.PeerInfo
		for name, where := range map[string]string{"private": "/ip4/10.9.9.9/tcp/4001", "public": "/ip4/9.9.9.9/tcp/4001", "banned": "/ip4/9.9.9.8/tcp/4001"} {
			k := linktest.Key(name)
			infos = append(infos, rpc.PeerInfo{
				PeerID: []byte(k.Public().PeerID()),
				Record: envelope.Seal(k, envelope.Record{Seq: 1, Addrs: []link.Addr{link.MustAddr(where)}}),
			})
		}
		say(rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 60, infos...)))
		for _, name := range []string{"private", "public", "banned"} {
			h, ok := a.n.book.Get(linktest.Key(name).ID())
			if want := slices.Contains(c.want, name); ok != want || ok && (h.Colour != hosts.Grey || h.Source != "8.8.0.0/16") {
				t.Errorf("%s: %s is in the book: %v, as %s on the word of %q", c.name, name, ok, h.Colour, h.Source)
			}
		}
		w.pass(20 * time.Second)
		dialled := map[string]bool{}
		for _, d := range a.dials {
			dialled[d.To.IP().String()] = true
		}
		if !dialled["9.9.9.9"] || dialled["10.9.9.9"] != c.localnet || dialled["9.9.9.8"] {
			t.Errorf("%s: dialled %v", c.name, dialled)
		}
	}
}
