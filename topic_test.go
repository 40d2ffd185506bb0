package ropewalk

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/link/mem"
)

// joined is Join that must succeed.
func joined(t testing.TB, n *Node, topic string, how ...TopicConfig) *Topic {
	t.Helper()
	x, err := n.Join(t.Context(), topic, how...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return x
}

// A validator of a topic decides what is delivered and whom it costs; the other
// options of a topic are in force too.
// Rule: P4, V1
func TestJoinWithConfig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		a, b := started(t, memConfig(wire, "a")), started(t, memConfig(wire, "b"))
		seen := make(chan Message, 16)
		how := TopicConfig{
			Sign: "none", BytesMax: 100, ValidateWithin: time.Minute, D: 4, Dlo: 3, Dhi: 8,
			MessageID: func(m Message) []byte { return append([]byte("id-"), m.Data...) },
			Validators: []Validator{func(ctx context.Context, m Message) Verdict {
				if due, ok := ctx.Deadline(); !ok || ctx.Err() != nil || time.Until(due) > time.Minute {
					return Reject
				}
				seen <- m
				switch {
				case strings.HasPrefix(string(m.Data), "bad"):
					return Reject
				case strings.HasPrefix(string(m.Data), "odd"):
					return Ignore
				case strings.HasPrefix(string(m.Data), "panic"):
					panic("a validator of the user's")
				}
				return Accept
			}},
		}
		x := joined(t, b, "orders", how)
		lax := how
		lax.Validators = nil
		w := joined(t, a, "orders", lax)
		join(t, a, b)
		meshed(t, a, "orders", 1)
		for _, text := range []string{"bad one", "odd one", "panic", "good one"} {
			p, err := w.Publish(t.Context(), []byte(text), PublishOptions{MinPeers: 1})
			if err != nil || p.Peers != 1 || string(p.ID) != "id-"+text {
				t.Fatalf("%s: %+v %v", text, p, err)
			}
		}
		for m := range x.Messages(t.Context()) {
			if string(m.Data) != "good one" || m.From != "" || string(m.ID) != "id-good one" {
				t.Errorf("delivered %+v", m)
			}
			break
		}
		synctest.Wait() // several workers check at a time
		if m := <-seen; m.Topic != "orders" || !strings.HasPrefix(string(m.ID), "id-") || m.At.IsZero() {
			t.Errorf("the validator saw %+v", m)
		}
		info := topicOf(t, b, "orders")
		if info.Rejected != 3 || info.Delivered.N != 1 || info.Degrees.D != 4 || info.Degrees.Dhi != 8 {
			t.Errorf("%+v", info)
		}
		time.Sleep(2 * time.Second)
		if all, err := b.Scores(t.Context()); err != nil || all[0].Topics[0].Invalids < 1.9 || all[0].Score >= 0 {
			t.Errorf("two rejected messages cost %+v %v", all, err)
		}
		if _, err := w.Publish(t.Context(), make([]byte, 101)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("too large: %v", err)
		}
		if _, err := x.Publish(t.Context(), []byte("bad of our own")); !errors.Is(err, ErrRejected) {
			t.Errorf("a message that our own validator rejects: %v", err)
		}
		if _, err := x.Publish(t.Context(), []byte("good one")); !errors.Is(err, ErrDuplicate) {
			t.Errorf("a message that was delivered already: %v", err)
		}
		if _, err := x.Publish(t.Context(), []byte("alone"), PublishOptions{MinPeers: 9}); !errors.Is(err, ErrTooFewPeers) {
			t.Errorf("too few: %v", err)
		}
	})
}

func topicOf(t testing.TB, n *Node, name string) TopicInfo {
	t.Helper()
	list, err := n.Topics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if x.Topic == name {
			return x
		}
	}
	t.Fatalf("no topic %s", name)
	return TopicInfo{}
}

// A topic has one configuration at a time, and forgets it when it is left.
func TestJoinTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := memConfig(mem.NewNetwork(), "a")
		cfg.Gossip.Topics = map[string]TopicConfig{"t": {D: 5, Dlo: 4}}
		n := started(t, cfg)
		first := joined(t, n, "t", TopicConfig{D: 3, Dlo: 2})
		second := joined(t, n, "t") // as it is
		if _, err := n.Join(t.Context(), "t", TopicConfig{}); !errors.Is(err, ErrJoined) {
			t.Errorf("with another configuration: %v", err)
		}
		if d := topicOf(t, n, "t").Degrees.D; d != 3 {
			t.Errorf("D is %d", d)
		}
		first.Close()
		second.Leave()
		synctest.Wait()
		joined(t, n, "t")
		if d := topicOf(t, n, "t").Degrees.D; d != 5 {
			t.Errorf("joined anew: D is %d", d)
		}
		var bad *ConfigError
		if _, err := n.Join(t.Context(), "u", TopicConfig{Sign: "maybe", D: 99}); !errors.As(err, &bad) || len(bad.Fields) < 2 {
			t.Errorf("bad configuration: %v", err)
		}
		if _, err := n.Join(t.Context(), "u", TopicConfig{}, TopicConfig{}); !errors.Is(err, ErrBadInput) {
			t.Errorf("two configurations: %v", err)
		}
		kept, err := ask(t.Context(), n, func(_ time.Time, reply func(int, error)) { reply(len(n.joined), nil) })
		if err != nil || kept != 0 {
			t.Errorf("%d configurations are kept, %v", kept, err)
		}
	})
}

// The filter keeps topics out that nobody named; chat rooms pass.
// Rule: T5
func TestSubscriptionFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := memConfig(mem.NewNetwork(), "a")
		cfg.Gossip.SubscriptionFilter = []string{"news"}
		n := started(t, cfg)
		joined(t, n, "news")
		if _, err := n.Join(t.Context(), "other"); err == nil {
			t.Error("joined a topic that the filter keeps out")
		}
		if err := n.ChatJoin(t.Context(), "lobby", 0); err != nil {
			t.Error(err)
		}
	})
}

// A private network's own streams carry gossip between those that have them, and
// nobody else is gossiped with.
func TestOwnStreams(t *testing.T) {
	cfg := libConfig()
	cfg.Gossip.Streams, cfg.Gossip.StreamsOnly = []GossipStream{{ID: "/example/meshsub/1.2.0", Version: "1.2"}}, true
	a, b, stranger := started(t, cfg), started(t, cfg), started(t, libConfig())
	x, y := joined(t, a, "t"), joined(t, b, "t")
	joined(t, stranger, "t")
	join(t, a, b)
	join(t, stranger, b) // other protocols they have in common
	meshed(t, a, "t", 1)
	if _, err := x.Publish(t.Context(), []byte("hi"), PublishOptions{MinPeers: 1}); err != nil {
		t.Fatal(err)
	}
	for range y.Messages(t.Context()) {
		break
	}
	until(t, "both are connected", func() bool { return peers(t, b) == 2 })
	all, err := b.Sessions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		gossips := slices.ContainsFunc(s.Protocols, func(p string) bool { return strings.Contains(p, "meshsub") || strings.Contains(p, "floodsub") })
		if own := slices.Contains(s.Protocols, "/example/meshsub/1.2.0"); gossips != own || own != (s.ID == a.Info().ID) {
			t.Errorf("with %s: %v", s.ID, s.Protocols)
		}
	}
}
