package interop

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// TestLateRouter: a host whose router starts when its connection has long been up
// becomes a peer then: we learn of it by identify's push or by its stream.
// Rule: S10
func TestLateRouter(t *testing.T) {
	r := startRope(t, "rope", "t", "strict")
	h := startHost(t, "host", "t", hostOptions{idle: true, bare: true})
	h.dial(t, r.addr("quic-v1"))
	rig.Until(t, "identify ended", func() string {
		if p, _ := h.host.Peerstore().GetProtocols(peer.ID(r.id)); len(p) == 0 {
			return "our protocols are unknown"
		}
		return ""
	})
	h.route(t, "t", hostOptions{})
	h.follow(t)
	meshed(t, r, h)
	both(t, r, h, "late")
}

// TestNoRouter: dialling a host that has no router says so, and works once it has.
func TestNoRouter(t *testing.T) {
	r := startRope(t, "rope", "t", "strict")
	h := startHost(t, "host", "t", hostOptions{idle: true, bare: true})
	if _, err := r.node.Connect(rig.Within(t), h.addr("tcp")); err == nil || !strings.Contains(err.Error(), "no protocol in common") {
		t.Fatalf("dial: %v, want: no protocol in common", err)
	}
	h.route(t, "t", hostOptions{})
	h.follow(t)
	r.dial(t, h.addr("tcp"))
	meshed(t, r, h)
	both(t, r, h, "late")
}

// TestBrokenStreams: a stream that breaks, or brings rubbish, ends no link for
// good: the host's own messages go on, and ours to it.
func TestBrokenStreams(t *testing.T) {
	for label, rubbish := range map[string][]byte{
		"reset":           nil,
		"no protobuf":     append([]byte{9}, "\xff\xff\xff\xff\xff\xff\xff\xff\xff"...),
		"too long":        {0xff, 0xff, 0xff, 0x7f},
		"endless varint":  {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"half a frame":    {0x20, 0x0a},
		"empty and alone": {0, 0, 0},
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			r, h := startRope(t, "rope", "t", "strict"), startHost(t, "host", "t", hostOptions{})
			evil := startHost(t, "evil", "t", hostOptions{idle: true, bare: true})
			h.dial(t, r.addr("tcp"))
			meshed(t, r, h)
			for range 5 {
				evil.dial(t, r.addr("tcp"))
				s, err := evil.host.NewStream(rig.Within(t), peer.ID(r.id), pubsub.GossipSubID_v11)
				if err != nil {
					t.Fatal(err)
				}
				// Writing may fail when the other side has reset the stream already.
				_, _ = s.Write(rubbish)
				if rubbish == nil {
					_ = s.Reset()
				} else {
					_ = s.CloseWrite()
					_, _ = io.Copy(io.Discard, s)
				}
			}
			both(t, r, h, "after rubbish")
			// The same host turns good: it must be heard, unless we hold the link down.
			evil.host.Network().ClosePeer(peer.ID(r.id))
			rig.Until(t, "the bad links are gone", func() string {
				if evil.host.Network().Connectedness(peer.ID(r.id)) == network.Connected {
					return "still connected"
				}
				return ""
			})
			evil.route(t, "t", hostOptions{})
			evil.follow(t)
			evil.dial(t, r.addr("tcp"))
			meshed(t, r, evil)
			both(t, r, evil, "turned good")
		})
	}
}

// TestStreamReset: streams break while the link stays: those the host writes, those
// we write, or all. Others are opened and both hear each other again. A host whose
// own stream breaks forgets what we told it on ours.
// Rule: S9
func TestStreamReset(t *testing.T) {
	for label, which := range map[string]func(network.Direction) bool{
		"theirs": func(d network.Direction) bool { return d == network.DirOutbound },
		"ours":   func(d network.Direction) bool { return d == network.DirInbound },
		"all":    func(network.Direction) bool { return true },
	} {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			resetStreams(t, which)
		})
	}
}

