package gossipsub

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/gater"
	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// Rules of docs/conformance.md that no other test is about.

// What a peer told us dies with its stream, what we keep for sending with ours, and
// each leaves the other alone.
// Rule: S6
func TestLifetimesOfStreams(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", data)
	g.ups(2, Meshsub12, "t", "fan")
	g.publish("fan", []byte("x"))
	g.control("n0", rpc.AppendIDontWant(nil, []string{"y"}))
	p := g.r.peer(g.id("n0"))
	g.r.Ended(g.now, g.id("n0"))
	g.check()
	if len(g.r.Peers("t")) != 1 || p.topics.len() != 0 || p.topicBytes != 0 || len(g.r.Fanout("fan")) != 1 {
		t.Error("its topics outlive its stream")
	}
	if len(g.mesh("t")) != 2 || p.unwanted.len() != 1 || !p.writable {
		t.Error("what is tied to our stream went with its stream")
	}
	g.r.Began(g.now, g.id("n0"))
	g.recv("n0", rpc.AppendSub(rpc.AppendSub(nil, true, "t"), true, "fan"))
	g.run(1200 * time.Millisecond)
	g.jam("n0")
	g.r.Leave(g.now, "t") // is owed to n0
	g.r.Shut(g.now, g.id("n0"))
	g.check()
	if p.unwanted.len() != 0 || p.indebted() || len(g.r.Fanout("fan")) != 1 || g.r.debtors.len()+g.r.doubters.len() != 0 {
		t.Error("what is tied to our stream outlives it")
	}
	if p.topics.len() != 2 || len(g.r.Peers("t")) != 2 {
		t.Error("its topics went with our stream")
	}
}

// The topic is in every message of ours, and in what we make of those of others.
// Rule: W3
func TestTopicIsAlwaysWritten(t *testing.T) {
	for _, policy := range []Policy{StrictSign, StrictNoSign} {
		g := newRig(t, nil)
		g.ups(1, Meshsub11, "t")
		g.join("t", TopicConfig{Sign: &policy})
		for _, empty := range []string{"", "x"} {
			g.sent = nil
			g.publish("t", []byte(empty))
			var r rpc.RPC
			if err := r.Decode(g.sent[0].frame, rpc.DefaultLimits(1)); err != nil || string(r.Publish[0].Topic) != "t" || r.Publish[0].Data == nil {
				t.Errorf("%v: topic %q, data %v, %v", policy, r.Publish[0].Topic, r.Publish[0].Data, err)
			}
		}
	}
}

// IDs are any bytes, also where other implementations call them text; topics are
// UTF-8, because others refuse a whole RPC for one that is not.
// Rule: W4
func TestIDsAreRawBytes(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", data)
	g.ups(2, Meshsub11, "t")
	g.sent = nil
	odd := "\xff\x00\xfe"
	g.ihave("n0", odd)
	lines(t, g.said(), "n0 IWANT "+odd)
	g.recv("n0", plain("t", odd))
	g.sent = nil
	g.control("n1", rpc.AppendIWant(nil, []string{odd}))
	if said := g.said(); count(said, "n1 MESSAGE") != 1 {
		t.Errorf("said %q", said)
	}
	if err := g.r.Join(g.now, odd, TopicConfig{}); !errors.Is(err, ErrTopic) {
		t.Errorf("joined: %v", err)
	}
	if p := g.publish(odd, nil); !errors.Is(p.Err, ErrTopic) {
		t.Errorf("published: %v", p.Err)
	}
}

// A router that starts later goes on above the numbers of the one before, without
// having saved anything.
// Rule: M2
func TestSeqnosRiseAcrossRestarts(t *testing.T) {
	last, now := uint64(0), epoch
	for run := range 3 {
		g := newRig(t, func(c *Config) { c.Sign = StrictSign })
		g.now = now
		g.join("t", TopicConfig{})
		for range 1000 {
			g.publish("t", []byte("x"))
		}
		for _, m := range g.got {
			n := binary.BigEndian.Uint64(m.Seqno)
			if len(m.Seqno) != 8 || n <= last {
				t.Fatalf("run %d: %d after %d", run, n, last)
			}
			last = n
		}
		now = now.Add(time.Millisecond)
	}
}

