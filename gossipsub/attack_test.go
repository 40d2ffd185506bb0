package gossipsub

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// footprint is what a router remembers on account of peers, in numbers.
func footprint(r *Router) string {
	mesh, back, graced, groups, checking := 0, 0, 0, 0, 0
	for _, t := range r.topics.list {
		back += t.back.m.Len()
		if t.own != nil {
			mesh += t.own.mesh.len()
			graced += len(t.own.graced)
			checking += t.own.checking()
		}
		if t.parts != nil {
			groups += t.parts.groups.Len()
		}
	}
	var out strings.Builder
	for name, n := range []int{
		r.peers.Len(), r.topics.len(), len(r.byName), r.topicBytes, r.backed.len(), r.fanouts.len(), r.doubters.len(), r.debtors.len(), r.dialled.len(),
		len(r.flights.byKey), len(r.flights.byTicket), r.flights.bytes, r.wants.len(), r.wants.timer.len(), r.cache.all.len(), r.cache.bytes, len(r.seen.pages),
		r.exchanges.n, r.parted.len(), r.partsBytes, len(r.Scores()), len(r.replays.byName), r.bans.Len(), len(r.haves) + len(r.dirty),
		mesh, back, graced, groups, checking,
	} {
		fmt.Fprintf(&out, "%d:%d ", name, n)
	}
	if r.gater != nil {
		fmt.Fprint(&out, r.gater.Deadline().IsZero())
	}
	return out.String()
}

// besieged is a router with six honest peers and one genuine message behind it.
func besieged(t *testing.T) *rig {
	g := newRig(t, func(c *Config) {
		judging(c)
		c.Score.RetainScore, c.Gater.Retain = 10*time.Minute, 10*time.Minute
		c.Exchange, c.AcceptExchange = true, true
	})
	sign := StrictSign
	g.join("t", data)
	g.join("signed", TopicConfig{Sign: &sign, Replay: true})
	g.join("parts", TopicConfig{Partial: &Partial{Request: true}})
	g.join("checked", TopicConfig{MessageID: data.MessageID, Validate: func(m Message) Verdict {
		if strings.HasPrefix(string(m.Data), "boom") {
			panic("check")
		}
		return Accept
	}})
	g.ups(6, Meshsub13, "t", "signed", "parts", "checked")
	g.recv("n0", genuineFrame())
	g.run(10 * time.Minute)
	g.sent, g.got, g.events = nil, nil, nil
	return g
}

func genuineFrame() []byte {
	return rpc.AppendPublish(nil, newAuthor("author").message("signed", 7, []byte("genuine")))
}

// loose hands over a frame that may be refused.
func (g *rig) loose(name string, frame []byte) {
	n, _ := g.r.Recv(g.now, g.id(name), frame)
	g.take(n)
}

func numbered(prefix string, n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint(prefix, i))
	}
	return out
}

