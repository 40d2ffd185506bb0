package interop

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// rope is a ropewalk node in this process.
type rope struct {
	label string
	topic string
	node  *ropewalk.Node
	sub   *ropewalk.Subscription
	id    id.PeerID
	mail  *mailbox
}

// ropeConfig is what the tests' nodes share: nothing is dialled but what a test dials.
func ropeConfig(sign string) ropewalk.Config {
	return ropewalk.Config{
		Localnet: true,
		Listen:   ropewalk.ListenConfig{LibP2P: []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"}},
		Session:  ropewalk.SessionConfig{Outbound: -1, RefineEvery: time.Hour},
		Gossip:   ropewalk.GossipConfig{Sign: sign, HeartbeatEvery: heartbeat, HistoryLength: historyLength, HistoryGossip: historyGossip},
	}
}

// newRope starts a node that does not follow the topic yet.
func newRope(t *testing.T, label, topic string, cfg ropewalk.Config) *rope {
	t.Helper()
	n, err := ropewalk.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(rig.Within(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	r := &rope{label: label, topic: topic, node: n, mail: newMailbox()}
	if r.id, err = id.ParsePeerID(n.Info().PeerID); err != nil {
		t.Fatal(err)
	}
	return r
}

// startRope starts a node that follows the topic.
func startRope(t *testing.T, label, topic, sign string) *rope {
	t.Helper()
	r := newRope(t, label, topic, ropeConfig(sign))
	r.follow(t)
	return r
}

// follow subscribes and collects what comes until leave, or the node's end.
func (r *rope) follow(t *testing.T) {
	t.Helper()
	sub, err := r.node.Subscribe(context.Background(), r.topic)
	if err != nil {
		t.Fatal(err)
	}
	r.sub = sub
	go func() {
		for m := range sub.Messages() {
			from, _ := id.ParsePeerID(m.From)
			r.mail.add(from, string(m.Data))
		}
	}()
}

func (r *rope) leave() { r.sub.Close() }

func (r *rope) name() string    { return r.label }
func (r *rope) peer() id.PeerID { return r.id }
func (r *rope) inbox() *mailbox { return r.mail }

func (r *rope) addr(transport string) string {
	for _, a := range r.node.Info().LibP2P {
		if strings.Contains(a, "/"+transport) {
			return a
		}
	}
	return "no " + transport + " address of " + r.label
}

func (r *rope) dial(t *testing.T, addr string) {
	t.Helper()
	if _, err := r.node.Connect(rig.Within(t), addr); err != nil {
		t.Fatalf("%s dials %s: %v", r.label, addr, err)
	}
}

func (r *rope) publish(t *testing.T, data string) {
	t.Helper()
	if _, err := r.node.Publish(rig.Within(t), r.topic, []byte(data), 0); err != nil {
		t.Fatalf("%s publishes: %v", r.label, err)
	}
}

func (r *rope) topicPeers() int {
	topics, err := r.node.Topics(context.Background())
	if err != nil {
		return -1
	}
	for _, t := range topics {
		if t.Topic == r.topic {
			return t.Peers
		}
	}
	return 0
}

func (r *rope) mesh() []id.ID {
	all, err := r.node.Mesh(context.Background(), r.topic)
	if err != nil {
		return nil
	}
	return all
}

// stream is the gossip protocol we write to a peer, as far as we tell.
func (r *rope) session(t *testing.T, p id.PeerID) (ropewalk.Session, bool) {
	t.Helper()
	all, err := r.node.Sessions(rig.Within(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.PeerID == p.String() {
			return s, true
		}
	}
	return ropewalk.Session{}, false
}