// Subscriptions of an RPC come before its control, wherever they stand in it: who
// leaves and grafts in one RPC has left, and is in the backoff of that.
// Rule: T1
func TestSubscriptionsComeFirst(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", data)
	g.ups(1, Meshsub11, "t")
	g.sent = nil
	g.recv("n0", append(rpc.AppendControl(nil, rpc.AppendGraft(nil, "t")), rpc.AppendSub(nil, false, "t")...))
	lines(t, g.said(), "n0 PRUNE t 60s")
	// And before its messages: who graylisted itself is still followed.
	var order []string
	g.r.cfg.Trace = nil
	g.recv("n0", append(plain("t", "x"), rpc.AppendSub(nil, true, "t")...))
	for _, m := range g.got {
		order = append(order, string(m.Data))
	}
	if len(order) != 1 || len(g.r.Peers("t")) != 1 {
		t.Errorf("delivered %v", order)
	}
}

// An absent flag is the default of its type, which is to unsubscribe; a repeated
// SUBSCRIBE is no news.
// Rule: T2
func TestSubscribeFlag(t *testing.T) {
	g := newRig(t, nil)
	g.ups(1, Meshsub11, "t")
	g.recv("n0", rpc.AppendSub(nil, true, "t"))
	if n := g.counted("subscribe"); n != 1 {
		t.Errorf("%d joins", n)
	}
	g.recv("n0", []byte("\x0a\x03\x12\x01t"))
	if len(g.r.Peers("t")) != 0 || g.counted("unsubscribe") != 1 {
		t.Error("an absent flag does not unsubscribe")
	}
	g.join("t", data)
	g.up("f", Floodsub, false) // gets every message of its topics, and no longer
	g.recv("f", rpc.AppendSub(nil, true, "t"))
	g.recv("f", rpc.AppendSub(nil, false, "t"))
	g.sent = nil
	g.recv("n0", plain("t", "x"))
	lines(t, g.said())
}

// Peers together may make us remember 64 MiB of topics. Who comes after that is not
// charged, and there is room again when they are gone.
// Rule: T4
func TestTopicsOfAllPeersAreBounded(t *testing.T) {
	g := newRig(t, func(c *Config) { penalties(c); c.Trace = nil })
	var frames [2][]byte
	for i := range 2900 {
		frames[i%2] = rpc.AppendSub(frames[i%2], true, fmt.Sprintf("%0256d", i))
	}
	for k := range 70 {
		who := id.ID{byte(k), 1}
		must(g.r.Recv(g.now, who, frames[0]))
		must(g.r.Recv(g.now, who, frames[1]))
		if g.r.topicBytes > totalTopicBytesMax {
			t.Fatalf("%d bytes after %d peers", g.r.topicBytes, k+1)
		}
	}
	last, _ := g.r.peers.Get(id.ID{69, 1})
	if g.r.topicBytes < totalTopicBytesMax-topicBytesMax-topicCharge || last.topics.len() > 100 {
		t.Fatalf("the limit was not tried: %d bytes", g.r.topicBytes)
	}
	for _, rep := range g.r.Scores() {
		if rep.Behaviour != 0 {
			t.Error("the peer that came last paid for all")
		}
	}
	for k := range 70 {
		g.r.Down(g.now, id.ID{byte(k), 1})
	}
	g.run(2 * time.Hour)
	noResidue(t, g.r)
}

// Publishing to a topic without joining it says nothing of us but the message.
// Rule: T11
func TestPublishingAnnouncesNothing(t *testing.T) {
	g := newRig(t, nil)
	g.ups(3, Meshsub11, "t")
	g.publish("t", []byte("x"))
	g.run(3 * time.Second)
	if said := g.said(); count(said, "SUBSCRIBE")+count(said, "GRAFT") != 0 || count(said, "MESSAGE") != 3 {
		t.Errorf("said %v", said)
	}
}

