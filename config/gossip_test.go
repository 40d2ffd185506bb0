package config

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ropewalk/ropewalk"
)

func TestGossipValues(t *testing.T) {
	s, bad := load(t, `
[gossip]
version = "1.1"
seen_strategy = "last"
streams = ["/example/meshsub/1.0.0=1.0", "/odd=name=floodsub"]
streams_only = true
Dout = 0
flood_publish = false
gossip_factor = 0.5
prune_backoff = "30s"
direct_peers = []
subscription_filter = ["news", "orders"]
graylist_threshold = -200
mesh_message_deliveries_cap = 7
time_in_mesh_quantum = "2s"
ip_colocation_allow = ["192.0.2.0/24"]
gater = false
[gossip.topic."news"]
D = 8
topic_weight = 2
ttl = "500ms"
replay = true
author = "ed25519"
idontwant_threshold = "4KiB"
invalid_message_deliveries_weight = -5
`, []string{"ROPEWALK_GOSSIP_PUBLISH_THRESHOLD=-60", "ROPEWALK_GOSSIP_TIME_IN_MESH_CAP=99"}, map[string][]string{"gossip-version": {"1.0"}})
	if bad != "" {
		t.Fatal(bad)
	}
	g := s.Node.Gossip
	if g.Version != "1.0" || g.SeenStrategy != "last" || g.Dout != -1 || *g.FloodPublish || g.GossipFactor != 0.5 || g.PruneBackoff != 30*time.Second || !g.NoGater || g.NoScore {
		t.Errorf("%+v", g)
	}
	if d := cmp.Diff([]string{"news", "orders"}, g.SubscriptionFilter); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]ropewalk.GossipStream{{ID: "/example/meshsub/1.0.0", Version: "1.0"}, {ID: "/odd=name", Version: "floodsub"}}, g.Streams); d != "" || !g.StreamsOnly || g.TestExtension {
		t.Error(d, g.StreamsOnly)
	}
	if g.Score.Graylist != -200 || g.Score.Publish != -60 || g.Score.Gossip != ropewalk.DefaultScore().Gossip || len(g.Score.IPColocationAllow) != 1 {
		t.Errorf("%+v", g.Score)
	}
	w, def := g.Topics["news"].Score, ropewalk.DefaultScore().Topic
	if x := g.Topics["news"]; x.TTL != 500*time.Millisecond || !x.Replay || x.Author != "ed25519" || x.IDontWantBytes != 4096 {
		t.Errorf("%+v", x)
	}
	all := g.Score.Topic
	if all.MeshMessageDeliveriesCap != 7 || all.TimeInMeshQuantum != 2*time.Second || all.TimeInMeshCap != 99 || all.TopicWeight != def.TopicWeight {
		t.Errorf("all topics: %+v", all)
	}
	if w.MeshMessageDeliveriesCap != 7 || w.TimeInMeshQuantum != 2*time.Second || w.TimeInMeshCap != 99 {
		t.Errorf("one topic does not begin with what all have: %+v", w)
	}
	if g.Topics["news"].D != 8 || w.TopicWeight != 2 || w.InvalidMessageDeliveriesWeight != -5 || w.TimeInMeshWeight != def.TimeInMeshWeight {
		t.Errorf("%+v %+v", g.Topics["news"], w)
	}
}

