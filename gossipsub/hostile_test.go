package gossipsub

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// pruneFrame writes a PRUNE with any 64-bit backoff.
func pruneFrame(topic string, backoff uint64) []byte {
	body := append([]byte{0x0a, byte(len(topic))}, topic...)
	body = binary.AppendUvarint(append(body, 0x18), backoff)
	return rpc.AppendControl(nil, append([]byte{0x22, byte(len(body))}, body...))
}

// The extremes of a PRUNE's backoff, in seconds, and the backoff they make.
// Rule: G6, G7
func TestHostileBackoffs(t *testing.T) {
	for _, c := range []struct {
		seconds uint64
		want    time.Duration
	}{
		{0, time.Minute}, {1, time.Second}, {59, 59 * time.Second}, {3600, time.Hour}, {3601, time.Hour},
		{1 << 31, time.Hour}, {1 << 32, time.Hour}, {9223372037, time.Hour},
		{1<<63 - 1, time.Hour}, {1 << 63, time.Hour}, {1<<63 + 1, time.Hour}, {1<<64 - 1, time.Hour},
	} {
		g := newRig(t, nil)
		g.join("t", TopicConfig{})
		g.ups(1, Meshsub11, "t")
		g.recv("n0", pruneFrame("t", c.seconds))
		b, ok := g.r.byName["t"].back.m.Get(g.id("n0"))
		if got := b.until.Sub(g.now); !ok || got != c.want {
			t.Errorf("%d s gives %v, want %v", c.seconds, got, c.want)
		}
		g.run(2 * time.Hour)
		if g.r.backed.len() != 0 {
			t.Errorf("%d s: backoff never ends", c.seconds)
		}
	}
}

// Frames that are refused as a whole leave no trace.
// Rule: S2
func TestHostileFramesAreRefused(t *testing.T) {
	many := func(n int, b []byte) []byte { return bytes.Repeat(b, n) }
	for name, frame := range map[string][]byte{
		"349,525 topics":  many(349525, []byte("\x0a\x0a\x08\x01\x12\x06abcdef")),
		"349,525 bytes":   many(349525, []byte{0x0a, 1, 1}),
		"5001 messages":   many(5001, []byte{0x12, 0}),
		"empty messages":  many(500000, []byte{0x12, 0}),
		"unknown fields":  many(400000, []byte{0x38, 1}),
		"1 M ids":         rpc.AppendControl(nil, rpc.AppendIHave(nil, "t", make([]string, 1000000))),
		"grafts":          rpc.AppendControl(nil, many(130, rpc.AppendGraft(nil, "t"))),
		"prunes":          rpc.AppendControl(nil, many(130, rpc.AppendPrune(nil, "t", 1))),
		"long id":         rpc.AppendControl(nil, rpc.AppendIWant(nil, []string{strings.Repeat("x", 129)})),
		"cut short":       rpc.AppendSub(nil, true, "t")[:4],
		"sub, then trash": append(rpc.AppendSub(nil, true, "u"), 0xff),
		"2 MiB":           make([]byte, 2<<20),
	} {
		g := newRig(t, nil)
		g.join("t", TopicConfig{})
		g.up("n1", Meshsub11, false)
		g.said()
		n, err := g.r.Recv(g.now, g.id("n1"), frame)
		if !errors.Is(err, ErrFrame) {
			t.Errorf("%s: error %v", name, err)
		}
		if g.take(n); len(g.got)+len(g.sent) > 0 || g.r.topics.len() != 1 || g.r.rpc.Subs != nil && cap(g.r.rpc.Subs) > 64 {
			t.Errorf("%s left a trace", name)
		}
	}
}

// A peer can make us remember a mebibyte of topics and no more; it leaves nothing.
// Rule: T4, T8
func TestHostileTopicFlood(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Trace = nil })
	g.up("n1", Meshsub11, false)
	var frame []byte
	for i := range 300000 {
		frame = rpc.AppendSub(frame, true, fmt.Sprintf("topic %6d", i))
		if len(frame) > 150000 {
			if _, err := g.r.Recv(g.now, g.id("n1"), frame); err != nil {
				t.Fatal(err)
			}
			frame = nil
		}
	}
	g.check()
	if n := g.r.topics.len(); n > 10486 || n < 5000 {
		t.Fatalf("%d topics kept", n)
	}
	g.recv("n1", rpc.AppendSub(nil, true, strings.Repeat("x", 257)))
	if g.r.byName[strings.Repeat("x", 257)] != nil {
		t.Fatal("a topic of 257 bytes kept")
	}
	g.r.Down(g.now, g.id("n1"))
	noResidue(t, g.r)
}

