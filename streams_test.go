package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link/mem"
)

// Publishing to nobody is no success, and no error unless somebody asks for peers.
// Rule: F8
func TestPublishSaysWhereItWent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		a, b := started(t, memConfig(wire, "a")), started(t, memConfig(wire, "b"))
		p, err := a.Publish(t.Context(), "t", []byte("x"), 0)
		if err != nil || p.Peers != 0 || len(p.ID) == 0 {
			t.Errorf("to nobody: %+v %v", p, err)
		}
		if p, err := a.Publish(t.Context(), "t", []byte("y"), 1); !errors.Is(err, ErrTooFewPeers) || p.Peers != 0 || len(p.ID) == 0 {
			t.Errorf("to nobody, one wanted: %+v %v", p, err)
		}
		s := follow(t, b, "t")
		join(t, a, b)
		synctest.Wait()
		if p, err := a.Publish(t.Context(), "t", []byte("z"), 1); err != nil || p.Peers != 1 {
			t.Errorf("to one: %+v %v", p, err)
		}
		m := <-s.Messages()
		if m.Topic != "t" || string(m.Data) != "z" || m.From != a.Info().PeerID {
			t.Errorf("received %+v", m)
		}
		if _, err := a.Publish(t.Context(), "t", make([]byte, 2<<20), 0); !errors.Is(err, ErrTooLarge) {
			t.Errorf("too large: %v", err)
		}
		if _, err := a.Publish(t.Context(), "", nil, 0); err == nil {
			t.Error("published to a topic without a name")
		}
	})
}

// subscribed tells whether a node is in a topic.
func subscribed(t testing.TB, n *Node, topic string) bool {
	t.Helper()
	list, err := n.Topics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if i.Topic == topic {
			return i.Subscribed
		}
	}
	return false
}

// The first subscription joins a topic, the last one leaves it, however it ends.
// Rule: T12
func TestLastSubscriptionLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := started(t, memConfig(mem.NewNetwork(), "a"))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		one := follow(t, n, "t")
		two, err := n.Subscribe(ctx, "t")
		if err != nil {
			t.Fatal(err)
		}
		topic, err := n.Join(ctx, "t")
		if err != nil {
			t.Fatal(err)
		}
		one.Close()
		one.Close() // counts once
		synctest.Wait()
		if !subscribed(t, n, "t") {
			t.Fatal("left with two subscriptions")
		}
		cancel()
		if _, open := <-two.Messages(); open {
			t.Error("a message after the end")
		}
		synctest.Wait()
		if !subscribed(t, n, "t") {
			t.Fatal("a Topic ends with the context of Join")
		}
		topic.Close()
		for range topic.Messages(t.Context()) {
			t.Error("a message after Close")
		}
		synctest.Wait()
		if subscribed(t, n, "t") {
			t.Error("still in the topic after the last Close")
		}
		if n.topics["t"] != 0 || len(n.waits) != 0 || len(n.messages.subs) != 0 {
			t.Errorf("left behind: %v %v", n.topics, n.waits)
		}
	})
}

func TestSubscribeRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := started(t, memConfig(mem.NewNetwork(), "a"))
		for _, topic := range []string{"", "\xff\xfe", string(make([]byte, 1<<16))} {
			if _, err := n.Subscribe(t.Context(), topic); err == nil {
				t.Errorf("subscribed to %.20q", topic)
			}
		}
		if len(n.messages.subs) != 0 || len(n.partials.subs) != 0 || len(n.topics) != 0 {
			t.Errorf("left behind: %d listeners, %v", len(n.messages.subs), n.topics)
		}
	})
}

// A listener that does not read loses the newest, counted, and stalls nobody.
// Rule: Q5
func TestLaggingListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := started(t, memConfig(mem.NewNetwork(), "a"))
		slow, quick, events := follow(t, n, "t"), follow(t, n, "t"), n.Events(t.Context())
		const extra = 100
		read := 0
		for i := range messageRoom + extra {
			if _, err := n.Publish(t.Context(), "t", fmt.Append(nil, i), 0); err != nil {
				t.Fatal(err)
			}
			if m := <-quick.Messages(); string(m.Data) != fmt.Sprint(i) {
				t.Fatalf("message %d: %q", i, m.Data)
			}
			read++
		}
		if slow.Lagged() != extra || quick.Lagged() != 0 {
			t.Errorf("lagged %d and %d, want %d and 0", slow.Lagged(), quick.Lagged(), extra)
		}
		if events.Lagged() == 0 {
			t.Error("nobody read the events, and none were lost")
		}
		slow.Close()
		kept := 0
		for m := range slow.Messages() {
			if string(m.Data) != fmt.Sprint(kept) {
				t.Fatalf("kept %q at %d", m.Data, kept)
			}
			kept++
		}
		if kept != messageRoom {
			t.Errorf("kept %d, want %d", kept, messageRoom)
		}
	})
}

// Events come in order, of the strands that were asked for.
func TestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		a, b := started(t, memConfig(wire, "a")), started(t, memConfig(wire, "b"))
		all, some := a.Events(t.Context()), a.Events(t.Context(), "peer")
		join(t, a, b)
		synctest.Wait()
		all.Close()
		some.Close()
		var last uint64
		strands := map[string]bool{}
		for e := range all.C() {
			if e.Seq <= last {
				t.Errorf("event %d after %d", e.Seq, last)
			}
			last = e.Seq
			strands[e.Strand] = true
		}
		if !strands["session"] || !strands["peer"] || !strands["gossipsub"] {
			t.Errorf("strands %v", strands)
		}
		n := 0
		for e := range some.C() {
			n++
			if e.Strand != "peer" || e.Peer != b.Info().ID.String() {
				t.Errorf("event %+v", e)
			}
		}
		if n == 0 {
			t.Error("no event of peer")
		}
	})
}

