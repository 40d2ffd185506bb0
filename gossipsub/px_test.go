package gossipsub

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/envelope"
	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// recordOf is the signed record of a made-up peer.
func recordOf(name string) []byte {
	return envelope.Seal(nodeKey(name), envelope.Record{Seq: 1, Addrs: []link.Addr{link.MustAddr("/ip4/1.2.3.4/tcp/4001")}})
}

func infoOf(name string) rpc.PeerInfo {
	return rpc.PeerInfo{PeerID: []byte(nodeKey(name).Public().PeerID()), Record: recordOf(name)}
}

// record is the signed peer record of an author.
func (a author) record() []byte {
	field := func(tag byte, v ...byte) []byte { return append([]byte{tag, byte(len(v))}, v...) }
	payload := append(field(0x0a, []byte(a.pid)...), 0x10, 1)
	payload = append(payload, field(0x1a, field(0x0a, 4, 1, 2, 3, 4, 6, 0x0f, 0xa1)...)...)
	signed := append([]byte("\x12libp2p-peer-record\x02\x03\x01"), byte(len(payload)))
	signed = append(signed, payload...)
	out := field(0x0a, []byte(a.pid[2:])...)
	out = append(out, field(0x12, 3, 1)...)
	out = append(out, field(0x1a, payload...)...)
	return append(out, field(0x2a, ed25519.Sign(a.key, signed)...)...)
}

// known brings up a subscribed peer whose identity is that of recordOf(name).
func (g *rig) known(name, stream string, record []byte, topics ...string) id.ID {
	g.t.Helper()
	k := nodeKey(name)
	g.names[k.ID()] = name
	g.take(g.r.Up(g.now, k.ID(), Remote{PeerID: k.Public().PeerID(), Stream: stream, Envelope: record}))
	for _, t := range topics {
		g.from(k.ID(), rpc.AppendSub(nil, true, t))
	}
	return k.ID()
}

func (g *rig) from(who id.ID, frame []byte) {
	g.t.Helper()
	n, err := g.r.Recv(g.now, who, frame)
	if err != nil {
		g.t.Fatal(err)
	}
	g.take(n)
}

// told are the PRUNEs sent to a peer since the last look at sent.
func (g *rig) told(name string) (out []rpc.Prune) {
	for _, s := range g.sent {
		var r rpc.RPC
		if s.to != name || r.Decode(s.frame, rpc.DefaultLimits(1000)) != nil {
			continue
		}
		out = append(out, r.Prune...)
	}
	g.sent = nil
	return out
}

func offering(c *Config) { c.Exchange = true }

func accepting(c *Config) { c.AcceptExchange = true }

