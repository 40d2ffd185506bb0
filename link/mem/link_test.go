package mem_test

import (
	"fmt"
	"testing"

	"go.uber.org/goleak"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/mem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLink(t *testing.T) {
	linktest.Run(t, func(t *testing.T) linktest.Pair {
		network, n := mem.NewNetwork(), 0
		return linktest.Pair{
			Make: func(key *id.Key, protocols []link.Protocol) linktest.Transport {
				n++
				return network.Transport(key, fmt.Sprint("node", n), protocols)
			},
			Nobody: link.MustAddr("/mem/nobody").WithPeer(linktest.Key("nobody").Public().PeerID()),
		}
	})
}
