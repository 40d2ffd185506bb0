package interop

import (
	"fmt"
	"sync"
	"testing"
	"time"

	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/peer"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// scores is what a host thinks of its peers: the worst of each term ever seen.
type scores struct {
	mu    sync.Mutex
	looks int
	worst map[peer.ID]verdict
}

type verdict struct{ behaviour, invalid, score float64 }

// option makes a host keep score by go-libp2p-pubsub's rules, without decay.
func (s *scores) option() []pubsub.Option {
	s.worst = map[peer.ID]verdict{}
	params := &pubsub.PeerScoreParams{
		AppSpecificScore: func(peer.ID) float64 { return 0 }, DecayInterval: time.Second, DecayToZero: 0.01, RetainScore: time.Hour,
		BehaviourPenaltyWeight: -1, BehaviourPenaltyDecay: 0.999, IPColocationFactorThreshold: 1,
		Topics: map[string]*pubsub.TopicScoreParams{"t": {
			TopicWeight: 1, TimeInMeshQuantum: time.Second, InvalidMessageDeliveriesWeight: -1, InvalidMessageDeliveriesDecay: 0.999,
		}},
	}
	thresholds := &pubsub.PeerScoreThresholds{GossipThreshold: -1000, PublishThreshold: -2000, GraylistThreshold: -3000}
	look := func(all map[peer.ID]*pubsub.PeerScoreSnapshot) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.looks++
		for p, now := range all {
			v := s.worst[p]
			v.behaviour = max(v.behaviour, now.BehaviourPenalty)
			v.score = min(v.score, now.Score)
			for _, t := range now.Topics {
				v.invalid = max(v.invalid, t.InvalidMessageDeliveries)
			}
			s.worst[p] = v
		}
	}
	return []pubsub.Option{pubsub.WithPeerScore(params, thresholds), pubsub.WithPeerScoreInspect(pubsub.ExtendedPeerScoreInspectFn(look), heartbeat)}
}

// TestGoodStanding: hosts that keep score find no fault with us, through gossip,
// refused grafts, leaving and coming back, and a flood of messages.
func TestGoodStanding(t *testing.T) {
	var hosts []*theirs
	books := make([]*scores, 4)
	for i := range books {
		books[i] = &scores{}
		o := hostOptions{options: books[i].option()}
		if i == 0 {
			o.params = gossipOnly()
		}
		hosts = append(hosts, startHost(t, fmt.Sprint("host", i), "t", o))
	}
	a, b := startRope(t, "a", "t", "strict"), startRope(t, "b", "t", "strict")
	all := []member{a, b}
	for i, h := range hosts {
		all = append(all, h)
		a.dial(t, h.addr("tcp"))
		h.dial(t, b.addr("quic-v1"))
		if i > 0 {
			h.dial(t, hosts[i-1].addr("tcp"))
		}
	}
	for _, h := range hosts[1:] {
		meshed(t, a, h)
		meshed(t, b, h)
	}
	var want []string
	flood := func(label string, n int, from ...member) {
		for i := range n {
			for _, m := range from {
				text := fmt.Sprintf("%s %d of %s", label, i, m.name())
				m.publish(t, text)
				want = append(want, text)
			}
		}
	}
	flood("first", 20, all...)
	receiveAll(t, all, want)
	for range 3 { // leaving and coming back within the backoff
		a.leave()
		rig.Until(t, "the hosts know that a left", func() string {
			for _, h := range hosts {
				if h.topicPeers() > 3 || inMesh(h, a) {
					return h.label + " does not"
				}
			}
			return ""
		})
		a.follow(t)
	}
	rig.Until(t, "a is meshed again", func() string {
		if n := len(a.mesh()); n < 3 {
			return fmt.Sprintf("with %d", n)
		}
		return ""
	})
	flood("second", 20, all...)
	receiveAll(t, all, want)
	for i, s := range books {
		s.judge(t, hosts[i].label, a.id, b.id)
	}
}

func (s *scores) judge(t *testing.T, label string, peers ...id.PeerID) {
	t.Helper()
	s.mu.Lock()
	from := s.looks
	s.mu.Unlock()
	rig.Until(t, label+" looks at its scores", func() string {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.looks < from+2 {
			return "not yet"
		}
		return ""
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range peers {
		v, ok := s.worst[peer.ID(p)]
		if !ok || v != (verdict{}) {
			t.Errorf("%s thinks of us: %+v (known: %v)", label, v, ok)
		}
	}
}