// A PRUNE recommends others of the topic whose records we hold, to peers that can
// read it, and to nobody unless configured.
// Rule: N5, X1, X2
func TestOffer(t *testing.T) {
	for _, c := range []struct {
		name   string
		edit   func(*Config)
		stream string
		topics []string // the pruned one asks for, besides t
		want   int
	}{
		{"off", nil, Meshsub11, nil, 0},
		{"1.0", offering, Meshsub10, nil, 0},
		{"1.1", offering, Meshsub11, nil, 16},
		{"1.2", offering, Meshsub12, nil, 16},
		{"at most 3", func(c *Config) { c.Exchange, c.Params.PrunePeers = true, 3 }, Meshsub12, nil, 3},
		{"an unknown topic beside it", offering, Meshsub12, []string{"x"}, 0},
	} {
		g := newRig(t, func(cfg *Config) {
			cfg.Params.D, cfg.Params.Dlo, cfg.Params.Dhi, cfg.Params.Dout = 1, 1, 1, -1
			if c.edit != nil {
				c.edit(cfg)
			}
		})
		g.join("t", TopicConfig{})
		for i := range 20 {
			g.known(fmt.Sprint("k", i), Meshsub12, recordOf(fmt.Sprint("k", i)), "t")
		}
		g.known("bare", Meshsub12, nil, "t")
		g.known("liar", Meshsub12, recordOf("somebody else"), "t")
		asks := g.known("asks", c.stream, recordOf("asks"), "t")
		g.sent = nil
		entries := rpc.AppendGraft(nil, "t")
		for _, x := range c.topics {
			entries = rpc.AppendGraft(entries, x)
		}
		g.from(asks, rpc.AppendControl(nil, entries))
		prunes := g.told("asks")
		if len(prunes) != 1 || len(prunes[0].Peers) != c.want || prunes[0].HasBackoff == (c.stream == Meshsub10) {
			t.Errorf("%s: %d PRUNEs, %+v", c.name, len(prunes), prunes)
			continue
		}
		seen := map[string]bool{}
		for _, p := range prunes[0].Peers {
			r, err := envelope.Open(p.Record)
			who := g.names[id.PeerID(p.PeerID).ID()]
			if err != nil || r.Peer != id.PeerID(p.PeerID) || who[0] != 'k' || seen[who] {
				t.Errorf("%s: recommends %q: %v", c.name, who, err)
			}
			seen[who] = true
		}
		g.from(asks, rpc.AppendControl(nil, rpc.AppendGraft(nil, "t")))
		if again := g.told("asks"); len(again) != 1 || len(again[0].Peers) > 0 {
			t.Errorf("%s: whoever breaks the backoff is told of %+v", c.name, again)
		}
	}
}

// Large records do not push a PRUNE over what every implementation reads.
// Rule: X7
func TestOfferFitsAFrame(t *testing.T) {
	g := newRig(t, func(c *Config) {
		c.Exchange = true
		c.Params.D, c.Params.Dlo, c.Params.Dhi, c.Params.Dout = 1, 1, 1, -1
	})
	long := make([]link.Addr, envelope.AddrsMax)
	for i := range long {
		long[i] = link.MustAddr(fmt.Sprintf("/dns4/%0200d.example/tcp/1", i))
	}
	g.join("t", TopicConfig{})
	for i := range 18 {
		name := fmt.Sprint("k", i)
		g.known(name, Meshsub12, envelope.Seal(nodeKey(name), envelope.Record{Addrs: long}), "t")
	}
	asks := g.known("asks", Meshsub12, nil, "t")
	g.sent = nil
	g.from(asks, rpc.AppendControl(nil, rpc.AppendGraft(nil, "t")))
	for _, s := range g.sent {
		if len(s.frame) > controlBytesOut {
			t.Errorf("a frame of %d bytes", len(s.frame))
		}
	}
	if prunes := g.told("asks"); len(prunes) != 1 || len(prunes[0].Peers) != 3 {
		t.Errorf("%d PRUNEs, want one with three records of 3.5 KiB", len(prunes))
	}
}

// Scores decide who is recommended, who is told, and who is believed.
// Rule: G3, X1, X2, X3
func TestExchangeScores(t *testing.T) {
	points := map[id.ID]float64{}
	g := newRig(t, func(c *Config) {
		c.Exchange = true
		c.Params.D, c.Params.Dlo, c.Params.Dhi, c.Params.Dout = 1, 1, 1, -1
		c.Score = &score.Config{
			App: func(who id.ID) float64 { return points[who] }, AppSpecificWeight: 1,
			Thresholds: score.Thresholds{Gossip: -10, Publish: -20, Graylist: -80, AcceptPX: 5},
		}
	})
	if score := g.r.board; score == nil {
		t.Fatal("no board")
	}
	for _, k := range []string{"good", "bad", "first", "trusted", "shady"} {
		who := nodeKey(k).ID()
		points[who] = map[string]float64{"good": 1, "bad": -1, "trusted": 5, "shady": 4.9}[k]
	}
	g.join("t", TopicConfig{})
	g.known("first", Meshsub12, nil, "t")
	g.known("good", Meshsub12, recordOf("good"), "t")
	bad := g.known("bad", Meshsub12, recordOf("bad"), "t")
	asks := g.known("asks", Meshsub12, nil, "t")
	g.run(3 * time.Second)
	g.sent = nil
	g.from(asks, rpc.AppendControl(nil, rpc.AppendGraft(nil, "t")))
	if p := g.told("asks"); len(p) != 1 || len(p[0].Peers) != 1 || g.names[id.PeerID(p[0].Peers[0].PeerID).ID()] != "good" {
		t.Errorf("asks is told %+v, want of good alone", p)
	}
	g.from(bad, rpc.AppendControl(nil, rpc.AppendGraft(nil, "t")))
	if p := g.told("bad"); len(p) != 1 || len(p[0].Peers) > 0 {
		t.Errorf("one below zero is told of others: %+v", p)
	}

	for name, want := range map[string]int{"trusted": 1, "shady": 0} {
		who := g.known(name, Meshsub12, nil, "t")
		g.run(3 * time.Second)
		g.r.byName["t"].own.mesh.add(g.r.peer(who))
		g.exchanged = nil
		g.from(who, rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 60, infoOf("new to "+name))))
		if len(g.exchanged) != want {
			t.Errorf("%s is believed %d records, want %d", name, len(g.exchanged), want)
		}
	}
}