// attacks are what a hostile peer that has subscribed "t" does, by name.
var attacks = map[string]func(g *rig, name string){
	"malformed and truncated RPCs": func(g *rig, name string) {
		whole := append(rpc.AppendSub(nil, true, "u"), genuineFrame()...)
		whole = append(whole, rpc.AppendControl(nil, rpc.AppendIHave(rpc.AppendGraft(nil, "t"), "t", []string{"x"}))...)
		for i := range whole {
			g.loose(name, whole[:i])
			bad := bytes.Clone(whole)
			bad[i] ^= 0x55
			g.loose(name, bad)
		}
	},
	"unknown fields": func(g *rig, name string) {
		g.loose(name, bytes.Repeat([]byte{0x38, 1}, 200_000))
		g.loose(name, append(plain("t", "with junk"), binary.AppendUvarint([]byte{0x7a}, 3)...))
	},
	"10,000 subscriptions": func(g *rig, name string) {
		var frame []byte
		for _, topic := range numbered("topic ", 10_000) {
			frame = rpc.AppendSub(frame, true, topic)
		}
		g.loose(name, frame)
	},
	"4 MiB of topic names": func(g *rig, name string) {
		for k := range 10 {
			var frame []byte
			for i := range 1600 {
				frame = rpc.AppendSub(frame, true, fmt.Sprintf("%0256d", k*1600+i))
			}
			g.loose(name, frame)
			g.loose(name, bytes.Repeat(frame, 10)) // one frame of 4 MiB
		}
	},
	"1,000,000 IDs in IHAVE": func(g *rig, name string) {
		g.loose(name, rpc.AppendControl(nil, rpc.AppendIHave(nil, "t", numbered("", 1_000_000))))
		for k := range 20 {
			g.loose(name, rpc.AppendControl(nil, rpc.AppendIHave(nil, "t", numbered(fmt.Sprint(name, k, " "), 5000))))
		}
	},
	"IWANT floods and repeats": func(g *rig, name string) {
		for range 50 {
			g.loose(name, rpc.AppendControl(nil, rpc.AppendIWant(nil, append(numbered("", 4000), "known", "known"))))
		}
	},
	"GRAFT during backoff": func(g *rig, name string) {
		g.loose(name, rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 60)))
		for range 50 {
			g.loose(name, rpc.AppendControl(nil, rpc.AppendGraft(nil, "t")))
		}
	},
	"GRAFT for unknown topics": func(g *rig, name string) {
		for k := range 100 {
			var entries []byte
			for i := range 100 {
				entries = rpc.AppendGraft(entries, fmt.Sprint("unknown ", k, i))
			}
			g.loose(name, rpc.AppendControl(nil, entries))
		}
	},
	"PRUNE with backoff 2^63": func(g *rig, name string) { g.graft(name, "t"); g.loose(name, pruneFrame("t", 1<<63)) },
	"PRUNE with backoff 2^64-1": func(g *rig, name string) {
		g.graft(name, "t")
		g.loose(name, pruneFrame("t", 1<<64-1))
		g.loose(name, pruneFrame("unknown", 1<<64-1))
	},
	"PX of unsigned, foreign and 10,000 records": func(g *rig, name string) {
		a, b := infoOf("a"), infoOf("b")
		forged := bytes.Clone(a.Record)
		forged[len(forged)-1] ^= 1
		for _, infos := range [][]rpc.PeerInfo{
			{{PeerID: a.PeerID}}, {{PeerID: a.PeerID, Record: forged}}, {{PeerID: a.PeerID, Record: b.Record}}, slices.Repeat([]rpc.PeerInfo{{PeerID: a.PeerID, Record: forged}}, 2000),
		} {
			g.r.byName["t"].own.mesh.add(g.r.peer(g.id(name)))
			g.loose(name, rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 60, infos...)))
		}
	},
	"invalid signatures": func(g *rig, name string) {
		for i := range 50 {
			raw := newAuthor("author").message("signed", uint64(100+i), []byte("forged"))
			raw[len(raw)-1] ^= 1
			g.loose(name, rpc.AppendPublish(nil, raw))
		}
	},
	"replayed sequence numbers": func(g *rig, name string) {
		for range 50 {
			g.loose(name, genuineFrame())
		}
	},
	"own messages echoed": func(g *rig, name string) {
		m := rpc.Message{From: g.r.self, Seqno: make([]byte, 8), Data: []byte("ours?"), Topic: []byte("signed"), Signature: make([]byte, 70)}
		for range 20 {
			m.Seqno[7]++
			g.loose(name, rpc.AppendPublish(nil, rpc.AppendMessage(nil, &m, false)))
		}
	},
	"empty topic": func(g *rig, name string) {
		g.loose(name, rpc.AppendSub(nil, true, ""))
		g.loose(name, plain("", "x"))
		g.loose(name, rpc.AppendControl(nil, rpc.AppendPrune(rpc.AppendGraft(rpc.AppendIHave(nil, "", []string{"x"}), ""), "", 1)))
		if g.r.byName[""] != nil {
			g.t.Error("there is a topic without a name")
		}
	},
	"message in many topics": func(g *rig, name string) {
		g.loose(name, []byte("\x12\x10\x12\x04many\x22\x01u\x22\x01v\x22\x00"))
	},
	"broken promises": func(g *rig, name string) {
		for range 20 {
			g.loose(name, rpc.AppendControl(nil, rpc.AppendIHave(nil, "t", numbered(fmt.Sprint(name, g.r.call), 100))))
			g.beat()
		}
		if g.counted("promise") == 0 {
			g.t.Error("no promise was broken")
		}
	},
	"GRAFT storm": func(g *rig, name string) {
		for i := range 300 {
			sybil := fmt.Sprint(name, " sybil ", i)
			g.up(sybil, Meshsub11, false)
			g.loose(sybil, append(rpc.AppendSub(nil, true, "t"), rpc.AppendControl(nil, rpc.AppendGraft(nil, "t"))...))
			g.take(News{})
			g.r.Down(g.now, g.id(sybil))
		}
	},
	"IDONTWANT flood": func(g *rig, name string) {
		for k := range 2000 {
			g.loose(name, rpc.AppendControl(nil, rpc.AppendIDontWant(nil, numbered(fmt.Sprint(k, " "), 10))))
		}
	},
	"subscription leftovers": func(g *rig, name string) {
		for k := range 200 {
			topic := fmt.Sprint("passing ", k)
			g.loose(name, rpc.AppendSub(nil, true, topic))
			if k%2 == 0 {
				g.loose(name, rpc.AppendSub(nil, false, topic))
			}
		}
		g.r.Ended(g.now, g.id(name))
		g.loose(name, rpc.AppendSub(nil, true, "stale"))
	},
	"ID poisoning": func(g *rig, name string) {
		for i := range 20 {
			var m rpc.Message
			_ = m.Decode(newAuthor("author").message("signed", uint64(200+i), []byte("real")))
			m.Data, m.Raw = []byte("fake"), nil
			g.loose(name, rpc.AppendPublish(nil, rpc.AppendMessage(nil, &m, false)))
		}
	},
	"junk amplification": func(g *rig, name string) {
		raw := append(rpc.AppendMessage(nil, &rpc.Message{Data: []byte("small " + name), Topic: []byte("t")}, false), 0x3a, 0x80, 0x80, 0x10)
		g.loose(name, rpc.AppendPublish(nil, append(raw, make([]byte, 256<<10)...)))
	},
	"validator panic": func(g *rig, name string) {
		for i := range 20 {
			g.loose(name, plain("checked", fmt.Sprint("boom ", i)))
		}
	},
	"groups and metadata of parts": func(g *rig, name string) {
		g.loose(name, rpc.AppendSubPartial(nil, "parts", true, true))
		for i := range 300 {
			g.loose(name, rpc.AppendPartial(nil, &rpc.Partial{Topic: []byte("parts"), Group: fmt.Append(nil, name, i), Metadata: make([]byte, rpc.MetadataMax)}))
		}
	},
	"slow reader": func(g *rig, name string) {
		g.jam(name)
		for k := range 300 {
			g.join(fmt.Sprint("more ", k), TopicConfig{})
			g.recv("n0", plain("t", fmt.Sprint("to all ", k)))
		}
		for k := range 300 {
			g.r.Leave(g.now, fmt.Sprint("more ", k))
		}
	},
	"messages in checking": func(g *rig, name string) {
		g.late = true
		for i := range 2000 {
			g.loose(name, plain("checked", fmt.Sprint(name, i)))
		}
		g.r.Down(g.now, g.id(name))
		for len(g.jobs) > 0 { // the verdicts come when it is gone
			do := g.jobs[0]
			g.jobs = g.jobs[1:]
			g.take(do())
		}
		g.late = false
	},
}

