package libp2p

import (
	"math"
	"net/netip"

	"github.com/libp2p/go-libp2p/core/network"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/x/rate"
)

// windowBytesMin is what yamux reserves for each stream from the start
// (yamux specification, "Flow Control": the initial window is 256 KiB).
const windowBytesMin = 256 << 10

// newResources makes libp2p's resource manager from our limits.
func newResources(c *Config) (network.ResourceManager, error) {
	l := c.Limits
	links := l.Inbound + l.Outbound
	streams := links * (2*len(c.Protocols) + 8)
	// Windows are reserved whether they are used or not: never refuse our own lanes
	// because a profile's figure counts used memory.
	memory := max(l.MemoryBytes, int64(streams)*windowBytesMin+(32<<20))
	limit := func(n int) rcmgr.LimitVal { return rcmgr.LimitVal(n) }
	partial := rcmgr.PartialLimitConfig{
		System: rcmgr.ResourceLimits{
			Conns: limit(l.Conns), ConnsInbound: limit(l.Inbound + 2*pendingMax + strayConns), ConnsOutbound: limit(l.Outbound + pendingMax + strayConns),
			Streams: limit(2*streams + 1024), StreamsInbound: limit(streams + 512), StreamsOutbound: limit(streams + 512),
			FD: limit(l.Files), Memory: rcmgr.LimitVal64(memory),
		},
		// Above the gate's pendingMax, so that the gate drops the oldest before the
		// resource manager refuses the newest.
		Transient: rcmgr.ResourceLimits{
			Conns: limit(3 * pendingMax), ConnsInbound: limit(2 * pendingMax), ConnsOutbound: limit(pendingMax),
			Streams: 1024, StreamsInbound: 512, StreamsOutbound: 512,
			FD: limit(min(l.Files, 3*pendingMax)), Memory: 64 << 20,
		},
		PeerDefault: rcmgr.ResourceLimits{
			Conns: 8, ConnsInbound: 4, ConnsOutbound: 4, FD: 8,
			Streams: 2 * incomingStreamsMax, StreamsInbound: incomingStreamsMax, StreamsOutbound: incomingStreamsMax,
			Memory: 64 << 20,
		},
		Conn: rcmgr.ResourceLimits{
			Conns: 1, ConnsInbound: 1, ConnsOutbound: 1, FD: 1, Memory: 64 << 20,
		},
		ProtocolDefault: rcmgr.ResourceLimits{
			Streams: limit(8*links + 256), StreamsInbound: limit(4*links + 128), StreamsOutbound: limit(4*links + 128), Memory: rcmgr.LimitVal64(memory),
		},
		// Eight per protocol and peer would do; twice that leaves room for two
		// connections of one peer.
		ProtocolPeerDefault: rcmgr.ResourceLimits{Streams: 32, StreamsInbound: 16, StreamsOutbound: 16, Memory: 64 << 20},
	}
	concrete := partial.Build(rcmgr.DefaultLimits.Scale(memory, l.Files))
	local4, local6 := localPrefixes(c.Localnet)
	opts := []rcmgr.Option{
		rcmgr.WithLimitPerSubnet(
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 32, ConnCount: l.PerIP}, {PrefixLength: 24, ConnCount: 2 * l.PerIP}},
			[]rcmgr.ConnLimitPerSubnet{{PrefixLength: 56, ConnCount: l.PerIP}, {PrefixLength: 48, ConnCount: 8 * l.PerIP}},
		),
		rcmgr.WithNetworkPrefixLimit(unlimited(local4), unlimited(local6)),
		rcmgr.WithConnRateLimiters(connRates(append(local4, local6...))),
	}
	if c.Registry == nil {
		opts = append(opts, rcmgr.WithMetricsDisabled())
	} else {
		rcmgr.MustRegisterWith(c.Registry)
		reporter, err := rcmgr.NewStatsTraceReporter()
		if err != nil {
			return nil, err
		}
		opts = append(opts, rcmgr.WithTraceReporter(reporter))
	}
	return rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(concrete), opts...)
}

// localPrefixes are the addresses that no per-address limit counts: loopback, and
// private ones when the network is local.
func localPrefixes(localnet bool) (v4, v6 []netip.Prefix) {
	v4 = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	v6 = []netip.Prefix{netip.MustParsePrefix("::1/128")}
	if localnet {
		for _, p := range []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} {
			v4 = append(v4, netip.MustParsePrefix(p))
		}
		for _, p := range []string{"fc00::/7", "fe80::/10"} {
			v6 = append(v6, netip.MustParsePrefix(p))
		}
	}
	return v4, v6
}

func unlimited(prefixes []netip.Prefix) []rcmgr.NetworkPrefixLimit {
	out := make([]rcmgr.NetworkPrefixLimit, 0, len(prefixes))
	for _, p := range prefixes {
		out = append(out, rcmgr.NetworkPrefixLimit{Network: p, ConnCount: math.MaxInt})
	}
	return out
}

// connRates bounds new connections per address: 0.2 per second, burst 8.
func connRates(exempt []netip.Prefix) *rate.Limiter {
	r := &rate.Limiter{SubnetRateLimiter: rate.SubnetLimiter{
		IPv4SubnetLimits: []rate.SubnetLimit{{PrefixLength: 32, Limit: rate.Limit{RPS: 0.2, Burst: 8}}},
		IPv6SubnetLimits: []rate.SubnetLimit{{PrefixLength: 56, Limit: rate.Limit{RPS: 0.2, Burst: 8}}},
		GracePeriod:      setupTimeout,
	}}
	for _, p := range exempt {
		r.NetworkPrefixLimits = append(r.NetworkPrefixLimits, rate.PrefixLimit{Prefix: p}) // no rate: unlimited
	}
	return r
}

// Pending is how many inbound connections have no proven remote yet, and the most that
// may.
func (t *Transport) Pending() (now, most int) {
	if state, ok := t.stack.resources.(rcmgr.ResourceManagerState); ok {
		now = state.Stat().Transient.NumConnsInbound
	}
	return now, 2 * pendingMax
}
