package gossipsub

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// author is an Ed25519 identity for tests.
type author struct {
	key ed25519.PrivateKey
	pid id.PeerID
	id  id.ID
}

func newAuthor(name string) author {
	seed := sha256.Sum256([]byte(name))
	key := ed25519.NewKeyFromSeed(seed[:])
	pid := id.PeerIDOf(id.Ed25519, key.Public().(ed25519.PublicKey))
	return author{key, pid, pid.ID()}
}

// message signs and marshals a message.
func (a author) message(topic string, seqno uint64, data []byte) []byte {
	m := rpc.Message{From: []byte(a.pid), Data: data, Seqno: binary.BigEndian.AppendUint64(nil, seqno), Topic: []byte(topic)}
	m.Signature = a.sign(rpc.AppendMessage(nil, &m, false))
	return rpc.AppendMessage(nil, &m, false)
}

// sign signs the bytes of a message that has no signature yet.
func (a author) sign(raw []byte) []byte { return ed25519.Sign(a.key, signedBytes(raw)) }

func plain(topic, data string) []byte {
	return rpc.AppendPublish(nil, rpc.AppendMessage(nil, &rpc.Message{Data: []byte(data), Topic: []byte(topic)}, false))
}

// nodeKey is a node's own secp256k1 key.
func nodeKey(name string) *id.Key {
	seed := sha256.Sum256([]byte(name))
	k, err := id.KeyFromBytes(seed[:])
	if err != nil {
		panic(err)
	}
	return k
}

// sent is a frame the router under test sent.
type sent struct {
	to     string
	frame  []byte
	urgent bool
	f      Frame
}

// rig is one router with scripted peers.
type rig struct {
	t         testing.TB
	r         *Router
	now       time.Time
	names     map[id.ID]string
	sent      []sent
	events    []trace.Event
	got       []Message
	pubs      []Published
	saves     []work.Save
	partials  []PartialMessage
	exchanged []Exchange
	late      bool // jobs are kept instead of done at once
	jobs      []func() News
	drops     int
	full      map[string]bool // peers in whose queue there is no room
	queued    bool            // what was sent waits and can be cancelled
	room      map[string]int  // frames after which full is set
}

func (g *rig) Send(to id.ID, f Frame) bool {
	if p, ok := g.r.peers.Get(to); !ok || !p.writable {
		g.t.Fatalf("frame sent to %s, whom we may not write to", g.names[to])
	}
	if g.full[g.names[to]] {
		return false
	}
	g.sent = append(g.sent, sent{g.names[to], f.Data, f.Class == Control, f})
	if n, ok := g.room[g.names[to]]; ok && len(g.sent) >= n {
		g.full[g.names[to]] = true
	}
	return true
}

func (g *rig) Cancel(to id.ID, tag uint64) bool {
	for i, s := range g.sent {
		if g.queued && s.to == g.names[to] && s.f.Tag == tag && tag != 0 {
			g.sent = append(g.sent[:i], g.sent[i+1:]...)
			return true
		}
	}
	return false
}

// jam says whose queues have no room from now on.
func (g *rig) jam(names ...string) {
	g.full, g.room = map[string]bool{}, nil
	for _, n := range names {
		g.full[n] = true
	}
}

func (g *rig) Drop(to id.ID, why error) { g.drops++ }

// newRig makes a router without signatures whose message IDs are the data.
func newRig(t testing.TB, edit func(*Config)) *rig {
	g := &rig{t: t, now: epoch, names: map[id.ID]string{}}
	key := nodeKey("self")
	cfg := Config{Self: key.ID(), PeerID: key.Public().PeerID(), Sign: StrictNoSign, Signer: key.SignDER,
		Trace: func(_ time.Time, e trace.Event) { g.events = append(g.events, e) }}
	if edit != nil {
		edit(&cfg)
	}
	if cfg.Params.FloodPublish == nil { // most tests are about who is in the mesh
		cfg.Params.FloodPublish = new(false)
	}
	r, err := New(cfg, rand.New(rand.NewPCG(1, 2)), g)
	if err != nil {
		t.Fatal(err)
	}
	g.r = r
	return g
}

func (g *rig) id(name string) id.ID {
	a := newAuthor(name).id
	g.names[a] = name
	return a
}