// A hub takes so many listeners and no more, and a context lets go of those that
// ended before it.
func TestHubBounds(t *testing.T) {
	var h hub[int]
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range listenersMax {
		s := h.listen(1, nil, nil)
		s.tie(ctx)
	}
	if h.listen(1, nil, nil) != nil {
		t.Error("one listener too many")
	}
	one := h.subs[0]
	one.close()
	if one.untie != nil {
		t.Error("still tied to its context")
	}
	h.end()
	if len(h.subs) != 0 {
		t.Errorf("%d listeners left", len(h.subs))
	}
	late := h.listen(1, nil, nil)
	late.tie(ctx)
	if _, open := <-late.c; open {
		t.Error("a listener of a hub that has ended gets something")
	}
}

// Every verb gives up with its context while the loop is held up, and leaves
// nothing behind.
func TestVerbsAreCancelled(t *testing.T) {
	verbs := map[string]func(context.Context, *Node) error{
		"Publish":     func(ctx context.Context, n *Node) error { _, err := n.Publish(ctx, "t", nil, 0); return err },
		"Subscribe":   func(ctx context.Context, n *Node) error { _, err := n.Subscribe(ctx, "t"); return err },
		"Join":        func(ctx context.Context, n *Node) error { _, err := n.Join(ctx, "t"); return err },
		"Topics":      func(ctx context.Context, n *Node) error { _, err := n.Topics(ctx); return err },
		"Mesh":        func(ctx context.Context, n *Node) error { _, err := n.Mesh(ctx, "t"); return err },
		"Neighbours":  func(ctx context.Context, n *Node) error { _, err := n.Neighbours(ctx, "t"); return err },
		"GossipStats": func(ctx context.Context, n *Node) error { _, err := n.GossipStats(ctx); return err },
		"PublishPartial": func(ctx context.Context, n *Node) error {
			_, err := (&Topic{n: n, name: "t"}).PublishPartial(ctx, Parts{Group: []byte("g")})
			return err
		},
		"JudgePartial": func(ctx context.Context, n *Node) error {
			return (&Topic{n: n, name: "t"}).JudgePartial(ctx, id.ID{1}, true)
		},
		"SetDirect":   func(ctx context.Context, n *Node) error { return n.SetDirect(ctx, id.ID{1}, true) },
		"Direct":      func(ctx context.Context, n *Node) error { _, err := n.Direct(ctx); return err },
		"Scores":      func(ctx context.Context, n *Node) error { _, err := n.Scores(ctx); return err },
		"Sessions":    func(ctx context.Context, n *Node) error { _, err := n.Sessions(ctx); return err },
		"Slots":       func(ctx context.Context, n *Node) error { _, err := n.Slots(ctx); return err },
		"Hosts":       func(ctx context.Context, n *Node) error { _, err := n.Hosts(ctx, "", 0, 1); return err },
		"Seed":        func(ctx context.Context, n *Node) error { return n.Seed(ctx) },
		"Disconnect":  func(ctx context.Context, n *Node) error { return n.Disconnect(ctx, n.Info().ID) },
		"Ban":         func(ctx context.Context, n *Node) error { return n.Ban(ctx, "192.0.2.1", time.Hour) },
		"Unban":       func(ctx context.Context, n *Node) error { return n.Unban(ctx, "192.0.2.1") },
		"ChatJoin":    func(ctx context.Context, n *Node) error { return n.ChatJoin(ctx, "r", 0) },
		"ChatLeave":   func(ctx context.Context, n *Node) error { return n.ChatLeave(ctx, "r") },
		"ChatSay":     func(ctx context.Context, n *Node) error { _, err := n.ChatSay(ctx, "r", "x"); return err },
		"ChatHistory": func(ctx context.Context, n *Node) error { _, _, err := n.ChatHistory(ctx, "r", "", 1); return err },
		"ChatRooms":   func(ctx context.Context, n *Node) error { _, err := n.ChatRooms(ctx); return err },
		"Connect": func(ctx context.Context, n *Node) error {
			_, err := n.Connect(ctx, "/mem/nobody/p2p/"+n.Info().PeerID)
			return err
		},
	}
	for name, verb := range verbs {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := started(t, memConfig(mem.NewNetwork(), "a"))
				dead, cancel := context.WithCancel(t.Context())
				cancel()
				if err := verb(dead, n); !errors.Is(err, context.Canceled) {
					t.Errorf("with a dead context: %v", err)
				}
				hold := make(chan struct{})
				n.post(input{fn: func(time.Time) { <-hold }})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := verb(ctx, n); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("held up: %v", err)
				}
				close(hold)
				synctest.Wait()
				time.Sleep(time.Minute) // virtual: what went on without its asker ends
				synctest.Wait()
				if len(n.waits) != 0 || len(n.messages.subs) != 0 || len(n.topics) != 0 {
					t.Errorf("left behind: %d waits, %d listeners, topics %v", len(n.waits), len(n.messages.subs), n.topics)
				}
			})
		})
	}
}
