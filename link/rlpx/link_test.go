package rlpx

import (
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// suite runs linktest over one family of addresses.
func suite(t *testing.T, listen netip.AddrPort) {
	nobody, err := linktest.Key("nobody").Public().Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	linktest.Run(t, func(t *testing.T) linktest.Pair {
		return linktest.Pair{
			Make: func(key *id.Key, protocols []link.Protocol) linktest.Transport {
				tr, err := New(Config{Key: key, Protocols: protocols, Listen: []netip.AddrPort{listen}})
				if err != nil {
					t.Fatal(err)
				}
				tr.linger = 200 * time.Millisecond // nobody reads any more at the end of most tests
				return tr
			},
			Nobody:      link.Enode(nobody, id.ID(keccak256(nobody[:])), netip.AddrPortFrom(listen.Addr(), 1)),
			NoHalfClose: true,
		}
	})
}

func TestLink(t *testing.T)   { suite(t, netip.MustParseAddrPort("127.0.0.1:0")) }
func TestLinkV6(t *testing.T) { suite(t, netip.MustParseAddrPort("[::1]:0")) }