func (g *rig) take(n News) {
	g.got = append(g.got, n.Deliveries...)
	g.pubs = append(g.pubs, n.Published...)
	g.saves = append(g.saves, n.Saves...)
	g.partials = append(g.partials, n.Partials...)
	g.exchanged = append(g.exchanged, n.Exchanged...)
	for _, j := range n.Jobs {
		if j.Key == ([32]byte{}) {
			g.t.Fatal("job without a key")
		}
		do := func() News { return g.r.Done(g.now, j.Ticket, j.Run()) }
		if g.late {
			g.jobs = append(g.jobs, do)
			continue
		}
		g.take(do())
	}
	g.check()
}

// work does the jobs that were kept, and those that come of them, first come first
// served.
func (g *rig) work() {
	for len(g.jobs) > 0 {
		do := g.jobs[0]
		g.jobs = g.jobs[1:]
		g.take(do())
	}
}

func (g *rig) check() { checkInvariants(g.t, g.r) }

func (g *rig) up(name, stream string, outbound bool) {
	g.take(g.r.Up(g.now, g.id(name), Remote{PeerID: newAuthor(name).pid, Stream: stream, Outbound: outbound}))
}

func (g *rig) ups(n int, stream string, topics ...string) {
	for i := range n {
		name := fmt.Sprintf("n%d", i)
		g.up(name, stream, false)
		for _, t := range topics {
			g.recv(name, rpc.AppendSub(nil, true, t))
		}
	}
}

func (g *rig) recv(name string, frame []byte) {
	g.t.Helper()
	n, err := g.r.Recv(g.now, g.id(name), frame)
	if err != nil {
		g.t.Fatalf("%x from %s: %v", frame[:min(len(frame), 64)], name, err)
	}
	g.take(n)
}

func (g *rig) control(name string, entries []byte) { g.recv(name, rpc.AppendControl(nil, entries)) }

func (g *rig) graft(name, topic string) { g.control(name, rpc.AppendGraft(nil, topic)) }

func (g *rig) join(topic string, tc TopicConfig) {
	g.t.Helper()
	if err := g.r.Join(g.now, topic, tc); err != nil {
		g.t.Fatal(err)
	}
	g.check()
}

func (g *rig) publish(topic string, data []byte) Published {
	n := len(g.pubs)
	g.take(g.r.Publish(g.now, id.Ticket{Owner: "test", N: uint64(n + 1)}, topic, data))
	if len(g.pubs) == n {
		return Published{}
	}
	return g.pubs[n]
}

// run lets time pass, as the router asks for it.
func (g *rig) run(d time.Duration) {
	end, steps := g.now.Add(d), 0
	for {
		at := g.r.Deadline()
		if at.IsZero() || at.After(end) {
			break
		}
		if at.After(g.now) {
			g.now = at
		}
		g.take(g.r.Advance(g.now))
		// A heartbeat and the score board do much in several steps, but it ends.
		if next := g.r.Deadline(); next.IsZero() || next.After(g.now) || g.r.beating.on {
			steps = 0
		} else if steps++; steps > 1000 {
			g.t.Fatalf("still due after Advance: %v at %v", next, g.now)
		}
	}
	g.now = end
}

// said decodes and forgets what was sent, as one line per entry.
func (g *rig) said() (out []string) {
	for _, s := range g.sent {
		out = append(out, describe(g.t, s)...)
	}
	g.sent = nil
	return out
}

