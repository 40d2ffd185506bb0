package ropewalk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/dnslist/listtest"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/mem"
)

// Every field out of its range is named, with what is allowed, and New makes
// nothing.
// Rule: P2
func TestValidate(t *testing.T) {
	long := strings.Repeat("x", 200)
	peer := "/ip4/127.0.0.1/tcp/4001/p2p/" + linktest.Key("peer").Public().PeerID().String()
	tests := []struct {
		name   string
		change func(*Config)
		fields []string // none: fine
	}{
		{"zero", func(*Config) {}, nil},
		{"network with a space", func(c *Config) { c.Network = "my net" }, []string{"node.network"}},
		{"network in capitals", func(c *Config) { c.Network = "Net" }, []string{"node.network"}},
		{"network of 65", func(c *Config) { c.Network = long[:65] }, []string{"node.network"}},
		{"network of 64", func(c *Config) { c.Network = long[:64] }, nil},
		{"profile", func(c *Config) { c.Profile = "huge" }, []string{"node.profile"}},
		{"agent", func(c *Config) { c.Agent = long }, []string{"node.agent"}},
		{"listen on nothing", func(c *Config) { c.Listen.LibP2P = []string{} }, nil},
		{"listen on noise", func(c *Config) { c.Listen.LibP2P = []string{"localhost:4001"} }, []string{"listen.libp2p"}},
		{"listen with a peer", func(c *Config) { c.Listen.LibP2P = []string{peer} }, []string{"listen.libp2p"}},
		{"listen in memory", func(c *Config) { c.Listen.LibP2P = []string{"/mem/a"} }, []string{"listen.libp2p"}},
		{"RLPx on nothing", func(c *Config) { c.Listen.RLPx = []string{} }, nil},
		{"RLPx on both families", func(c *Config) { c.Listen.RLPx = []string{":30303", "[::]:30303", "localhost:0"} }, nil},
		{"RLPx on a name", func(c *Config) { c.Listen.RLPx = []string{"example.org:30303"} }, []string{"listen.rlpx"}},
		{"RLPx on a zone", func(c *Config) { c.Listen.RLPx = []string{"[fe80::1%eth0]:0"} }, []string{"listen.rlpx"}},
		{"RLPx on noise", func(c *Config) { c.Listen.RLPx = []string{"30303", "1.2.3.4:65536", "off"} }, []string{"listen.rlpx", "listen.rlpx", "listen.rlpx"}},
		{"RLPx on nine addresses", func(c *Config) { c.Listen.RLPx = slices.Repeat([]string{":0"}, 9) }, slices.Repeat([]string{"listen.rlpx"}, 9)},
		{"listen on port 65536", func(c *Config) { c.Listen.LibP2P = []string{"/ip4/127.0.0.1/tcp/65536"} }, []string{"listen.libp2p"}},
		{"router", func(c *Config) { c.Listen.NAT = "upnp:http://192.168.1.1:5000/desc.xml" }, nil},
		{"no router", func(c *Config) { c.Listen.NAT = "none" }, nil},
		{"address without an address", func(c *Config) { c.Listen.NAT = "extip:home" }, []string{"listen.nat"}},
		{"outbound none", func(c *Config) { c.Session.Outbound = -1 }, nil},
		{"outbound below", func(c *Config) { c.Session.Outbound = -2 }, []string{"session.outbound"}},
		{"outbound above", func(c *Config) { c.Session.Outbound = 129 }, []string{"session.outbound"}},
		{"inbound above", func(c *Config) { c.Session.Inbound = 4097 }, []string{"session.inbound"}},
		{"inbound none", func(c *Config) { c.Session.Inbound = -1 }, nil},
		{"peer", func(c *Config) { c.Session.Peers = []string{peer} }, nil},
		{"peer without an identity", func(c *Config) { c.Session.Peers = []string{"/ip4/127.0.0.1/tcp/4001"} }, []string{"session.peers"}},
		{"seed that is noise", func(c *Config) { c.Session.Seeds = []string{"enr:noise", peer, ""} }, []string{"session.seeds", "session.seeds"}},
		{"bootnode", func(c *Config) { c.Session.Bootnodes = []string{peer} }, []string{"session.bootnodes"}},
		{"node lists", func(c *Config) { c.Session.DNSLists = []string{listtest.NewLister("a").URL()} }, nil},
		{"node list without a key", func(c *Config) { c.Session.DNSLists = []string{"enrtree://example.org", ""} }, []string{"session.dns_lists", "session.dns_lists"}},
		{"node lists above", func(c *Config) {
			for i := range 17 {
				c.Session.DNSLists = append(c.Session.DNSLists, listtest.NewLister(fmt.Sprint(i)).URL())
			}
		}, []string{"session.dns_lists"}},
		{"name server", func(c *Config) { c.Session.DNSServer = "192.0.2.53" }, nil},
		{"name server with a port", func(c *Config) { c.Session.DNSServer = "[2001:db8::53]:5353" }, nil},
		{"name server by name", func(c *Config) { c.Session.DNSServer = "ns.example.org:53" }, []string{"session.dns_server"}},
		{"name server on port 0", func(c *Config) { c.Session.DNSServer = "192.0.2.53:0" }, []string{"session.dns_server"}},
		{"refine too often", func(c *Config) { c.Session.RefineEvery = time.Millisecond }, []string{"session.refine_every"}},
		{"heartbeat negative", func(c *Config) { c.Session.HeartbeatEvery = -time.Second }, []string{"session.heartbeat_every"}},
		{"dial too long", func(c *Config) { c.Session.DialTimeout = time.Hour }, []string{"session.dial_timeout"}},
		{"save too seldom", func(c *Config) { c.Session.SaveEvery = 48 * time.Hour }, []string{"session.save_every"}},
		{"sign", func(c *Config) { c.Gossip.Sign = "maybe" }, []string{"gossip.sign"}},
		{"D below Dlo", func(c *Config) { c.Gossip.D = 3 }, []string{"gossip.D"}},
		{"D above Dhi", func(c *Config) { c.Gossip.D = 13 }, []string{"gossip.D"}},
		{"D, Dlo, Dhi together", func(c *Config) { c.Gossip.D, c.Gossip.Dlo, c.Gossip.Dhi = 3, 2, 4 }, nil},
		{"D negative", func(c *Config) { c.Gossip.D = -1 }, []string{"gossip.D", "gossip.D"}},
		{"heartbeat", func(c *Config) { c.Gossip.HeartbeatEvery = time.Millisecond }, []string{"gossip.heartbeat_interval"}},
		{"history", func(c *Config) { c.Gossip.HistoryGossip = 6 }, []string{"gossip.history_gossip"}},
		{"message size", func(c *Config) { c.Gossip.MessageBytes = 100 }, []string{"gossip.max_message_size"}},
		{"message size above a frame", func(c *Config) { c.Gossip.MessageBytes = 1<<20 + 1 }, []string{"gossip.max_message_size"}},
		{"largest message size", func(c *Config) { c.Gossip.MessageBytes = 1 << 20 }, nil},
		{"seen cache", func(c *Config) { c.Gossip.SeenBytes = -1 }, []string{"gossip.seen_bytes"}},
		{"topic", func(c *Config) { c.Gossip.Topics = map[string]TopicConfig{"t": {Sign: "x", BytesMax: -1}} }, []string{`gossip.topic."t".sign`, `gossip.topic."t".max_size`}},
		{"version", func(c *Config) { c.Gossip.Version = "1.4" }, []string{"gossip.version"}},
		{"seen strategy", func(c *Config) { c.Gossip.SeenStrategy = "never" }, []string{"gossip.seen_strategy"}},
		{"older version", func(c *Config) { c.Gossip.Version = "1.0" }, nil},
		{"sign lax", func(c *Config) { c.Gossip.Sign = "lax" }, nil},
		{"Dout", func(c *Config) { c.Gossip.Dout = 4 }, []string{"gossip.Dout"}},
		{"no Dout, no Dscore", func(c *Config) { c.Gossip.Dout, c.Gossip.Dscore = -1, -1 }, nil},
		{"Dscore", func(c *Config) { c.Gossip.Dscore = 7 }, []string{"gossip.Dscore"}},
		{"backoff", func(c *Config) { c.Gossip.PruneBackoff = time.Millisecond }, []string{"gossip.prune_backoff"}},
		{"factor", func(c *Config) { c.Gossip.GossipFactor = 1.5 }, []string{"gossip.gossip_factor"}},
		{"direct peer", func(c *Config) { c.Gossip.DirectPeers = []string{"/ip4/127.0.0.1/tcp/1"} }, []string{"gossip.direct_peers"}},
		{"filter", func(c *Config) { c.Gossip.SubscriptionFilter = []string{"news", ""} }, []string{"gossip.subscription_filter"}},
		{"thresholds", func(c *Config) {
			s := DefaultScore()
			s.Publish = -5
			c.Gossip.Score = &s
		}, []string{"gossip.publish_threshold"}},
		{"thresholds of no score", func(c *Config) {
			s := DefaultScore()
			s.Publish = -5
			c.Gossip.Score, c.Gossip.NoScore = &s, true
		}, nil},
		{"topic's degrees", func(c *Config) { c.Gossip.Topics = map[string]TopicConfig{"t": {D: 2}, "u": {D: 8}} }, []string{`gossip.topic."t".D`}},
		{"topic's time", func(c *Config) {
			c.Gossip.Topics = map[string]TopicConfig{"t": {TTL: time.Millisecond, IDontWantBytes: -1}}
		}, []string{`gossip.topic."t".idontwant_threshold`, `gossip.topic."t".ttl`}},
		{"replay", func(c *Config) {
			c.Gossip.Topics = map[string]TopicConfig{"t": {Replay: true}, "u": {Replay: true, Sign: "none"}}
		}, []string{`gossip.topic."u".replay`}},
		{"topic's weights", func(c *Config) {
			c.Gossip.Topics = map[string]TopicConfig{"t": {Score: &TopicScoreConfig{TopicWeight: 1, TimeInMeshWeight: 1}}}
		}, []string{`gossip.topic."t".time_in_mesh_quantum`}},
		{"max peers", func(c *Config) { c.Session.MaxPeers, c.Session.DialRatio = 50, 3 }, nil},
		{"more than there can be", func(c *Config) { c.Session.MaxPeers = 5000 }, []string{"session.max_peers"}},
		{"a ratio of nothing", func(c *Config) { c.Session.DialRatio = 3 }, nil},
		{"ratio", func(c *Config) { c.Session.DialRatio = -1 }, []string{"session.dial_ratio"}},
		{"outbound above max peers", func(c *Config) { c.Session.MaxPeers, c.Session.Outbound = 10, 11 }, []string{"session.outbound"}},
		{"inbound above max peers", func(c *Config) { c.Session.MaxPeers, c.Session.Inbound = 10, 11 }, []string{"session.inbound"}},
		{"both above max peers", func(c *Config) { c.Session.MaxPeers, c.Session.Outbound, c.Session.Inbound = 10, 6, 5 }, []string{"session.inbound"}},
		{"both within max peers", func(c *Config) { c.Session.MaxPeers, c.Session.Outbound, c.Session.Inbound = 10, -1, 10 }, nil},
		{"kept peers above max peers", func(c *Config) { c.Session.MaxPeers, c.Session.Peers = 1, []string{someAddr("a"), someAddr("b")} }, []string{"session.peers"}},
		{"trusted peers are above it", func(c *Config) {
			c.Session.MaxPeers, c.Session.Peers, c.Session.Trusted = 1, []string{someAddr("a"), someAddr("b")}, []string{someAddr("b")}
		}, nil},
		{"trusted", func(c *Config) {
			k := linktest.Key("a")
			c.Session.Trusted = []string{k.ID().String(), k.Public().PeerID().String(), someAddr("a")}
		}, nil},
		{"trusted nobody", func(c *Config) { c.Session.Trusted = []string{"/ip4/127.0.0.1/tcp/1", "x"} }, []string{"session.trusted", "session.trusted"}},
		{"net restrict", func(c *Config) { c.Session.NetRestrict = []string{"10.0.0.0/8", "2001:db8::/32"} }, nil},
		{"net restrict without a length", func(c *Config) { c.Session.NetRestrict = []string{"10.0.0.0"} }, []string{"session.net_restrict"}},
		{"a peer outside net restrict", func(c *Config) {
			c.Session.NetRestrict, c.Session.Peers, c.Session.Seeds = []string{"10.0.0.0/8"}, []string{someAddr("a")}, []string{someAddr("b")}
		}, []string{"session.peers", "session.seeds"}},
		{"lines", func(c *Config) { c.Chat.Lines = -1 }, []string{"chat.lines"}},
		{"room without a name", func(c *Config) { c.Chat.Rooms = []string{"lobby", ""} }, []string{"chat.rooms"}},
		{"room with an escape", func(c *Config) { c.Chat.Rooms = []string{"\x1b[2J"} }, []string{"chat.rooms"}},
		{"several", func(c *Config) { c.Network, c.Profile, c.Chat.Lines = "!", "!", -1 }, []string{"node.network", "node.profile", "chat.lines"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var cfg Config
			tc.change(&cfg)
			err := cfg.Validate()
			var bad *ConfigError
			if err != nil && !errors.As(err, &bad) {
				t.Fatalf("%v is no *ConfigError", err)
			}
			var got []string
			if bad != nil {
				for _, f := range bad.Fields {
					got = append(got, f.Field)
					if f.Allowed == "" || len(f.Value) > 200 || strings.ContainsAny(f.Value, "\x1b\n") {
						t.Errorf("field %+v", f)
					}
				}
			}
			if strings.Join(got, " ") != strings.Join(tc.fields, " ") {
				t.Fatalf("names %q, want %q", got, tc.fields)
			}
			if err != nil {
				cfg.DataDir = t.TempDir() + "/none"
				if _, err := New(cfg); !errors.As(err, &bad) {
					t.Errorf("New: %v", err)
				}
				if f, err := openFolder(cfg.DataDir); err != nil {
					t.Error(err)
				} else if _, made := f.read("key"); made {
					t.Error("something was made")
				}
			}
		})
	}
}

