package gossipsub

import (
	"fmt"

	"github.com/ropewalk/ropewalk/link"
)

// version is a version of the protocol, each a superset of the one before. That of
// the stream we write on decides what we send; what we parse never depends on it.
type version uint8

const (
	flood version = iota // subscriptions and messages only
	v10                  // GRAFT, PRUNE, IHAVE, IWANT
	v11                  // backoff and peer exchange in PRUNE
	v12                  // IDONTWANT
	v13                  // Extensions

	versions = iota // how many there are
)

// newest is what a router speaks that is not held to an older version.
const newest = v13

// Stream protocols of the specification, most preferred first.
const (
	Meshsub13 = "/meshsub/1.3.0"
	Meshsub12 = "/meshsub/1.2.0"
	Meshsub11 = "/meshsub/1.1.0"
	Meshsub10 = "/meshsub/1.0.0"
	Floodsub  = "/floodsub/1.0.0"
)

var (
	streamIDs    = [versions]string{flood: Floodsub, v10: Meshsub10, v11: Meshsub11, v12: Meshsub12, v13: Meshsub13}
	versionNames = [versions]string{flood: "floodsub", v10: "1.0", v11: "1.1", v12: "1.2", v13: "1.3"}
)

// Stream is a stream ID beside those of the specification, as private networks have
// them, and the version of the protocol that is spoken on it.
type Stream struct{ ID, Version string }

// streamsMax bounds Config.Streams, our choice: all are offered with every dial.
const streamsMax = 16

// versionNamed reads a version as the configuration writes it; empty is the newest.
func versionNamed(name string) (version, error) {
	if name == "" {
		return newest, nil
	}
	for v, n := range versionNames {
		if n == name {
			return version(v), nil
		}
	}
	return 0, fmt.Errorf("%w: version %q: want floodsub, 1.0, 1.1, 1.2 or 1.3", ErrConfig, name)
}

// Protocol describes the gossip lane of a router with this configuration: its own
// stream IDs, then those of the specification down from the version it is held to.
// The frame limit is the specification's 1 MiB.
func (c Config) Protocol() (link.Protocol, error) {
	out := link.Protocol{Name: "gossip", Version: 1, Length: 1, Bare: true, BytesMax: frameBytesMax}
	own, err := versionNamed(c.Version)
	if err != nil {
		return out, err
	}
	if len(c.Streams) > streamsMax {
		return out, fmt.Errorf("%w: %d Streams: at most %d", ErrConfig, len(c.Streams), streamsMax)
	}
	for i, s := range c.Streams {
		v, err := versionNamed(s.Version)
		switch {
		case err != nil:
			return out, err
		case len(s.ID) < 2 || len(s.ID) > 128 || s.ID[0] != '/' || hasStream(c.Streams[:i], s.ID) || isStandard(s.ID):
			return out, fmt.Errorf("%w: stream %q: want /NAME of at most 128 bytes, once, and none of the specification's", ErrConfig, s.ID)
		}
		if v <= own {
			out.Streams = append(out.Streams, s.ID)
		}
	}
	if !c.StreamsOnly {
		for v := int(own); v >= int(flood); v-- {
			out.Streams = append(out.Streams, streamIDs[v])
		}
	}
	if len(out.Streams) == 0 {
		return out, fmt.Errorf("%w: StreamsOnly, and no stream of version %s or older", ErrConfig, versionNames[own])
	}
	return out, nil
}

// Protocol describes the gossip lane of a router as it is by default.
func Protocol() link.Protocol {
	p, _ := Config{}.Protocol()
	return p
}

func hasStream(streams []Stream, id string) bool {
	for _, s := range streams {
		if s.ID == id {
			return true
		}
	}
	return false
}

func isStandard(id string) bool {
	for _, s := range streamIDs {
		if s == id {
			return true
		}
	}
	return false
}

// versionOf a stream, as far as we speak it. Links that do not negotiate streams
// (RLPx) name none and join only routers of our own kind.
func (r *Router) versionOf(stream string) version {
	for v, s := range streamIDs {
		if s == stream {
			return min(r.version, version(v))
		}
	}
	for _, s := range r.cfg.Streams {
		if s.ID == stream {
			v, _ := versionNamed(s.Version) // New has read it before
			return min(r.version, v)
		}
	}
	return r.version
}

// hold takes out of the configuration what the version it is held to did not know,
// so that an experiment compares with that version and not with ours under its
// name: scores, gater, peer exchange, outbound quota, flood publishing and the
// growing share of gossip targets are of 1.1, and backoffs too (see addBackoff).
func (c *Config) hold(v version) {
	if v >= v11 {
		return
	}
	c.Score, c.Gater = nil, nil
	c.Exchange, c.AcceptExchange = false, false
	c.Params.Dout, c.Params.FloodPublish = -1, new(false)
	c.Params.GossipFactor = gossipFactorNone
}

// gossipFactorNone leaves Dlazy as the only measure of gossip, as in 1.0.
const gossipFactorNone = 1e-9