// Under each attack by three peers the node lives, honest peers stay in good standing
// and in the mesh, a message still reaches everybody, and an hour and a half after
// the hostile peers have gone all is of the size it had.
// Rule: R4
func TestAttacksLeaveNothing(t *testing.T) {
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			g := besieged(t)
			before, mesh := footprint(g.r), strings.Join(g.mesh("t"), " ")
			g.publish("t", []byte("known"))
			hostile := []string{"h0", "h1", "h2"}
			for i, h := range hostile {
				ip := netip.AddrFrom4([4]byte{9, 9, byte(i), 9})
				g.take(g.r.Up(g.now, g.id(h), Remote{PeerID: newAuthor(h).pid, Stream: Meshsub13, IP: ip}))
				g.recv(h, append(rpc.AppendSub(nil, true, "t"), extensions(rpc.Extensions{Partial: true})...))
			}
			for _, h := range hostile {
				attack(g, h)
			}
			g.jam()
			g.sent = nil
			for _, who := range g.r.Scores() {
				if n := g.names[who.Peer]; n[0] == 'n' && who.Score < 0 {
					t.Errorf("%s has %v", n, who.Score)
				}
			}
			if g.recv("n1", plain("t", "after all")); len(g.got) == 0 || string(g.got[len(g.got)-1].Data) != "after all" {
				t.Error("a message of an honest peer did not get through")
			}
			if n := count(g.said(), `MESSAGE t "after all"`); n < 4 {
				t.Errorf("it was passed on to %d", n)
			}
			for _, h := range hostile {
				g.r.Down(g.now, g.id(h))
			}
			g.run(90 * time.Minute)
			if after := footprint(g.r); after != before {
				t.Errorf("was %s\nis  %s", before, after)
			}
			if got := strings.Join(g.mesh("t"), " "); got != mesh && len(g.mesh("t")) < 5 {
				t.Errorf("mesh %s, was %s", got, mesh)
			}
		})
	}
}

