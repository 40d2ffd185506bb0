package interop

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// TestChurn: twenty nodes, hosts held to a version, of which some leave and come
// back while messages flow. Who stayed has each message exactly once, and at the end
// all hear all.
// Rule: F11
func TestChurn(t *testing.T) {
	for _, proto := range []protocol.ID{pubsub.GossipSubID_v11, pubsub.GossipSubID_v12} {
		for _, sign := range []string{"strict", "none"} {
			t.Run(strings.Trim(string(proto), "/")+" "+sign, func(t *testing.T) {
				o := hostOptions{sign: sign, options: heldTo(proto), params: quickParams()}
				stay := quickCrew(t, 7, 7, sign, o)
				come := []guest{
					ropeLeaves(t, "ropeA", sign), ropeRestarts(t, "ropeB", sign), ropeRestarts(t, "ropeC", sign),
					hostLeaves(t, "hostA", o), hostRestarts(t, "hostB", o), hostRestarts(t, "hostC", o),
				}
				churn(t, stay, come)
				for _, m := range stay {
					if h, ok := m.(*theirs); ok {
						heldStreams(t, h, stay, proto)
					}
				}
			})
		}
	}
}

// TestJSChurn is TestChurn with js-libp2p among those who stay and who come.
func TestJSChurn(t *testing.T) {
	for _, sign := range []string{"strict", "none"} {
		t.Run(sign, func(t *testing.T) {
			o := hostOptions{sign: sign, params: quickParams()}
			all := startJS(t, 6, "t", sign)
			stay := quickCrew(t, 5, 5, sign, o)
			for _, x := range all[:4] {
				stay = append(stay, x)
			}
			shuffle(stay)
			come := []guest{ropeRestarts(t, "ropeA", sign), ropeLeaves(t, "ropeB", sign), hostRestarts(t, "hostA", o), hostLeaves(t, "hostB", o)}
			for _, x := range all[4:] {
				come = append(come, guest{m: x, leave: func() { x.leave(t) }, back: func() (member, bool) { x.follow(t); return x, false }})
			}
			churn(t, stay, come)
		})
	}
}

// heldTo holds a host to one version.
func heldTo(proto protocol.ID) []pubsub.Option {
	return []pubsub.Option{pubsub.WithGossipSubProtocols([]protocol.ID{proto}, pubsub.GossipSubDefaultFeatures)}
}

// heldStreams fails unless a host speaks the version it is held to with all.
func heldStreams(t *testing.T, h *theirs, all []member, proto protocol.ID) {
	t.Helper()
	for _, m := range all {
		if got := h.tracer.stream(m.peer()); got != "" && got != string(proto) {
			t.Errorf("%s writes %s to %s, held to %s", h.label, got, m.name(), proto)
		}
	}
}

// quickBackoff is what those who leave ask for here, so that they soon come back
// into meshes.
const quickBackoff = time.Second

func quickConfig(sign string) ropewalk.Config {
	c := ropeConfig(sign)
	c.Gossip.UnsubscribeBackoff = quickBackoff
	return c
}

func quickParams() *pubsub.GossipSubParams {
	p := hostParams()
	p.UnsubscribeBackoff = quickBackoff
	return p
}

func quickCrew(t *testing.T, ropes, hosts int, sign string, o hostOptions) []member {
	t.Helper()
	all := crewOf(t, 0, hosts, sign, o)
	for i := range ropes {
		r := newRope(t, fmt.Sprint("rope", i), "t", quickConfig(sign))
		r.follow(t)
		all = append(all, r)
	}
	shuffle(all)
	return all
}

// guest is a member that leaves and comes back, as a new one if fresh is set: then
// it has no links.
type guest struct {
	m     member
	away  bool
	leave func()
	back  func() (m member, fresh bool)
}

func ropeLeaves(t *testing.T, label, sign string) guest {
	r := newRope(t, label, "t", quickConfig(sign))
	r.follow(t)
	return guest{m: r, leave: r.leave, back: func() (member, bool) { r.follow(t); return r, false }}
}

func hostLeaves(t *testing.T, label string, o hostOptions) guest {
	h := startHost(t, label, "t", o)
	return guest{m: h, leave: h.leave, back: func() (member, bool) { h.follow(t); return h, false }}
}

// ropeRestarts is a node whose process ends and starts again on its folder.
func ropeRestarts(t *testing.T, label, sign string) guest {
	cfg := quickConfig(sign)
	cfg.DataDir = t.TempDir()
	var r *rope
	start := func() (member, bool) {
		r = newRope(t, label, "t", cfg)
		r.follow(t)
		return r, true
	}
	m, _ := start()
	return guest{m: m, leave: func() { r.node.Close() }, back: start}
}

// hostRestarts is a host that ends and starts again with its key.
func hostRestarts(t *testing.T, label string, o hostOptions) guest {
	o.key = newKey(t, crypto.Ed25519)
	var h *theirs
	start := func() (member, bool) {
		h = startHost(t, label, "t", o)
		return h, true
	}
	m, _ := start()
	return guest{m: m, leave: func() { h.host.Close() }, back: start}
}

// churn lets messages flow among those who stay while the guests go in and out.
func churn(t *testing.T, stay []member, come []guest) {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 3))
	weave(t, stay, rng)
	enter := func(m member) {
		for _, i := range rng.Perm(len(stay))[:4] {
			m.dial(t, stay[i].addr("tcp"))
		}
	}
	for _, g := range come {
		enter(g.m)
	}
	rig.Until(t, "all know somebody", func() string {
		for _, m := range stay {
			if m.topicPeers() == 0 {
				return m.name() + " knows nobody"
			}
		}
		return ""
	})
	var want []string
	publish := func(round string) {
		m := stay[rng.IntN(len(stay))]
		text := round + " of " + m.name()
		m.publish(t, text)
		want = append(want, text)
		// The next one is sent while this one is under way.
		rig.Until(t, "a half has "+text, func() string {
			n := 0
			for _, x := range stay {
				n += min(1, x.inbox().count(text))
			}
			if 2*n < len(stay) {
				return fmt.Sprintf("%d of %d have", n, len(stay))
			}
			return ""
		})
	}
	moves := 0
	for round := range 80 {
		publish(fmt.Sprint("message ", round))
		g := &come[rng.IntN(len(come))]
		switch {
		case round%2 == 1:
			continue
		case g.away:
			var fresh bool
			if g.m, fresh = g.back(); fresh {
				enter(g.m)
			}
		default:
			g.leave()
		}
		g.away = !g.away
		moves++
	}
	receiveAll(t, stay, want)
	everybody := slices.Clone(stay)
	for i := range come {
		if g := &come[i]; g.away {
			var fresh bool
			if g.m, fresh = g.back(); fresh {
				enter(g.m)
			}
		}
		everybody = append(everybody, come[i].m)
	}
	t.Logf("%d messages to %d nodes, %d comings and goings of %d", len(want), len(stay), moves, len(come))
	// A host that knows topic peers but has no mesh yet loses what it publishes.
	rig.Until(t, "the guests are in a mesh", func() string {
		for _, g := range come {
			if len(g.m.mesh()) == 0 {
				return g.m.name() + " has no mesh"
			}
		}
		return ""
	})
	for _, m := range everybody {
		text := "at the end from " + m.name()
		m.publish(t, text)
		want = append(want, text)
	}
	for _, m := range everybody {
		for _, text := range want[len(want)-len(everybody):] {
			hears(t, m, text)
		}
	}
	receiveAll(t, stay, want)
}
