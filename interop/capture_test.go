package interop

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// The tests of this file look at the frames themselves. Bytes in hex are those that
// go-libp2p-pubsub writes.

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCaptureMesh: what we say of our mesh on each version, byte by byte, and what
// we make of the same words.
func TestCaptureMesh(t *testing.T) {
	for _, v := range []struct {
		proto protocol.ID
		prune string // of our leaving
	}{
		{pubsub.GossipSubID_v10, "1a0522030a0174"},
		{pubsub.GossipSubID_v11, "1a0722050a0174180a"},
		{pubsub.GossipSubID_v12, "1a0722050a0174180a"},
		{pubsub.GossipSubID_v13, "1a0722050a0174180a"},
	} {
		t.Run(strings.Trim(string(v.proto), "/"), func(t *testing.T) {
			t.Parallel()
			r, x := startRope(t, "rope", "t", "none"), startTap(t, "tap", v.proto)
			x.join(t, r)
			hello := "0a050801120174" // SUBSCRIBE t
			if v.proto == pubsub.GossipSubID_v13 {
				hello += "1a0432025001" // and Extensions{partialMessages}
			}
			x.await(t, r, "anything", func(*rpc.RPC) bool { return true })
			bytesAre(t, "hello", x.frames(r)[0], unhex(t, hello))
			bytesAre(t, "GRAFT", x.await(t, r, "GRAFT", func(m *rpc.RPC) bool { return len(m.Graft) > 0 }), unhex(t, "1a051a030a0174"))
			if !inMesh(r, x) {
				t.Error("it sent GRAFT to one outside its mesh")
			}

			// PRUNE of one second: heeded, and over when it is over.
			pruned := time.Now()
			x.say(t, r, unhex(t, "1a0722050a01741801"))
			rig.Until(t, "we take it out of the mesh", func() string {
				if inMesh(r, x) {
					return "still there"
				}
				return ""
			})
			rig.Until(t, "we graft it again", func() string {
				if !inMesh(r, x) {
					return "not yet"
				}
				return ""
			})
			if v.proto != pubsub.GossipSubID_v10 && time.Since(pruned) < time.Second {
				t.Errorf("grafted %v after a PRUNE with a backoff of 1 s", time.Since(pruned))
			}

			r.leave()
			bytesAre(t, "PRUNE", x.await(t, r, "PRUNE", func(m *rpc.RPC) bool { return len(m.Prune) > 0 }), unhex(t, v.prune))
			x.await(t, r, "UNSUBSCRIBE", func(m *rpc.RPC) bool { return len(m.Subs) == 1 && !m.Subs[0].Subscribe })
		})
	}
}

// full is a configuration of ours whose mesh is full with two members.
func full(c *ropewalk.Config) {
	c.Gossip.D, c.Gossip.Dlo, c.Gossip.Dhi, c.Gossip.Dout, c.Gossip.Dscore = 2, 1, 2, -1, 1
}

// TestWeExchange: our PRUNE to one that finds our mesh full recommends those in it
// by their signed records, which a host accepts, dials, and finds there.
// Rule: X1
func TestWeExchange(t *testing.T) {
	cfg := ropeConfig("strict")
	full(&cfg)
	cfg.Gossip.PeerExchange = true
	r := newRope(t, "rope", "t", cfg)
	r.follow(t)
	first, second := startHost(t, "first", "t", hostOptions{}), startRope(t, "second", "t", "strict")
	first.dial(t, r.addr("tcp"))
	second.dial(t, r.addr("tcp"))
	meshed(t, first, r)
	meshed(t, second, r)

	late := startHost(t, "late", "t", hostOptions{})
	late.dial(t, r.addr("tcp"))
	rig.Until(t, "the refused host is connected to those we recommend", func() string {
		for _, m := range []member{first, second} {
			if len(late.host.Network().ConnsToPeer(peer.ID(m.peer()))) == 0 {
				return m.name() + " is not dialled"
			}
		}
		return ""
	})
	prunes := late.tracer.seen("prune", true, r.id)
	if len(prunes) == 0 || prunes[0].px != 2 || prunes[0].wait != time.Minute {
		t.Errorf("PRUNE of ours: %+v, want two records and a minute", prunes)
	}
	both(t, late, first, "met by exchange")

	// A peer of 1.0 cannot read records and gets none; one that breaks the backoff
	// has earned none.
	old, rude := startTap(t, "old", pubsub.GossipSubID_v10), startTap(t, "rude", pubsub.GossipSubID_v12)
	for _, x := range []*tap{old, rude} {
		x.join(t, r)
		x.say(t, r, unhex(t, "1a051a030a0174"))
		prune := x.await(t, r, "PRUNE", func(m *rpc.RPC) bool { return len(m.Prune) > 0 })
		if x == old {
			bytesAre(t, "PRUNE to 1.0", prune, unhex(t, "1a0522030a0174"))
			continue
		}
		var theirs pb.RPC
		if err := theirs.Unmarshal(prune); err != nil || len(theirs.GetControl().GetPrune()[0].GetPeers()) < 2 {
			t.Errorf("PRUNE to 1.2: %x: %v", prune, err)
		}
		x.say(t, r, unhex(t, "1a051a030a0174"))
		again := x.await(t, r, "a second PRUNE", func(m *rpc.RPC) bool { return len(m.Prune) > 0 && len(m.Prune[0].Peers) == 0 })
		bytesAre(t, "PRUNE after a broken backoff", again, unhex(t, "1a0722050a0174183c"))
	}
}

