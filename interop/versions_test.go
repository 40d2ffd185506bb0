package interop

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/protocol"

	"github.com/ropewalk/ropewalk/interop/rig"
)

// TestVersions: hosts that speak one protocol version only, in one mesh with us,
// dialled by either side. Each exchanges messages both ways, on that protocol.
// Rule: N1
func TestVersions(t *testing.T) {
	for _, v := range []struct {
		proto     protocol.ID
		flood     bool
		idontwant bool
	}{
		{proto: pubsub.FloodSubID, flood: true},
		{proto: pubsub.GossipSubID_v10},
		{proto: pubsub.GossipSubID_v11},
		{proto: pubsub.GossipSubID_v12, idontwant: true},
	} {
		for _, dialler := range []string{"rope", "host"} {
			t.Run(strings.Trim(string(v.proto), "/")+" "+dialler+" dials", func(t *testing.T) {
				t.Parallel()
				o := hostOptions{flood: v.flood}
				if !v.flood {
					o.options = []pubsub.Option{pubsub.WithGossipSubProtocols([]protocol.ID{v.proto}, pubsub.GossipSubDefaultFeatures)}
				}
				// A second node of ours makes us forward, too.
				r, far := startRope(t, "rope", "t", "strict"), startRope(t, "far", "t", "strict")
				h := startHost(t, "host", "t", o)
				far.dial(t, r.addr("tcp"))
				if dialler == "rope" {
					r.dial(t, h.addr("quic-v1"))
				} else {
					h.dial(t, r.addr("quic-v1"))
				}
				meshed(t, r, far)
				if v.flood {
					rig.Until(t, "both know each other's topic", func() string {
						if r.topicPeers() < 2 || h.topicPeers() < 1 {
							return "not yet"
						}
						return ""
					})
				} else {
					meshed(t, r, h)
				}

				both(t, r, h, "near")
				both(t, far, h, "far")
				large := strings.Repeat("large ", 100<<10/6)
				both(t, far, h, large)
				receiveAll(t, []member{r, far, h}, slices.Sorted(keysOf(r.mail)))

				if got := h.tracer.stream(r.id); got != string(v.proto) {
					t.Errorf("the host writes %q to us, want %q", got, v.proto)
				}
				if s, ok := r.session(t, h.peer()); !ok || !slices.Contains(s.Protocols, string(v.proto)) {
					t.Errorf("our session with the host: %+v", s)
				}
				sent := 0
				for _, kind := range []string{"graft", "prune", "ihave", "iwant"} {
					sent += len(h.tracer.seen(kind, true, r.id))
				}
				if v.flood && sent > 0 {
					t.Errorf("%d control messages to a floodsub host", sent)
				}
				if n := len(h.tracer.seen("idontwant", true, r.id)); n > 0 && !v.idontwant {
					t.Errorf("%d IDONTWANT on %s", n, v.proto)
				}
				for _, p := range h.tracer.seen("prune", true, r.id) {
					if p.wait != 0 && v.proto == pubsub.GossipSubID_v10 {
						t.Errorf("a PRUNE with a backoff of %v on %s", p.wait, v.proto)
					}
				}
			})
		}
	}
}

// TestPruneOnVersions: our leaving is told in the words of each version.
// Rule: N5
func TestPruneOnVersions(t *testing.T) {
	for proto, backoff := range map[protocol.ID]bool{pubsub.GossipSubID_v10: false, pubsub.GossipSubID_v11: true} {
		t.Run(strings.Trim(string(proto), "/"), func(t *testing.T) {
			t.Parallel()
			r := startRope(t, "rope", "t", "strict")
			h := startHost(t, "host", "t", hostOptions{options: []pubsub.Option{
				pubsub.WithGossipSubProtocols([]protocol.ID{proto}, pubsub.GossipSubDefaultFeatures),
			}})
			r.dial(t, h.addr("tcp"))
			meshed(t, r, h)
			r.leave()
			rig.Until(t, "our PRUNE", func() string {
				if len(h.tracer.seen("prune", true, r.id)) == 0 {
					return "none came"
				}
				return ""
			})
			if got := h.tracer.seen("prune", true, r.id)[0].wait; got > 0 != backoff {
				t.Errorf("PRUNE on %s has a backoff of %v", proto, got)
			}
		})
	}
}

// TestIDontWant: who got a large message tells its other mesh members by IDONTWANT,
// on both sides, and never who it came from.
func TestIDontWant(t *testing.T) {
	r := startRope(t, "rope", "t", "strict")
	a, b := startHost(t, "a", "t", hostOptions{}), startHost(t, "b", "t", hostOptions{})
	r.dial(t, a.addr("tcp"))
	r.dial(t, b.addr("quic-v1"))
	a.dial(t, b.addr("tcp"))
	meshed(t, r, a)
	meshed(t, r, b)
	meshed(t, a, b)
	// Who is first differs from message to message.
	for n := 0; ; n++ {
		large := fmt.Sprint(n, strings.Repeat(" much", 64<<10/5))
		a.publish(t, large)
		for _, m := range []member{r, a, b} {
			hears(t, m, large)
		}
		ours, its := len(b.tracer.seen("idontwant", true, r.id)), len(b.tracer.seen("idontwant", false, r.id))
		if ours > 0 && its > 0 {
			break
		}
		if n == 50 {
			t.Fatalf("after %d large messages b had %d IDONTWANT of ours and sent us %d", n, ours, its)
		}
	}
	if n := len(a.tracer.seen("idontwant", true, r.id)); n > 0 {
		t.Errorf("%d IDONTWANT to the host the message came from", n)
	}
}