// Who is pruned for its score, for breaking a backoff, or refused as a direct peer
// is not told of others; who is one too many is.
// Rule: H4, X2
func TestBadPeersAreToldOfNobody(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(g *rig, scores map[string]float64)
		want bool
	}{
		{"one too many", func(g *rig, _ map[string]float64) {
			g.from(nodeKey("k1").ID(), rpc.AppendControl(nil, rpc.AppendGraft(nil, "t")))
			g.from(nodeKey("x").ID(), rpc.AppendControl(nil, rpc.AppendGraft(nil, "t")))
		}, true},
		{"direct", func(g *rig, _ map[string]float64) {
			g.r.SetDirect(g.now, nodeKey("x").ID(), true)
			g.from(nodeKey("x").ID(), rpc.AppendControl(nil, rpc.AppendGraft(nil, "t")))
		}, false},
		{"below zero in the mesh", func(g *rig, scores map[string]float64) {
			g.r.byName["t"].own.mesh.add(g.r.peer(nodeKey("x").ID()))
			scores["x"] = -1
			g.run(2200 * time.Millisecond)
		}, false},
	} {
		g, scores := scoredRig(t, func(c *Config) { offering(c); c.Params = Params{D: 1, Dlo: 1, Dhi: 2, Dout: -1} })
		g.join("t", data)
		for i := range 4 {
			g.known(fmt.Sprint("k", i), Meshsub12, recordOf(fmt.Sprint("k", i)), "t")
		}
		g.known("x", Meshsub12, recordOf("x"), "t")
		g.sent = nil
		c.make(g, scores)
		told := g.told("x")
		if len(told) != 1 || len(told[0].Peers) > 0 != c.want {
			t.Errorf("%s: told %+v", c.name, told)
		}
	}
}

// Topics that we only publish to have gossip too.
// Rule: H8
func TestFanoutIsGossiped(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Topics = func(string) TopicConfig { return data } })
	g.ups(20, Meshsub11, "t")
	g.publish("t", []byte("x"))
	fanout := g.r.Fanout("t")
	g.sent = nil
	g.beat()
	said := g.said()
	if count(said, "IHAVE t x") != 6 || len(said) != 6 {
		t.Errorf("said %v", said)
	}
	for _, line := range said {
		if who, _, _ := strings.Cut(line, " "); slices.Contains(fanout, g.id(who)) {
			t.Errorf("%s is in the fanout and was told", who)
		}
	}
}

// Implementations differ in which of GRAFT and PRUNE they obey last, so the one that
// is true is said alone. Every test's frames are looked through for it as well.
// Rule: H12
func TestNeverGraftAndPrune(t *testing.T) {
	for _, graftLast := range []bool{false, true} {
		g := newRig(t, nil)
		g.join("t", data)
		g.join("u", data)
		g.ups(1, Meshsub11)
		g.sent = nil
		b := g.r.boxOf(g.r.peer(g.id("n0")))
		want := "n0 PRUNE t 60s"
		b.graft("u")
		b.graft("t")
		b.prune("t", time.Minute, false)
		if graftLast {
			b.graft("t")
			want = "n0 GRAFT t"
		}
		g.r.flush()
		lines(t, g.said(), "n0 GRAFT u", want)
	}
}

// What is in checking, and what was not accepted, is neither forwarded nor
// advertised nor handed out.
// Rule: F6
func TestOnlyAcceptedIsKept(t *testing.T) {
	for _, verdict := range []Verdict{Accept, Reject, Ignore, Throttle} {
		g := newRig(t, func(c *Config) { c.Params = Params{D: 1, Dlo: 1, Dhi: 1} })
		g.late = true
		g.join("t", TopicConfig{MessageID: data.MessageID, Validate: verdict.say})
		g.ups(3, Meshsub11, "t")
		outer := "n2"
		g.recv(outer, plain("t", "x"))
		g.sent = nil
		ask := func() int {
			g.run(time.Second)
			g.control(outer, rpc.AppendIWant(nil, []string{"x"}))
			return len(g.said())
		}
		if n := ask(); n != 0 {
			t.Errorf("verdict %d: %d lines said while it is in checking", verdict, n)
		}
		g.take(g.jobs[0]())
		if n := ask(); (n == 0) != (verdict != Accept) {
			t.Errorf("verdict %d: %d lines said", verdict, n)
		}
	}
}