// meshed makes a router that heeds everybody, with one peer in its mesh.
func meshed(t testing.TB) (*rig, id.ID) {
	g := newRig(t, accepting)
	g.join("t", TopicConfig{})
	who := g.known("n", Meshsub12, recordOf("n"), "t")
	if !slices.Contains(g.r.Mesh("t"), who) {
		t.Fatal("not in the mesh")
	}
	return g, who
}

// Rule: X6
func TestExchange(t *testing.T) {
	g, n := meshed(t)
	g.known("connected", Meshsub12, nil)
	g.names[nodeKey("self").ID()] = "self"
	infos := []rpc.PeerInfo{infoOf("a"), infoOf("connected"), infoOf("self"), infoOf("b"), infoOf("n")}
	g.from(n, rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 60, infos...)))
	var got []id.PeerID
	for _, x := range g.exchanged {
		if x.From != n || len(x.Record.Addrs) != 1 {
			t.Errorf("%+v", x)
		}
		got = append(got, x.Record.Peer)
	}
	slices.Sort(got)
	want := []id.PeerID{nodeKey("a").Public().PeerID(), nodeKey("b").Public().PeerID()}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d records, want those of a and b", len(got))
	}
	// Who is not in the mesh has nothing to say.
	g.exchanged = nil
	g.from(n, rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 60, infoOf("c"))))
	if len(g.exchanged) > 0 {
		t.Error("a PRUNE of one who is not in the mesh is heeded")
	}
}

// With the defaults nobody's recommendations are heeded.
// Rule: X3
func TestExchangeIsOptional(t *testing.T) {
	g := newRig(t, nil)
	g.join("t", TopicConfig{})
	n := g.known("n", Meshsub12, nil, "t")
	g.from(n, rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 60, infoOf("a"))))
	if len(g.exchanged) > 0 || slices.Contains(g.r.Mesh("t"), n) {
		t.Errorf("%+v", g.exchanged)
	}
}

// A peer that is waiting out a backoff is not dialled on another's word.
// Rule: X6
func TestExchangeKeepsBackoffs(t *testing.T) {
	g, n := meshed(t)
	a := g.known("a", Meshsub12, nil, "t")
	g.from(a, rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 60)))
	g.r.Down(g.now, a)
	g.from(n, rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 60, infoOf("a"))))
	if len(g.exchanged) > 0 {
		t.Error("a backed-off peer is recommended with success")
	}
}

