package generic

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/ropewalk/ropewalk/content"
)

// Keys and IDs of the legacy networks' own vectors (portal-network-specs,
// legacy/history/history-network-test-vectors.md and legacy/state/…).
func TestVectors(t *testing.T) {
	const hash = "d1c390624d3bd4e409a61a858e5dcc5517729a9170d014a6c96530d64dd8621d"
	for _, c := range []struct{ key, want string }{
		{"00" + hash, "3e86b3767b57402ea72e369ae0496ce47cc15be685bec3b4726b9f316e3895fe"},
		{"01" + hash, "ebe414854629d60c58ddd5bf60fd72e41760a5f7a463fdcb169f13ee4a26786b"},
		{"02" + hash, "a888f4aafe9109d495ac4d4774a6277c1ada42035e3da5e10a04cc93247c04a4"},
		{"034e61bc0000000000", "2113990747a85ab39785d21342fa5db1f68acc0011605c0c73f68fc331643dcf"},
		{"20240000006225fcc63b22b80301d9f2582014e450e91f9b329b7cc87ad16894722fff5296008679e8ed",
			"e9d3cd4020b96d4c9222854f541eac0db76335c22bc3d1ea002f0a9ddcad7bf8"},
	} {
		key, err := hex.DecodeString(c.key)
		if err != nil {
			t.Fatal(err)
		}
		if at, err := ID(key); err != nil || hex.EncodeToString(at[:]) != c.want {
			t.Errorf("%s: %s, %v", c.key, at, err)
		}
	}
}

func TestNetworks(t *testing.T) {
	for _, n := range []content.Network{NewHistory(nil), NewState(nil), NewBeacon(nil)} {
		if n.Check != nil {
			t.Errorf("%s can judge without being told how", n.Name)
		}
		if len(n.Protocol) != 2 || n.Protocol[0] != 0x50 {
			t.Errorf("%s: protocol %x", n.Name, n.Protocol)
		}
		for _, bad := range [][]byte{nil, {}, make([]byte, content.KeyMaxDefault+1)} {
			if _, err := n.ID(bad); !errors.Is(err, content.ErrKey) {
				t.Errorf("%s: a key of %d bytes: %v", n.Name, len(bad), err)
			}
		}
	}
	if n := NewBeacon(nil); !n.Radiusless || n.Gossip != content.Random {
		t.Error("beacon content has no place on the ring")
	}
	said := errors.New("said")
	if n := New("x", "x", func(k, v []byte) error { return said }); n.Check(nil, nil) != said {
		t.Error("the check that was given is not asked")
	}
}