// noResidue: a router without peers and topics of its own holds nothing.
func noResidue(t testing.TB, r *Router) {
	t.Helper()
	if r.peers.Len()+r.topics.len()+len(r.byName)+r.topicBytes+r.doubters.len()+r.debtors.len()+len(r.haves)+len(r.dirty)+len(r.flights.byKey)+
		r.wants.len()+r.wants.timer.len()+r.cache.all.len()+r.cache.bytes+r.backed.len()+r.flights.bytes+r.flights.local+r.fanouts.len()+len(r.hello)+r.parted.len()+r.partsBytes+r.exchanges.n+len(r.exchanges.byTicket) != 0 {
		t.Fatalf("left: %d peers, %d topics, %d bytes of topics, %d flights, %d wants, %d timers, %d cached, %d backed off",
			r.peers.Len(), r.topics.len(), r.topicBytes, len(r.flights.byKey), r.wants.len(), r.wants.timer.len(), r.cache.all.len(), r.backed.len())
	}
	if n := len(r.Scores()) + r.direct.Len() + len(r.beating.lazy) + len(r.beating.topics); n > 0 || r.beating.on {
		t.Fatalf("left: %d scores, %d direct peers, %d of a heartbeat", len(r.Scores()), r.direct.Len(), len(r.beating.lazy))
	}
}

// After every peer is gone and the clocks ran out, nothing of them is left.
// Rule: S6, T8
func TestB7ResidueAfterDown(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Params.IDontWantThreshold = 4 })
	g.join("t", TopicConfig{})
	g.join("u", TopicConfig{Validate: func(Message) Verdict { return Accept }})
	for round := range 3 {
		g.ups(20, []string{Meshsub12, Meshsub10, Floodsub}[round], "t", "foreign")
		for i := range 20 {
			n := fmt.Sprintf("n%d", i)
			g.graft(n, "t")
			g.graft(n, "u")
			g.control(n, rpc.AppendIHave(nil, "t", []string{"a", "b" + n}))
			g.control(n, rpc.AppendIDontWant(nil, []string{"c", n}))
			g.recv(n, plain("t", "data of "+n))
			g.recv(n, plain("u", fmt.Sprint("more of ", n, round)))
			g.control(n, rpc.AppendIWant(nil, []string{"data of " + n}))
			if i%2 == 0 {
				g.recv(n, pruneFrame("t", 1<<40))
			}
		}
		g.publish("other", []byte(fmt.Sprint(round)))
		g.run(2 * time.Second)
		for i := range 20 {
			g.r.Down(g.now, g.id(fmt.Sprintf("n%d", i)))
			g.check()
		}
	}
	g.r.Leave(g.now, "t")
	g.r.Leave(g.now, "u")
	g.run(2 * time.Hour)
	noResidue(t, g.r)
	if len(g.r.seen.pages) != 0 || !g.r.Deadline().IsZero() {
		t.Fatal("an idle router still wants to be woken")
	}
}

// 100,000 identities that come, are refused and go leave no backoffs behind.
func TestHostileIdentities(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Trace = nil })
	g.join("t", TopicConfig{})
	g.ups(13, Meshsub11, "t")
	for i := range 13 {
		g.graft(fmt.Sprintf("n%d", i), "t")
	}
	graft := rpc.AppendControl(nil, rpc.AppendGraft(nil, "t"))
	for i := range 100000 {
		var who id.ID
		binary.BigEndian.PutUint64(who[:], uint64(i+1))
		g.names[who] = "x"
		g.r.Up(g.now, who, Remote{PeerID: id.PeerID(who[:]), Stream: Meshsub11})
		if _, err := g.r.Recv(g.now, who, graft); err != nil {
			t.Fatal(err)
		}
		g.r.Down(g.now, who)
		if g.sent = nil; i%1000 == 0 {
			g.check()
		}
	}
	for i := range 13 {
		g.r.Down(g.now, g.id(fmt.Sprintf("n%d", i)))
	}
	g.r.Leave(g.now, "t")
	g.run(10 * time.Minute)
	noResidue(t, g.r)
}

