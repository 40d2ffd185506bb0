package libp2p

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// Two nodes never share a port, though libp2p lets TCP listeners do so where it
// dials from their port.
func TestListenSharesNoPort(t *testing.T) {
	for _, addr := range []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"} {
		made := func(name string, listen link.Addr) *Transport {
			tr, err := New(Config{Key: linktest.Key(name), Protocols: linktest.Protocols(), Listen: []link.Addr{listen}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = tr.Close() })
			return tr
		}
		first := made("first", link.MustAddr(addr))
		if err := first.Listen(); err != nil {
			t.Fatal(err)
		}
		taken := first.Addrs()[0].Bare()
		err := made("second", taken).Listen()
		var le *link.ListenError
		if !errors.As(err, &le) || le.Addr != taken || !strings.Contains(err.Error(), syscall.EADDRINUSE.Error()) {
			t.Errorf("listen on %s: %v, want that it is in use", taken, err)
		}
	}
}
