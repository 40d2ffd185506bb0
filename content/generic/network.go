package generic

import (
	"crypto/sha256"
	"fmt"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// Names and protocol IDs of Portal's legacy networks (portal-wire-protocol.md, "Protocol
// identifiers").
const (
	StateName     = "state"
	State         = "\x50\x0a"
	HistoryName   = "legacyHistory"
	LegacyHistory = "\x50\x0b"
	BeaconName    = "beacon"
	Beacon        = "\x50\x0c"
)

// New is a network of opaque content. Check may be nil.
func New(name, protocol string, check func(key, value []byte) error) content.Network {
	return content.Network{Name: name, Protocol: protocol, ID: ID, Check: check}
}

// NewHistory, NewState and NewBeacon are the legacy networks. A beacon network has no
// radius, and what is new goes to anybody.
func NewHistory(check func(key, value []byte) error) content.Network {
	return New(HistoryName, LegacyHistory, check)
}

func NewState(check func(key, value []byte) error) content.Network {
	return New(StateName, State, check)
}

func NewBeacon(check func(key, value []byte) error) content.Network {
	n := New(BeaconName, Beacon, check)
	n.Radiusless, n.Gossip = true, content.Random
	return n
}

// ID is where a key belongs. A key has 1 to 2,048 bytes (content.ErrKey).
func ID(key []byte) (id.ID, error) {
	if len(key) == 0 || len(key) > content.KeyMaxDefault {
		return id.ID{}, fmt.Errorf("%w: %d bytes, want 1 to %d", content.ErrKey, len(key), content.KeyMaxDefault)
	}
	return sha256.Sum256(key), nil
}