// IHAVE floods: never more than 5,000 IDs asked of one peer in a heartbeat, ten
// RPCs heard, and never the same ID of two peers.
// Rule: I2, I6
func TestHostileIHave(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(2, Meshsub11)
	flood := func(name, prefix string, each, rpcs int) (asked int) {
		for k := range rpcs {
			ids := make([]string, each)
			for i := range ids {
				ids[i] = fmt.Sprint(prefix, k, " ", i)
			}
			g.control(name, rpc.AppendIHave(nil, "t", ids))
		}
		return askedIDs(t, g)
	}
	if n := flood("n0", "a", 5000, 5); n != 5000 {
		t.Fatalf("%d IDs asked of a flood of 25,000", n)
	}
	if n := flood("n1", "b", 10, 30); n != 100 {
		t.Fatalf("%d IDs asked in 30 RPCs of 10", n)
	}
	g.run(1100 * time.Millisecond)
	g.said()
	if n := flood("n1", "a", 5000, 1); n != 0 {
		t.Fatalf("%d IDs asked of a second peer while the first is asked", n)
	}
	for range 200 { // the table of open requests is bounded too
		g.r.beat++
		flood("n1", fmt.Sprint(g.r.beat, "-"), 5000, 1)
	}
	if n := g.r.wants.len(); n > wantsMax {
		t.Fatalf("%d open requests", n)
	}
}

func askedIDs(t *testing.T, g *rig) (n int) {
	for _, s := range g.sent {
		var r rpc.RPC
		if err := r.Decode(s.frame, rpc.DefaultLimits(1)); err != nil || len(s.frame) > controlBytesOut {
			t.Fatalf("%d bytes: %v", len(s.frame), err)
		}
		for _, w := range r.IWant {
			n += len(w.IDs)
		}
	}
	g.sent = nil
	return n
}

// IWANT floods: three times one message, 4 MiB in a heartbeat, but always one.
// Rule: I5, I10
func TestHostileIWant(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{MessageID: func(m *Message) string { return string(m.Data[:4]) }})
	var ids []string
	for i := range 10 {
		g.publish("t", append(fmt.Appendf(nil, "%04d", i), make([]byte, 900<<10)...))
		ids = append(ids, fmt.Sprintf("%04d", i))
	}
	g.ups(1, Meshsub11)
	served := func() (n int) {
		for range 20 {
			g.control("n0", rpc.AppendIWant(nil, ids))
		}
		n = count(g.said(), "MESSAGE")
		return n
	}
	if n := served(); n != 4 {
		t.Fatalf("%d messages of 900 KiB served in one heartbeat", n)
	}
	total := 4
	for range 3 {
		g.run(time.Second)
		total += served()
	}
	if total > 16 {
		t.Fatalf("%d messages served", total)
	}
	g.r.Down(g.now, g.id("n0"))
	g.ups(1, Meshsub11) // a reconnect starts no new count
	e := g.r.cache.get([]byte("0000"))
	for range 5 {
		g.r.beat++
		g.control("n0", rpc.AppendIWant(nil, []string{"0000"}))
	}
	if e != nil && (len(e.served) != 1 || e.served[0].n > 3) {
		t.Fatalf("served %+v", e.served)
	}
}

// IDONTWANT floods: ten IDs an RPC, ten thousand a peer.
// Rule: I8
func TestHostileIDontWant(t *testing.T) {
	g := newRig(t, nil)
	g.ups(1, Meshsub12)
	n := 0
	for range 3000 {
		ids := make([]string, 50)
		for i := range ids {
			n++
			ids[i] = fmt.Sprint(n)
		}
		g.control("n0", rpc.AppendIDontWant(nil, ids))
	}
	if got := g.r.peer(g.id("n0")).unwanted.len(); got != 10000 {
		t.Fatalf("%d remembered", got)
	}
	if got := g.r.stats.IDontWantIn; got != 50*1000 {
		t.Fatalf("%d looked at", got)
	}
	for beat := range 4 { // nor more in several heartbeats
		g.beat()
		for i := range 1000 {
			g.control("n0", rpc.AppendIDontWant(nil, numbered(fmt.Sprint(beat, " ", i, " "), 10)))
		}
		if got := g.r.peer(g.id("n0")).unwanted.len(); got > unwantedMax {
			t.Fatalf("%d remembered", got)
		}
	}
	g.run(20 * time.Second)
	if g.r.doubters.len() != 0 || !g.r.Deadline().IsZero() {
		t.Fatal("never forgotten")
	}
}

// A slow or lost worker bounds what is in checking; nothing of the excess is
// marked as seen.
// Rule: V3, V4
func TestHostileMessageFloodWhileChecking(t *testing.T) {
	g := newRig(t, nil)
	g.late = true
	g.join("t", TopicConfig{Validate: func(Message) Verdict { return Accept }})
	g.ups(1, Meshsub11)
	for i := range 3000 {
		g.take(must(g.r.Recv(g.now, g.id("n0"), plain("t", fmt.Sprint(i)))))
	}
	if p, _ := g.r.peers.Get(g.id("n0")); p.flights != flightsPerPeerMax || len(g.jobs) != checksPerTopicMax {
		t.Fatalf("%d messages of one peer in checking, %d in jobs", p.flights, len(g.jobs))
	}
	g.work()
	g.recv("n0", plain("t", "2999"))
	if len(g.jobs) != 1 {
		t.Fatal("what was turned away does not come in later")
	}
	g.take(g.jobs[0]())
	if len(g.got) != flightsPerPeerMax+1 {
		t.Fatalf("%d delivered", len(g.got))
	}
}