// Records that are unsigned, another's, cut off, broken or too many: at most sixteen
// are looked at, none is believed but those that are right, and nothing is left.
// Rule: X3, X4
func TestHostileExchange(t *testing.T) {
	a, b := infoOf("a"), infoOf("b")
	forged := bytes.Clone(a.Record)
	forged[len(forged)-1] ^= 1
	empty := rpc.PeerInfo{PeerID: a.PeerID}
	for name, c := range map[string]struct {
		infos      []rpc.PeerInfo
		jobs, good int
		bad        bool
	}{
		"nothing":        {nil, 0, 0, false},
		"no record":      {[]rpc.PeerInfo{empty}, 0, 0, false},
		"no peer":        {[]rpc.PeerInfo{{Record: a.Record}}, 0, 0, false},
		"another's":      {[]rpc.PeerInfo{{PeerID: a.PeerID, Record: b.Record}}, 0, 0, false},
		"cut off":        {[]rpc.PeerInfo{{PeerID: a.PeerID, Record: a.Record[:50]}}, 0, 0, false},
		"forged":         {[]rpc.PeerInfo{{PeerID: a.PeerID, Record: forged}}, 1, 0, true},
		"one of two":     {[]rpc.PeerInfo{{PeerID: a.PeerID, Record: forged}, b}, 1, 1, true},
		"10,000 of one":  {slices.Repeat([]rpc.PeerInfo{empty}, 10000), 0, 0, false},
		"1,000 of all":   {many(1000), 1, 16, false},
		"64 KiB of junk": {[]rpc.PeerInfo{{PeerID: a.PeerID, Record: make([]byte, 64<<10)}}, 0, 0, false},
	} {
		g, n := meshed(t)
		g.late = true
		g.from(n, rpc.AppendControl(nil, rpc.AppendPrune(nil, "t", 60, c.infos...)))
		if len(g.jobs) != c.jobs {
			t.Errorf("%s: %d jobs, want %d", name, len(g.jobs), c.jobs)
		}
		g.r.Down(g.now, n) // the job outlives the peer
		for _, do := range g.jobs {
			g.take(do())
		}
		if len(g.exchanged) != c.good {
			t.Errorf("%s: %d records believed, want %d", name, len(g.exchanged), c.good)
		}
		if g.r.exchanges.n != 0 || g.r.exchanges.byTicket != nil || g.r.peers.Len() != 0 {
			t.Errorf("%s: left behind: %+v", name, g.r.exchanges)
		}
	}
}

func many(n int) (out []rpc.PeerInfo) {
	for i := range n {
		out = append(out, infoOf(fmt.Sprint("stranger", i)))
	}
	return out
}

// One peer gets sixteen records looked at at once and one every ten seconds, all
// peers together exchangesMax at a time, whatever they send.
// Rule: X5
func TestExchangeBudget(t *testing.T) {
	g := newRig(t, accepting)
	g.late = true
	topics := []string{"t0", "t1", "t2"}
	for _, name := range topics {
		g.join(name, TopicConfig{})
	}
	all := many(16)
	prune := func(who id.ID, topic string) {
		t := g.r.byName[topic]
		t.own.mesh.add(g.r.peer(who))
		g.from(who, rpc.AppendControl(nil, rpc.AppendPrune(nil, topic, 60, all...)))
	}
	n := g.known("n", Meshsub12, nil, topics...)
	for _, name := range topics {
		prune(n, name)
	}
	if g.r.exchanges.n != 16 {
		t.Fatalf("%d records of one peer at once, want 16", g.r.exchanges.n)
	}
	g.run(30*time.Second + time.Millisecond)
	prune(n, "t1")
	if g.r.exchanges.n != 19 {
		t.Fatalf("%d records of one peer after 30 s, want 3 more", g.r.exchanges.n)
	}
	for i := range 20 {
		prune(g.known(fmt.Sprint("p", i), Meshsub12, nil, topics...), "t0")
	}
	if g.r.exchanges.n != exchangesMax {
		t.Fatalf("%d records in checking, want %d", g.r.exchanges.n, exchangesMax)
	}
	for _, do := range g.jobs {
		g.take(do())
	}
	if g.r.exchanges.n != 0 {
		t.Fatalf("%d records in checking at the end", g.r.exchanges.n)
	}
}