func resetStreams(t *testing.T, which func(network.Direction) bool) {
	r, h := startRope(t, "rope", "t", "strict"), startHost(t, "host", "t", hostOptions{})
	r.dial(t, h.addr("tcp"))
	meshed(t, r, h)
	for round := range 3 {
		n := 0
		for _, c := range h.host.Network().ConnsToPeer(peer.ID(r.id)) {
			for _, s := range c.GetStreams() {
				if strings.HasPrefix(string(s.Protocol()), "/meshsub/") && which(s.Stat().Direction) {
					_ = s.Reset()
					n++
				}
			}
		}
		if n == 0 {
			t.Fatal("there was no gossip stream to reset")
		}
		rig.Until(t, "messages go both ways again", func() string {
			there, back := fmt.Sprintf("round %d there", round), fmt.Sprintf("round %d back", round)
			// What is published while a stream is down may be lost.
			if h.mail.count(there) == 0 {
				r.publish(t, there)
			}
			if r.mail.count(back) == 0 {
				h.publish(t, back)
			}
			if h.mail.count(there) == 0 || r.mail.count(back) == 0 {
				return fmt.Sprintf("there %d, back %d", h.mail.count(there), r.mail.count(back))
			}
			return ""
		})
		meshed(t, r, h)
	}
}

// TestManyTopics: more topics than fit one hello of ours, both ways.
func TestManyTopics(t *testing.T) {
	const topics = 250
	name := func(i int) string { return fmt.Sprint("a topic with a rather long name, number ", i) }
	r, h := startRope(t, "rope", "t", "strict"), startHost(t, "host", "t", hostOptions{})
	for i := range topics {
		s, err := r.node.Subscribe(t.Context(), name(i))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		top, err := h.ps.Join(name(i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := top.Subscribe(); err != nil {
			t.Fatal(err)
		}
	}
	r.dial(t, h.addr("quic-v1"))
	rig.Until(t, "all topics are known and meshed on both sides", func() string {
		ours, err := r.node.Topics(t.Context())
		if err != nil {
			return err.Error()
		}
		n := 0
		for _, x := range ours {
			n += min(x.Mesh, x.Peers)
		}
		theirs := 0
		for i := range topics {
			if len(h.ps.ListPeers(name(i))) == 1 && len(h.tracer.mesh(name(i))) == 1 {
				theirs++
			}
		}
		if n != topics+1 || theirs != topics {
			return fmt.Sprintf("%d at ours, %d at theirs", n, theirs)
		}
		return ""
	})
	both(t, r, h, "among many")
}

// TestBurst: a thousand messages as fast as they can be published, each way.
func TestBurst(t *testing.T) {
	r, h := startRope(t, "rope", "t", "strict"), startHost(t, "host", "t", hostOptions{options: []pubsub.Option{pubsub.WithValidateQueueSize(4096), pubsub.WithPeerOutboundQueueSize(4096)}})
	r.dial(t, h.addr("tcp"))
	meshed(t, r, h)
	for _, m := range []member{h, r} {
		var want []string
		for i := range 1000 {
			text := fmt.Sprintf("%d of %s", i, m.name())
			m.publish(t, text)
			want = append(want, text)
		}
		rig.Until(t, "the burst of "+m.name(), func() string {
			for _, x := range []member{h, r} {
				for _, text := range want {
					if n := x.inbox().count(text); n > 1 {
						t.Fatalf("%s received %q %d times", x.name(), text, n)
					} else if n == 0 {
						return x.name() + " lacks " + text
					}
				}
			}
			return ""
		})
	}
}

// TestOwnStreams: a host and we speak GossipSub under the stream ID of a private
// network alone; a host of the public one shares no protocol with us.
func TestOwnStreams(t *testing.T) {
	const own = "/example/meshsub/1.1.0"
	cfg := ropeConfig("strict")
	cfg.Gossip.Streams, cfg.Gossip.StreamsOnly = []ropewalk.GossipStream{{ID: own, Version: "1.1"}}, true
	r := newRope(t, "rope", "t", cfg)
	r.follow(t)
	as11 := func(f pubsub.GossipSubFeature, _ protocol.ID) bool {
		return pubsub.GossipSubDefaultFeatures(f, pubsub.GossipSubID_v11)
	}
	h := startHost(t, "host", "t", hostOptions{options: []pubsub.Option{pubsub.WithGossipSubProtocols([]protocol.ID{own}, as11)}})
	stranger := startHost(t, "stranger", "t", hostOptions{})
	h.dial(t, r.addr("tcp"))
	meshed(t, r, h)
	both(t, r, h, "between us")
	if s, ok := r.session(t, h.peer()); !ok || !slices.Contains(s.Protocols, own) {
		t.Errorf("we speak %v", s.Protocols)
	}
	if _, err := r.node.Connect(rig.Within(t), stranger.addr("tcp")); err == nil || !strings.Contains(err.Error(), "no protocol in common") {
		t.Errorf("dial of a stranger: %v, want: no protocol in common", err)
	}
}
