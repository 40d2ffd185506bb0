package libp2p

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// suite runs linktest over one sort of address.
func suite(t *testing.T, listen, nobody string, reasonsLost bool) {
	linktest.Run(t, func(t *testing.T) linktest.Pair {
		return linktest.Pair{
			Make: func(key *id.Key, protocols []link.Protocol) linktest.Transport {
				tr, err := New(Config{Key: key, Protocols: protocols, Listen: []link.Addr{link.MustAddr(listen)}, Localnet: true})
				if err != nil {
					t.Fatal(err)
				}
				return tr
			},
			ReasonsLost: reasonsLost,
			Nobody:      link.MustAddr(nobody).WithPeer(linktest.Key("nobody").Public().PeerID()),
		}
	})
}

func TestLinkTCP(t *testing.T) {
	suite(t, "/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/1", false)
}

func TestLinkQUIC(t *testing.T) {
	suite(t, "/ip4/127.0.0.1/udp/0/quic-v1", "/ip4/127.0.0.1/udp/1/quic-v1", false)
}
