package node

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/score"
)

// privateNets are the addresses that many honest nodes share when they are tried out
// on one machine or in one house: RFC 1918 and 6598, link-local and unique local.
var privateNets = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("fc00::/7"),
}

// scoring is how a node scores its peers unless it is told otherwise; see
// docs/decisions/0015. In a local network no address counts against a peer for
// being shared, beside loopback, which never does.
func (c Config) scoring() *score.Config {
	if c.Gossip.Score != nil || c.Unscored {
		return c.Gossip.Score
	}
	s := score.DefaultConfig()
	// A message is judged by its copies for as long as they are known to be copies.
	s.RecordTTL = min(max(s.RecordTTL, c.Gossip.Params.SeenTTL), 24*time.Hour)
	if c.Localnet {
		s.IPColocationAllow = privateNets
	}
	return &s
}