// Some send IHAVE without a topic; it says nothing to anybody.
// Rule: I9
func TestIHaveWithoutTopic(t *testing.T) {
	g := askRig(t, 1, nil)
	body := rpc.AppendIHave(nil, "", []string{"a"})
	g.control("n0", body)
	g.control("n0", []byte("\x0a\x03\x12\x01b"))
	lines(t, g.said())
	if g.r.wants.len() != 0 || g.counted("penalty") != 0 {
		t.Error("it had an effect")
	}
}

// While checking cannot keep up, an address that sends junk is not heard, another is,
// and control always is.
// Rule: A1
func TestGatedMessagesAreDropped(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Gater = &gater.Config{} })
	g.join("t", TopicConfig{MessageID: data.MessageID, Validate: func(m Message) Verdict {
		if strings.HasPrefix(string(m.Data), "junk") {
			return Reject
		}
		return Accept
	}})
	for i, name := range []string{"bad", "good"} {
		ip := netip.AddrFrom4([4]byte{8, 8, 8, byte(i)})
		g.take(g.r.Up(g.now, g.id(name), Remote{PeerID: newAuthor(name).pid, Stream: Meshsub11, IP: ip}))
		g.recv(name, rpc.AppendSub(nil, true, "t"))
	}
	for i := range 300 {
		g.recv("bad", plain("t", fmt.Sprint("junk ", i)))
		g.recv("good", plain("t", fmt.Sprint("fine ", i)))
	}
	try := func(name string) (n int) {
		for i := range 100 {
			before := len(g.got)
			g.recv(name, plain("t", fmt.Sprint(name, g.r.call, i)))
			n += len(g.got) - before
		}
		return n
	}
	if bad := try("bad"); bad != 100 {
		t.Fatalf("%d heard while there was room", bad)
	}
	for range 2000 {
		g.r.gater.Throttled(g.now)
	}
	if bad, good := try("bad"), try("good"); bad > 25 || good < 95 {
		t.Fatalf("heard %d of the bad one, %d of the good one", bad, good)
	}
	g.sent = nil
	for i := range 20 {
		g.ihave("bad", fmt.Sprint("new ", i))
		g.run(200 * time.Millisecond)
		g.r.gater.Throttled(g.now)
	}
	if n := count(g.said(), "bad IWANT"); n != 20 {
		t.Fatalf("%d of 20 control messages heard", n)
	}
}

// A copy of what we did not want any more is no offence, the IDONTWANT may have come
// too late; nor is an IDONTWANT above the limits, which is passed over.
// Rule: I15
func TestIDontWantCostsNobody(t *testing.T) {
	g, _ := scoredRig(t, topicScore)
	g.join("t", TopicConfig{MessageID: data.MessageID, IDontWantThreshold: 1})
	g.ups(3, Meshsub12, "t")
	g.sent = nil
	g.recv("n0", plain("t", "x"))
	lines(t, told(g.said()), "n1", "n2")
	for range 5 {
		g.recv("n1", plain("t", "x"))
	}
	for i := range 1100 {
		ids := make([]string, 20)
		for j := range ids {
			ids[j] = fmt.Sprint(i, j)
		}
		g.control("n2", rpc.AppendIDontWant(nil, ids))
	}
	for _, name := range []string{"n1", "n2"} {
		if s := g.scoreOf(name); s < 0 || g.counted("penalty") > 0 {
			t.Errorf("%s has %v", name, s)
		}
	}
}

// Messages that come in one RPC are judged and passed on each for itself, whatever
// else is in it.
// Rule: V10
func TestMessagesOfAnRPCAreJudgedApart(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{MessageID: data.MessageID, Validate: func(m Message) Verdict {
		return map[string]Verdict{"bad": Reject, "meh": Ignore}[string(m.Data)]
	}})
	g.ups(3, Meshsub11, "t")
	g.sent = nil
	var frame []byte
	for _, msg := range []string{"good", "bad", "meh", "fine", "good"} {
		frame = append(frame, plain("t", msg)...)
	}
	g.recv("n0", append(frame, plain("elsewhere", "lost")...))
	lines(t, g.said(), `n1 MESSAGE t "good"`, `n2 MESSAGE t "good"`, `n1 MESSAGE t "fine"`, `n2 MESSAGE t "fine"`)
	if len(g.got) != 2 {
		t.Errorf("%d delivered", len(g.got))
	}
}