func someAddr(name string) string {
	return "/ip4/127.0.0.1/tcp/1/p2p/" + linktest.Key(name).Public().PeerID().String()
}

// MaxPeers is divided as the ratio says, where nobody says otherwise.
func TestFillPlaces(t *testing.T) {
	for _, c := range []struct {
		profile       string
		in            SessionConfig
		dialled, rest int
	}{
		{"", SessionConfig{MaxPeers: 50}, 16, 34},
		{"", SessionConfig{MaxPeers: 50, DialRatio: 2}, 25, 25},
		{"", SessionConfig{MaxPeers: 2}, 1, 1},
		{"", SessionConfig{MaxPeers: 1}, 1, -1},
		{"", SessionConfig{MaxPeers: 10, DialRatio: 1}, 10, -1},
		{"", SessionConfig{MaxPeers: 10, Outbound: 2}, 2, 8},
		{"", SessionConfig{MaxPeers: 10, Outbound: -1}, 0, 10},
		{"", SessionConfig{MaxPeers: 10, Inbound: 9}, 1, 9},
		{"", SessionConfig{MaxPeers: 10, Inbound: 10}, 0, 10},
		{"", SessionConfig{MaxPeers: 10, Inbound: 2}, 3, 2},
		{"", SessionConfig{MaxPeers: 10, Outbound: 1, Inbound: 2}, 1, 2},
		{"", SessionConfig{MaxPeers: 4224, DialRatio: 1}, 128, 4096},
		{"seed", SessionConfig{MaxPeers: 50}, 0, 50},
	} {
		cfg := Config{Profile: c.profile, Session: c.in}
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		cfg.fill()
		if s := cfg.Session; s.Outbound != c.dialled || s.Inbound != c.rest {
			t.Errorf("%+v: %d dialled, %d accepted, want %d and %d", c.in, s.Outbound, s.Inbound, c.dialled, c.rest)
		}
		if err := cfg.Validate(); err != nil {
			t.Errorf("filled: %v", err)
		}
	}
}