func must(n News, err error) News {
	if err != nil {
		panic(err)
	}
	return n
}

// Junk fields of an unsigned message are not forwarded.
// Rule: W7
func TestHostileJunkIsNotAmplified(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(3, Meshsub11, "t")
	g.said()
	raw := rpc.AppendMessage(nil, &rpc.Message{Data: []byte("hi"), Topic: []byte("t")}, false)
	raw = binary.AppendUvarint(append(raw, 0x3a), 400<<10)
	raw = append(raw, make([]byte, 400<<10)...)
	g.recv("n0", rpc.AppendPublish(nil, raw))
	for _, s := range g.sent {
		if len(s.frame) > 20 {
			t.Fatalf("%d bytes forwarded", len(s.frame))
		}
	}
	if count(g.said(), "MESSAGE") != 2 {
		t.Fatal("not forwarded")
	}
}

// A small message in a large frame must not keep the frame alive.
func TestHostileFrameIsNotPinned(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(1, Meshsub11)
	big := rpc.AppendMessage(nil, &rpc.Message{Data: make([]byte, 500<<10), Topic: []byte("unknown")}, false)
	for i := range 20 {
		small := plain("t", fmt.Sprint("small ", i))
		frame := append(rpc.AppendPublish(nil, big), small...)
		g.recv("n0", frame)
		e := g.r.cache.all.at(i)
		if &e.frame[0] == &frame[len(frame)-len(small)] {
			t.Fatal("the large frame is kept for a small message")
		}
		if !bytes.Equal(e.frame, small) || string(g.got[i].Data) != fmt.Sprint("small ", i) {
			t.Fatalf("kept %x", e.frame)
		}
	}
}

// Application functions that panic end a message, not the node.
// Rule: M12, V2
func TestHostileApplication(t *testing.T) {
	g := newRig(t, nil)
	g.join("id", TopicConfig{MessageID: func(*Message) string { panic("id") }})
	g.join("check", TopicConfig{Validate: func(Message) Verdict { panic("check") }})
	g.join("odd", TopicConfig{Validate: func(Message) Verdict { return 77 }})
	g.join("long", TopicConfig{MessageID: func(*Message) string { return strings.Repeat("x", 5000) }})
	g.ups(1, Meshsub11)
	for _, topic := range []string{"id", "check", "odd", "long"} {
		g.recv("n0", plain(topic, "x"))
		if p := g.publish(topic, []byte("y")); !errors.Is(p.Err, ErrRejected) {
			t.Errorf("%s: published: %v", topic, p.Err)
		}
	}
	if len(g.got) != 0 || g.counted("reject") != 4 {
		t.Fatalf("%d delivered, %d rejected", len(g.got), g.counted("reject"))
	}
}

// Frames that come after a stream was declared ended are stale.
// Rule: S7
func TestStaleFramesAreIgnored(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	g.ups(1, Meshsub11, "t")
	g.r.Ended(g.now, g.id("n0"))
	g.recv("n0", rpc.AppendSub(nil, true, "t"))
	if len(g.r.Peers("t")) != 0 {
		t.Fatal("stale subscription applied")
	}
	g.r.Began(g.now, g.id("n0"))
	g.recv("n0", rpc.AppendSub(nil, true, "t"))
	if len(g.r.Peers("t")) != 1 {
		t.Fatal("new subscription not applied")
	}
}

// Rule: T3
func TestContradictionsCancelOut(t *testing.T) {
	g := newRig(t, nil)
	g.ups(1, Meshsub11, "old")
	frame := rpc.AppendSub(nil, true, "new")
	frame = rpc.AppendSub(frame, false, "new")
	frame = rpc.AppendSub(frame, false, "old")
	frame = rpc.AppendSub(frame, true, "old")
	frame = rpc.AppendSub(frame, true, "sure")
	g.recv("n0", frame)
	if len(g.r.Peers("old")) != 1 || len(g.r.Peers("new")) != 0 || len(g.r.Peers("sure")) != 1 {
		t.Fatal("contradictory entries had an effect")
	}
}