func describe(t testing.TB, s sent) (out []string) {
	var r rpc.RPC
	if err := r.Decode(s.frame, rpc.DefaultLimits(1000)); err != nil || !r.Canonical {
		t.Fatalf("%s was sent a bad frame: %v %x", s.to, err, s.frame)
	}
	for _, x := range r.Graft {
		for _, y := range r.Prune {
			if string(x.Topic) == string(y.Topic) {
				t.Fatalf("%s was sent GRAFT and PRUNE of %s in one RPC", s.to, x.Topic)
			}
		}
	}
	if len(r.Publish) == 0 && !r.HasPartial && len(s.frame) > controlBytesOut {
		t.Fatalf("%s was sent %d bytes of control", s.to, len(s.frame))
	}
	say := func(format string, args ...any) { out = append(out, s.to+" "+fmt.Sprintf(format, args...)) }
	for _, x := range r.Subs {
		say("%s %s%s", map[bool]string{true: "SUBSCRIBE", false: "UNSUBSCRIBE"}[x.Subscribe], x.Topic,
			map[bool]string{true: " parts"}[x.RequestsPartial]+map[bool]string{true: " sends-parts"}[x.SupportsPartial])
	}
	for _, x := range r.Publish {
		say("MESSAGE %s %.40q", x.Topic, x.Data)
	}
	for _, x := range r.IHave {
		say("IHAVE %s %s", x.Topic, bytes.Join(x.IDs, []byte(" ")))
	}
	for _, x := range r.IWant {
		say("IWANT %s", bytes.Join(x.IDs, []byte(" ")))
	}
	for _, x := range r.Graft {
		say("GRAFT %s", x.Topic)
	}
	for _, x := range r.Prune {
		if x.HasBackoff {
			say("PRUNE %s %ds", x.Topic, x.Backoff)
		} else {
			say("PRUNE %s", x.Topic)
		}
	}
	for _, x := range r.IDontWant {
		say("IDONTWANT %s", bytes.Join(x.IDs, []byte(" ")))
	}
	if r.HasPartial {
		say("PARTS %s %s %q of %q", r.Partial.Topic, r.Partial.Group, r.Partial.Message, r.Partial.Metadata)
	}
	return out
}

// count tells how many of the lines say what.
func count(lines []string, what string) (n int) {
	for _, l := range lines {
		if strings.Contains(l, what) {
			n++
		}
	}
	return n
}