// A filled Config is valid and changes nothing that was set.
func TestFill(t *testing.T) {
	for _, p := range profiles {
		cfg := Config{Profile: p.name}
		cfg.fill()
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if cfg.Session.Outbound != max(p.outbound, 0) || cfg.Session.Inbound != p.inbound {
			t.Errorf("%s: %+v", p.name, cfg.Session)
		}
	}
	cfg := Config{Localnet: true}
	cfg.fill()
	for _, a := range cfg.Listen.LibP2P {
		if !strings.HasPrefix(a, "/ip4/127.0.0.1/") {
			t.Errorf("a local node listens on %s", a)
		}
	}
}

// What Validate lets pass a node can be made of.
func TestValidConfigsWork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := func(name string, max int) int { return rapid.IntRange(0, max).Draw(t, name) }
		span := func(name string, max time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(max)).Draw(t, name))
		}
		cfg := memConfig(mem.NewNetwork(), "a")
		cfg.Profile = rapid.SampledFrom([]string{"", "light", "desktop", "server", "seed"}).Draw(t, "profile")
		cfg.Session.Outbound, cfg.Session.Inbound = number("outbound", 129)-1, number("inbound", 4097)-1
		cfg.Session.HeartbeatEvery, cfg.Session.DialTimeout = time.Second+span("heartbeat", 9*time.Minute), time.Second+span("dial", time.Minute)
		cfg.Gossip = GossipConfig{
			Sign: rapid.SampledFrom([]string{"", "strict", "none"}).Draw(t, "sign"),
			D:    number("D", 16), Dlo: number("Dlo", 16), Dhi: number("Dhi", 32), Dlazy: number("Dlazy", 16),
			HeartbeatEvery: 100*time.Millisecond + span("gossip heartbeat", time.Second), FanoutTTL: time.Second + span("fanout", time.Minute), SeenTTL: time.Second + span("seen", time.Minute),
			HistoryLength: number("history", 10), HistoryGossip: number("gossip", 10),
			MessageBytes: 1024 + number("message", 1<<20-1024), SeenBytes: 1<<20 + number("seen bytes", 8<<20),
			Version: rapid.SampledFrom([]string{"", "floodsub", "1.0", "1.1", "1.2", "1.3"}).Draw(t, "version"),
			Dscore:  number("Dscore", 8) - 1, Dout: number("Dout", 8) - 1, PrunePeers: number("prune peers", 16), GossipRetransmission: number("retransmission", 64),
			GossipFactor: rapid.Float64Range(0, 1).Draw(t, "factor"), IWantFollowup: 10*time.Millisecond + span("followup", time.Second),
			NoMesh: rapid.Bool().Draw(t, "no mesh"), NoScore: rapid.Bool().Draw(t, "no score"), NoGater: rapid.Bool().Draw(t, "no gater"),
			IDontWantBytes: number("idontwant", 1<<20), MaxIHaveLength: number("ihave", 32768), CacheBytes: 1<<20 + number("cache bytes", 8<<20),
		}
		cfg.Chat.Lines = number("lines", 1_000_000)
		cfg.Chat.Rooms = rapid.SliceOfN(rapid.StringN(1, 10, 70), 0, 1).Draw(t, "rooms")
		if cfg.Validate() != nil {
			return
		}
		n, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
