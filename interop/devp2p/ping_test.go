package devp2p

import (
	"slices"
	"strings"
	"testing"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// TestPing: what our ping says of go-ethereum's listener: with something in common it
// answers pings, with nothing it says so, with another key in the address nobody is
// there whom we know.
func TestPing(t *testing.T) {
	s := startGeth(t, p2p.Protocol{Name: "ee", Version: 1, Length: 1, Run: hold}, p2p.Protocol{Name: "ee", Version: 2, Length: 1, Run: hold})
	r, err := ropewalk.Ping(rig.Within(t), enodeOf(s), ropewalk.PingOptions{Caps: []string{"ee/2"}})
	if err != nil {
		t.Fatal(err)
	}
	if r.Link != "rlpx" || !strings.HasPrefix(r.Agent, "geth-side") || r.P2P == nil || *r.P2P != 5 || len(r.RTT) != 1 ||
		!slices.Equal(r.Caps, []string{"ee/1", "ee/2"}) || !slices.Equal(r.Shared, []string{"ee/2"}) || r.ID.String() != "0x"+s.Self().ID().String() {
		t.Errorf("%+v", r)
	}

	r, err = ropewalk.Ping(rig.Within(t), enodeOf(s), ropewalk.PingOptions{})
	if err != nil || len(r.Shared) != 0 || !slices.Equal(r.Caps, []string{"ee/1", "ee/2"}) || r.Ended == "" {
		t.Errorf("nothing shared: %+v, %v", r, err)
	}

	other, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	self := s.Self()
	if r, err := ropewalk.Ping(rig.Within(t), enode.NewV4(&other.PublicKey, self.IP(), self.TCP(), 0).URLv4(), ropewalk.PingOptions{}); err == nil {
		t.Errorf("another key: %+v", r)
	} else {
		t.Log(err)
	}
}