func (g *rig) counted(kind string) (n int) {
	for _, e := range g.events {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// checkInvariants holds after every input.
func checkInvariants(t testing.TB, r *Router) {
	t.Helper()
	topicBytes := 0
	for i := range r.peers.Len() {
		_, p := r.peers.At(i)
		sum := 0
		for _, n := range p.topics.list {
			tp := r.topics.numbered(uint64(n))
			sum += len(tp.name) + topicCharge
			if !tp.peers.has(p) {
				t.Fatal("a peer's topic does not know the peer")
			}
		}
		if sum != p.topicBytes || sum > peerTopicBytesMax {
			t.Fatalf("topic bytes %d, counted %d", p.topicBytes, sum)
		}
		topicBytes += sum
		for _, n := range p.topics.list {
			tp := r.topics.numbered(uint64(n))
			if tp.always.has(p) != (p.writable && (p.direct || p.version == flood)) {
				t.Fatal("who gets every message of a topic")
			}
		}
		if !p.seated || (p.score != nil) != (r.board != nil) || (p.gate != nil) != (r.gater != nil) {
			t.Fatal("a peer without its record")
		}
		if len(p.lazy) > 0 && !r.beating.on || p.direct != r.direct.Has(p.id) {
			t.Fatal("gossip outside a heartbeat, or a direct peer that is none")
		}
		if r.dialled.has(p) != (p.writable && p.outbound) {
			t.Fatal("who was dialled by us")
		}
		if p.box != nil || p.flights < 0 {
			t.Fatal("pending control or negative count after an input")
		}
		if p.indebted() != r.debtors.has(p) || p.indebted() && !p.writable {
			t.Fatal("what a peer has not heard will not be said")
		}
		if p.unwanted.len() > unwantedMax+1 || p.unwanted.len() > 0 && !r.doubters.has(p) {
			t.Fatal("IDONTWANT entries")
		}
	}
	if topicBytes != r.topicBytes || len(r.byName) != r.topics.len() {
		t.Fatalf("counts: %d and %d topic bytes, %d and %d topics", topicBytes, r.topicBytes, len(r.byName), r.topics.len())
	}
	partsBytes := 0
	for i := range r.peers.Len() {
		_, p := r.peers.At(i)
		partsBytes += p.partsBytes
	}
	for _, tp := range r.topics.list {
		if tp.parts == nil {
			continue
		}
		theirs := 0
		for i := range tp.parts.groups.Len() {
			_, gr := tp.parts.groups.At(i)
			if gr.by != nil {
				theirs++
			}
			for j := range gr.peers.Len() {
				p, s := gr.peers.At(j)
				if q, ok := r.peers.Get(p.id); !ok || q != p {
					t.Fatal("parts of a peer that is gone")
				}
				partsBytes -= len(s.theirs)
			}
		}
		if theirs != tp.parts.theirs || (tp.parts.groups.Len() > 0) != r.parted.has(tp) || tp.partial() == nil && tp.parts.groups.Len() > 0 {
			t.Fatalf("%d groups of peers, counted %d", tp.parts.theirs, theirs)
		}
		for p := range tp.parts.flags {
			if !tp.peers.has(p) {
				t.Fatal("flags of a peer that is not subscribed")
			}
		}
	}
	if partsBytes != 0 {
		t.Fatalf("%d bytes of metadata nobody has", partsBytes)
	}
	for _, tp := range r.topics.list {
		if tp.own != nil {
			if tp.own.mesh.len() > tp.own.degrees.Dhi+tp.own.degrees.Dout {
				t.Fatalf("mesh of %d", tp.own.mesh.len())
			}
			for _, p := range tp.own.mesh.list {
				if q, ok := r.peers.Get(p.id); !ok || q != p || !p.meshable() || p.direct {
					t.Fatal("mesh is not a part of the peers we may write to")
				}
			}
			for _, gr := range tp.own.graced {
				if !tp.own.mesh.has(gr.p) {
					t.Fatal("graced peer outside the mesh")
				}
			}
		}
		for _, p := range tp.always.list {
			if !tp.peers.has(p) || !p.writable {
				t.Fatal("somebody who left gets every message")
			}
		}
		if tp.fanout != nil {
			for _, p := range tp.fanout.peers.list {
				if !tp.peers.has(p) || !p.meshable() || p.direct {
					t.Fatal("fanout is not a part of the topic's peers")
				}
			}
		}
		if tp.own == nil && tp.fanout == nil && tp.peers.len() == 0 && tp.back.m.Len() == 0 {
			t.Fatalf("topic %q is needed by nobody", tp.name)
		}
		if tp.back.m.Len() > backoffsAboveMesh+degreeMax {
			t.Fatalf("%d backoffs", tp.back.m.Len())
		}
		if tp.back.m.Len() > 0 && !r.backed.has(tp) {
			t.Fatal("backoffs that nobody sweeps")
		}
	}
	past := 0 // checks of a joining that ended, of what is checked again
	for _, f := range r.flights.byTicket {
		if r.flights.byKey[f.k] != f {
			if past++; f.via == nil || f.own == f.topic.own {
				t.Fatal("a flight that nobody knows")
			}
		}
	}
	if len(r.flights.byKey) != len(r.flights.byTicket)-past+waiting(r) || r.flights.aloft > checksMax || len(r.flights.byKey) > flightsMax+ownFlightsMax || r.flights.bytes < 0 || r.wants.len() > wantsMax {
		t.Fatal("flights or wants")
	}
	entries := 0
	for _, e := range r.exchanges.byTicket {
		entries += e.n
	}
	if entries != r.exchanges.n || entries > exchangesMax {
		t.Fatalf("%d recommended peers in checking, counted %d", r.exchanges.n, entries)
	}
	slots := 0
	for _, w := range r.wants.slots {
		if w != nil {
			slots++
			if r.wants.get(w.k) != w {
				t.Fatal("a want cannot be found")
			}
		}
	}
	if slots != r.wants.n || len(r.haves) != 0 {
		t.Fatal("wants or haves")
	}
	if r.cache.all.len() != len(r.cache.byID) || r.cache.bytes > r.p.CacheBytes {
		t.Fatal("message cache")
	}
}

// jamAfter leaves room for some frames of a peer.
func (g *rig) jamAfter(name string, frames int) {
	g.full[name] = false
	g.room = map[string]int{name: frames}
}

// waiting counts the messages that wait for a check, and looks after the lines.
func waiting(r *Router) (n int) {
	for _, t := range r.joined.list {
		l := &t.own.line
		n += l.waiting.len()
		if l.aloft < 0 || l.aloft > checksPerTopicMax || t.own.checking() > flightsPerTopicMax {
			return -1
		}
		if l.waiting.len() > 0 && r.flights.aloft == 0 {
			return -1 // nothing will ever start it
		}
	}
	return n
}