// siegeRig is a mesh of hostile peers with honest ones outside of it.
func siegeRig(t *testing.T) (*rig, []string, []string) {
	g := newRig(t, func(c *Config) {
		judging(c)
		c.Params.FloodPublish = new(true)
	})
	g.join("t", data)
	var hostile, honest []string
	for i := range 12 {
		hostile = append(hostile, fmt.Sprint("h", i))
		g.up(hostile[i], Meshsub12, false)
		g.recv(hostile[i], rpc.AppendSub(nil, true, "t"))
		g.graft(hostile[i], "t")
	}
	for i := range 8 {
		honest = append(honest, fmt.Sprint("n", i))
		g.up(honest[i], Meshsub12, i < 3)
		g.recv(honest[i], rpc.AppendSub(nil, true, "t"))
	}
	g.sent = nil
	return g, hostile, honest
}

// answer lets honest peers advertise a message and send it when they are asked.
func (g *rig) answer(honest []string, msg string) {
	for _, n := range honest {
		g.ihave(n, msg)
	}
	for _, l := range g.said() {
		if who, rest, _ := strings.Cut(l, " "); strings.HasPrefix(rest, "IWANT") && who[0] == 'n' {
			g.recv(who, plain("t", msg))
		}
	}
}

// everybodyLeaves ends it: nothing may be left of them.
func (g *rig) everybodyLeaves(names []string) {
	g.t.Helper()
	for _, who := range names {
		g.r.Down(g.now, g.id(who))
	}
	g.r.Leave(g.now, "t")
	g.run(3 * time.Hour)
	noResidue(g.t, g.r)
}

// A mesh that is hostile throughout and passes nothing on keeps no message from us
// nor from others: ours go to all topic peers, those of others come by gossip, and
// the outbound quota keeps two whom we dialled.
// Rule: R5
func TestEclipseOfOneMesh(t *testing.T) {
	g, hostile, honest := siegeRig(t)
	g.publish("t", []byte("mine"))
	said := g.said()
	for _, n := range honest {
		if count(said, n+` MESSAGE t "mine"`) != 1 {
			t.Errorf("%s did not get it", n)
		}
	}
	g.answer(honest, "theirs")
	if len(g.got) != 2 {
		t.Errorf("%d delivered", len(g.got))
	}
	g.run(2 * time.Second)
	out := 0
	for _, m := range g.mesh("t") {
		if m[0] == 'n' {
			out++
		}
	}
	if out < 2 {
		t.Errorf("mesh %v without two whom we dialled", g.mesh("t"))
	}
	g.everybodyLeaves(append(hostile, honest...))
}

// Peers that behaved for minutes and then, all at once, pass nothing on are replaced
// by those who do, however good their scores; so are some that never did.
// Rule: R5
func TestCovertFlash(t *testing.T) {
	for _, covert := range []bool{true, false} {
		g, hostile, honest := siegeRig(t)
		g.run(2 * time.Second)
		k := 0
		round := func(senders []string) {
			msg := fmt.Sprint("message ", k)
			k++
			for _, s := range senders {
				g.recv(s, plain("t", msg))
			}
			g.beat()
			g.sent = nil
		}
		if covert {
			for range 120 {
				round(hostile)
			}
		}
		for range 400 {
			round(honest)
		}
		left := 0
		for _, m := range g.mesh("t") {
			if m[0] == 'h' {
				left++
			}
		}
		if left > 1 {
			t.Errorf("covert %v: %d silent peers in %v", covert, left, g.mesh("t"))
		}
		g.everybodyLeaves(append(hostile, honest...))
	}
}
