package gossipsub

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// kindsOf collects what kinds of entries were sent.
func (g *rig) kindsOf() map[string]bool {
	out := map[string]bool{}
	for _, s := range g.sent {
		var r rpc.RPC
		if err := r.Decode(s.frame, rpc.DefaultLimits(100)); err != nil {
			g.t.Fatal(err)
		}
		for kind, there := range map[string]bool{
			"SUBSCRIBE": len(r.Subs) > 0, "MESSAGE": len(r.Publish) > 0, "GRAFT": len(r.Graft) > 0, "PRUNE": len(r.Prune) > 0,
			"IHAVE": len(r.IHave) > 0, "IWANT": len(r.IWant) > 0, "IDONTWANT": len(r.IDontWant) > 0,
			"backoff": len(r.Prune) > 0 && r.Prune[0].HasBackoff, "peers": len(r.Prune) > 0 && len(r.Prune[0].Peers) > 0,
			"Extensions": r.HasExtensions, "TestExtension": r.HasTest, "parts": r.HasPartial,
			"flags": slices.ContainsFunc(r.Subs, func(s rpc.Sub) bool { return s.RequestsPartial || s.SupportsPartial }),
		} {
			if there {
				out[kind] = true
			}
		}
	}
	g.sent = nil
	return out
}

// everything makes a router with peers of one stream say all it has to say.
func everything(t *testing.T, held, stream string) map[string]bool {
	g := newRig(t, func(c *Config) {
		c.Version = held
		c.Params = Params{D: 2, Dlo: 2, Dhi: 3, IDontWantThreshold: 64}
	})
	g.join("t", TopicConfig{})
	g.join("u", TopicConfig{})
	g.join("v", TopicConfig{Partial: &Partial{Request: true}})
	g.ups(6, stream, "t", "u")
	g.r.Began(g.now, g.id("n0"))
	g.recv("n0", append(rpc.AppendSubPartial(nil, "v", true, true), extensions(rpc.Extensions{Partial: true})...))
	g.recv("n0", rpc.AppendSub(rpc.AppendSub(nil, true, "t"), true, "u"))
	if _, err := g.r.PublishPartial(g.now, "v", Parts{Group: []byte("g"), Metadata: []byte("m")}); err != nil {
		t.Fatal(err)
	}
	g.recv("n0", plain("t", strings.Repeat("x", 100)))
	g.control("n1", rpc.AppendIHave(nil, "t", []string{"new"}))
	g.control("n2", rpc.AppendIDontWant(nil, []string{"other"}))
	g.run(3 * time.Second)
	g.publish("t", []byte("own"))
	for i := range 6 {
		g.graft(fmt.Sprint("n", i), "u")
	}
	g.r.Leave(g.now, "u")
	return g.kindsOf()
}

// What may be on the wire is decided by the older of two: the version we are held
// to and that of the stream we write on (gossipsub-v1.0 to v1.3, "Protocol ID").
// Rule: N2, N4, N5, N6, N7, N8
func TestVersionPairs(t *testing.T) {
	may := map[version]string{
		flood: "SUBSCRIBE MESSAGE",
		v10:   "SUBSCRIBE MESSAGE GRAFT PRUNE IHAVE IWANT",
		v11:   "SUBSCRIBE MESSAGE GRAFT PRUNE IHAVE IWANT backoff",
		v12:   "SUBSCRIBE MESSAGE GRAFT PRUNE IHAVE IWANT backoff IDONTWANT",
		v13:   "SUBSCRIBE MESSAGE GRAFT PRUNE IHAVE IWANT backoff IDONTWANT Extensions flags parts",
	}
	for held, name := range versionNames {
		for spoken, stream := range streamIDs {
			got := everything(t, name, stream)
			want := strings.Fields(may[min(version(held), version(spoken))])
			for _, kind := range want {
				if !got[kind] {
					t.Errorf("held to %s, stream %s: no %s", name, stream, kind)
				}
				delete(got, kind)
			}
			if len(got) > 0 {
				t.Errorf("held to %s, stream %s: also %v", name, stream, got)
			}
		}
	}
}

// What we parse never depends on the version of anything: control on a floodsub
// stream is no error, and a peer that writes 1.2 while we write 1.0 is heeded.
// Rule: N3
func TestParsingIgnoresTheVersion(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Version = "1.1" })
	g.join("t", TopicConfig{})
	g.up("n0", Meshsub10, false)
	g.recv("n0", rpc.AppendSub(nil, true, "t"))
	g.control("n0", rpc.AppendIDontWant(nil, []string{"x"}))
	if g.r.doubters.len() != 1 {
		t.Fatal("IDONTWANT of a peer we write 1.0 to was not heeded")
	}
	g.up("n1", Floodsub, false)
	g.control("n1", rpc.AppendGraft(nil, "t"))
	if len(g.r.Mesh("t")) != 1 {
		t.Fatal("a peer we write floodsub to is in the mesh")
	}
}

// Held to 1.0 there are no backoffs: a pruned peer may come back at once.
// Rule: N8
func TestHeldTo10HasNoBackoff(t *testing.T) {
	for _, version := range []string{"1.0", "1.1"} {
		g := newRig(t, func(c *Config) { c.Version = version })
		g.join("t", TopicConfig{})
		g.ups(1, Meshsub10, "t")
		g.control("n0", rpc.AppendPrune(nil, "t", -1))
		g.graft("n0", "t")
		if in := len(g.r.Mesh("t")) == 1; in != (version == "1.0") {
			t.Errorf("version %s: in the mesh after PRUNE and GRAFT: %v", version, in)
		}
	}
}

// Rule: N1, N9
func TestProtocolStreams(t *testing.T) {
	all := []string{Meshsub13, Meshsub12, Meshsub11, Meshsub10, Floodsub}
	own := []Stream{{"/net/meshsub/1.2.0", "1.2"}, {"/net/meshsub/1.0.0", "1.0"}}
	for _, c := range []struct {
		cfg  Config
		want []string
	}{
		{Config{}, all},
		{Config{Version: "1.3"}, all},
		{Config{Version: "1.1"}, all[2:]},
		{Config{Version: "floodsub"}, all[4:]},
		{Config{Streams: own}, append([]string{own[0].ID, own[1].ID}, all...)},
		{Config{Streams: own, Version: "1.0"}, append([]string{own[1].ID}, all[3:]...)},
		{Config{Streams: own, StreamsOnly: true}, []string{own[0].ID, own[1].ID}},
		{Config{Version: "1.4"}, nil},
		{Config{Streams: []Stream{{"meshsub", "1.2"}}}, nil},
		{Config{Streams: []Stream{{Meshsub12, "1.2"}}}, nil},
		{Config{Streams: []Stream{own[0], own[0]}}, nil},
		{Config{Streams: []Stream{{"/x", "2"}}}, nil},
		{Config{Streams: own, StreamsOnly: true, Version: "floodsub"}, nil},
		{Config{Streams: make([]Stream, streamsMax+1)}, nil},
	} {
		p, err := c.cfg.Protocol()
		if (err == nil) != (c.want != nil) || err == nil && fmt.Sprint(p.Streams) != fmt.Sprint(c.want) {
			t.Errorf("%+v: %v, %v", c.cfg, p.Streams, err)
		}
	}
	g := newRig(t, func(c *Config) { c.Streams = own })
	g.up("n0", own[1].ID, false)
	p, _ := g.r.peers.Get(g.id("n0"))
	if p.version != v10 {
		t.Fatalf("version %d on a stream of our own", p.version)
	}
}