// TestTheyExchange: a host whose mesh is full recommends its members when it prunes
// us; we verify the records and dial who they are of.
func TestTheyExchange(t *testing.T) {
	p := hostParams()
	p.D, p.Dlo, p.Dhi, p.Dout, p.Dscore = 2, 1, 2, 0, 1
	h := startHost(t, "host", "t", hostOptions{params: p, options: []pubsub.Option{pubsub.WithPeerExchange(true)}})
	first, second := startHost(t, "first", "t", hostOptions{}), startRope(t, "second", "t", "strict")
	first.dial(t, h.addr("tcp"))
	second.dial(t, h.addr("tcp"))
	meshed(t, first, h)
	meshed(t, second, h)

	cfg := ropeConfig("strict")
	cfg.Gossip.AcceptExchange = true
	cfg.Session.Outbound = 4
	late := newRope(t, "late", "t", cfg)
	late.follow(t)
	late.dial(t, h.addr("tcp"))
	rig.Until(t, "we are connected to those it recommends", func() string {
		for _, m := range []member{first, second} {
			if _, ok := late.session(t, m.peer()); !ok {
				return m.name() + " is not dialled"
			}
		}
		return ""
	})
	if prunes := h.tracer.seen("prune", false, late.id); len(prunes) == 0 || prunes[0].px != 2 {
		t.Errorf("PRUNE of theirs: %+v, want two records", prunes)
	}
	both(t, late, first, "met by exchange")
}

// TestForeignRecords: records in a PRUNE that are not signed by whom they name are
// not dialled; the good one beside them is.
// Rule: X4
func TestForeignRecords(t *testing.T) {
	cfg := ropeConfig("strict")
	cfg.Gossip.AcceptExchange = true
	cfg.Session.Outbound = 4
	r := newRope(t, "rope", "t", cfg)
	r.follow(t)
	good, victim := startHost(t, "good", "t", hostOptions{}), startHost(t, "victim", "t", hostOptions{})
	x := startTap(t, "tap", pubsub.GossipSubID_v12)
	x.join(t, r)
	x.await(t, r, "GRAFT", func(m *rpc.RPC) bool { return len(m.Graft) > 0 })
	forged := slices.Clone(ownRecord(t, victim))
	forged[len(forged)-1] ^= 1
	x.say(t, r, rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 60,
		rpc.PeerInfo{PeerID: []byte(victim.peer())},
		rpc.PeerInfo{PeerID: []byte(victim.peer()), Record: forged},
		rpc.PeerInfo{PeerID: []byte(victim.peer()), Record: ownRecord(t, good)},
		rpc.PeerInfo{PeerID: []byte(good.peer()), Record: ownRecord(t, good)},
	)))
	rig.Until(t, "the good one is dialled", func() string {
		if _, ok := r.session(t, good.peer()); !ok {
			return "no session"
		}
		return ""
	})
	if _, ok := r.session(t, victim.peer()); ok {
		t.Error("a host is dialled on a record that it has not signed")
	}
}

// large is a message that is worth an IDONTWANT to both kinds of node.
func large(label string) string { return label + strings.Repeat(" much", 32<<10/5) }