// What a field alone does not show is found too, with its line and its neighbour.
func TestGossipProblems(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[gossip]\nversion = \"2.0\"", `config.toml:2: gossip.version: "2.0": want 1.3, 1.2, 1.1, 1.0, floodsub`},
		{"[gossip]\nDout = 5", `config.toml:2: gossip.Dout: 5: want less than Dlo, and at most half of D`},
		{"[gossip]\npublish_threshold = -5", `config.toml:2: gossip.publish_threshold: -5: want another value: it is above -10 (gossip_threshold)`},
		{"[gossip]\ngossip_threshold = 5", `config.toml:2: gossip.gossip_threshold: 5: want a number from -1000000 to 0`},
		{"[gossip]\ndecay_to_zero = 1", `config.toml:2: gossip.decay_to_zero: 1: want another value: it is not between 0 and 1`},
		{"[gossip]\ngossip_factor = 0", `config.toml:2: gossip.gossip_factor: 0: want a number above 0`},
		{"[gossip]\nip_colocation_allow = [\"192.0.2.1\"]", `config.toml:2: gossip.ip_colocation_allow: "192.0.2.1": want addresses with a length, such as 192.0.2.0/24 or 2001:db8::/32`},
		{"[gossip]\nsubscription_filter = [\"\"]", `config.toml:2: gossip.subscription_filter: "": want topics of 1 to 256 bytes`},
		{"[gossip]\ndirect_peers = [\"/ip4/127.0.0.1/tcp/1\"]", `config.toml:2: gossip.direct_peers: "/ip4/127.0.0.1/tcp/1": want multiaddrs with /p2p/ at their end, enode:// addresses, or records (enr:…) that name an address`},
		{"[gossip.topic.\"a.b\"]\nD = 2", `config.toml:2: gossip.topic."a.b".D: 2 (Dlo 5, Dhi 12): want Dlo ≤ D ≤ Dhi`},
		{"[gossip.topic.\"a.b\"]\nfirst_message_deliveries_decay = 1", `config.toml:2: gossip.topic."a.b".first_message_deliveries_decay: 1: want another value: it is not between 0 and 1`},
		{"[gossip.topic.\"t\"]\nauthor = \"rsa\"", `config.toml:2: gossip.topic."t".author: "rsa": want node, ed25519`},
		{"[gossip]\nsign = \"none\"\n[gossip.topic.\"t\"]\nauthor = \"ed25519\"", `config.toml:4: gossip.topic."t".author: "ed25519": want node, or a topic that is signed`},
		{"[gossip]\nstreams = [\"/example\"]", `config.toml:2: gossip.streams: "/example": want a stream ID, = and its version, such as /example/meshsub/1.2.0=1.2`},
		{"[gossip]\nstreams = [\"/a=1.4\"]", `config.toml:2: gossip.streams: "/a=1.4": want a stream ID, = and its version, such as /example/meshsub/1.2.0=1.2`},
		{"[gossip]\nstreams = [\"/ropewalk/x/pex/1=1.3\"]", `config.toml:2: gossip.streams: "/ropewalk/x/pex/1=1.3": want a stream ID, = and its version, such as /example/meshsub/1.2.0=1.2`},
		{"[gossip]\nversion = \"1.1\"\nstreams = [\"/a=1.2\"]\nstreams_only = true", `config.toml:4: gossip.streams_only: "true": want a stream of this version or older in streams`},
		{"[gossip]\nstreams = [\"/a=1.2\", \"/a=1.1\"]", `config.toml:2: gossip.streams: "/a=1.2, /a=1.1": want up to 16 different stream IDs that begin with / and are none of the specification's or of ropewalk's own, at most 128 bytes, each with = and its version`},
		{"[gossip]\nflood_publsh = true", `config.toml:2: gossip.flood_publsh: true: unknown key, want gossip.flood_publish?`},
	} {
		if _, got := load(t, c.text, nil, nil); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
}

// Everything a router's table offers is used.
func TestGossipIsUsed(t *testing.T) {
	for _, k := range keys {
		if strings.HasPrefix(k.Path, "gossip.") && (k.Unused || k.apply == nil) {
			t.Errorf("%s is not used", k.Path)
		}
	}
}

// The defaults that the file shows are those in force.
func TestScoreDefaults(t *testing.T) {
	var text strings.Builder
	text.WriteString("[gossip]\n")
	for _, k := range append(scoreKeys, weightKeys[:len(weights)]...) {
		fmt.Fprintf(&text, "%s = %s\n", strings.TrimPrefix(k.Path, "gossip."), k.Default)
	}
	s, bad := load(t, text.String(), nil, nil)
	if bad != "" {
		t.Fatal(bad)
	}
	near := cmpopts.EquateApprox(0, 1e-6)
	if d := cmp.Diff(ropewalk.DefaultScore(), *s.Node.Gossip.Score, near, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("-in force +shown\n%s", d)
	}
}

// A number at either end of its range is refused only for what it means together
// with others.
func TestGossipRanges(t *testing.T) {
	together := []string{"want Dlo ≤ D ≤ Dhi", "want less than Dlo", "want at most", "want another value"}
	for _, k := range keys {
		if !strings.HasPrefix(k.Path, "gossip.") || k.Kind == Text || k.Kind == List || k.Kind == Bool {
			continue
		}
		for _, v := range []int64{k.Min, k.Max} {
			value := fmt.Sprint(v)
			if k.Kind == Duration {
				value = format(time.Duration(v))
			}
			table, leaf := "gossip", k.leaf()
			if strings.Contains(k.Path, "*") {
				table = `gossip.topic."t"`
			}
			if v == math.MinInt64 {
				t.Fatalf("%s has no bounds", k.Path)
			}
			_, bad := load(t, "["+table+"]\n"+leaf+" = "+value, nil, nil)
			ok := bad == ""
			for _, words := range together {
				ok = ok || strings.Contains(bad, words)
			}
			if !ok && !(k.Path == "gossip.gossip_factor" && v == 0) {
				t.Errorf("%s = %s: %s", k.Path, value, bad)
			}
		}
	}
}