// TestTheirIDontWant: a host that has a message in checking says so, and we do not
// send it another copy.
// Rule: I8
func TestTheirIDontWant(t *testing.T) {
	r, h, x, release := dontWantTrio(t, true)
	m := large("held")
	x.say(t, h, unsigned(m))
	rig.Until(t, "the host tells us", func() string {
		if len(h.tracer.seen("idontwant", false, r.id)) == 0 {
			return "no IDONTWANT"
		}
		return ""
	})
	h.publish(t, "after it") // on the same stream, so that we have heard both
	hears(t, r, "after it")
	x.say(t, r, unsigned(m))
	hears(t, r, m)
	r.publish(t, "the end") // comes after whatever we send
	hears(t, h, "the end")
	if n := h.tracer.messages(true, r.id, m); n > 0 {
		t.Errorf("we sent the host %d copies of what it does not want", n)
	}
	release()
	hears(t, h, m)
	if x.brought(t, r, m)+x.brought(t, h, m) > 0 {
		t.Error("a copy went back to its sender")
	}
}

// TestOurIDontWant: the same the other way round.
// Rule: I7
func TestOurIDontWant(t *testing.T) {
	r, h, x, release := dontWantTrio(t, false)
	m := large("held")
	x.say(t, r, unsigned(m))
	rig.Until(t, "we tell the host", func() string {
		if len(h.tracer.seen("idontwant", true, r.id)) == 0 {
			return "no IDONTWANT"
		}
		return ""
	})
	x.say(t, h, unsigned(m))
	hears(t, h, m)
	h.publish(t, "the end")
	hears(t, r, "the end")
	if n := h.tracer.messages(false, r.id, m); n > 0 {
		t.Errorf("the host sent us %d copies of what we do not want", n)
	}
	release()
	hears(t, r, m)
}

// dontWantTrio is a node of ours and a host in one mesh, one of which holds large
// messages back in checking until released, and a tap connected to both that is in
// no mesh.
func dontWantTrio(t *testing.T, holdTheirs bool) (*rope, *theirs, *tap, func()) {
	t.Helper()
	gate := make(chan struct{})
	release := func() {
		select {
		case <-gate:
		default:
			close(gate)
		}
	}
	t.Cleanup(release)
	cfg, o := ropeConfig("none"), hostOptions{sign: "none"}
	if holdTheirs {
		o.options = []pubsub.Option{pubsub.WithDefaultValidator(func(_ context.Context, _ peer.ID, m *pubsub.Message) bool {
			if len(m.GetData()) > 1<<10 {
				<-gate
			}
			return true
		})}
	} else {
		cfg.Gossip.Validators = []ropewalk.Validator{func(_ context.Context, m ropewalk.Message) ropewalk.Verdict {
			if len(m.Data) > 1<<10 {
				<-gate
			}
			return ropewalk.Accept
		}}
	}
	r, h := newRope(t, "rope", "t", cfg), startHost(t, "host", "t", o)
	r.follow(t)
	r.dial(t, h.addr("tcp"))
	meshed(t, r, h)
	x := startTap(t, "tap", pubsub.GossipSubID_v12)
	for _, m := range []member{r, h} {
		x.join(t, m)
		x.say(t, m, rpc.AppendSub(nil, false, "t")) // it only sends
	}
	return r, h, x, release
}

// TestExtensions: both sides say on 1.3 what they support, in the first RPC of the
// stream, and find no fault with each other.
// Rule: E1
func TestExtensions(t *testing.T) {
	said := make(chan struct{}, 16)
	r := startRope(t, "rope", "t", "strict")
	h := startHost(t, "host", "t", hostOptions{options: []pubsub.Option{pubsub.WithTestExtension(pubsub.TestExtensionConfig{
		OnReceiveTestExtension: func(peer.ID) { said <- struct{}{} },
	})}})
	r.dial(t, h.addr("tcp"))
	meshed(t, r, h)
	if got := h.tracer.stream(r.id); got != string(pubsub.GossipSubID_v13) {
		t.Errorf("the host writes %q to us", got)
	}
	if s, ok := r.session(t, h.peer()); !ok || !slices.Contains(s.Protocols, string(pubsub.GossipSubID_v13)) {
		t.Errorf("we write %+v to it", s.Protocols)
	}
	if all := h.tracer.seen("extensions", true, r.id); len(all) != 1 {
		t.Errorf("%d Extensions messages of ours, want one", len(all))
	}
	x := startTap(t, "tap", pubsub.GossipSubID_v13) // their tracer does not show their hello
	for _, m := range []member{r, h} {
		x.join(t, m)
		x.await(t, m, "anything", func(*rpc.RPC) bool { return true })
		first := read(t, x.frames(m)[0])
		if !first.HasExtensions || first.Extensions.Test != (m == member(h)) || len(first.Subs) != 1 {
			t.Errorf("the first RPC of %s: %x", m.name(), x.frames(m)[0])
		}
	}
	both(t, r, h, "on 1.3")
	if len(said) > 0 {
		t.Error("we said the test extension, which we do not support")
	}
}
