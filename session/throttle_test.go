package session

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
)

// A kept peer behind an RLPx listener is not dialled twice within its throttle; one in
// a private network is.
func TestKeptPeersHeedTheThrottle(t *testing.T) {
	for ip, throttled := range map[string]bool{"8.1.1.1": true, "10.1.1.1": false} {
		w := newNetwork(t)
		full, err := testKey(900).Public().Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		me := w.join("8.200.1.1", Config{Outbound: -1, Peers: []link.Addr{link.MustAddr(fmt.Sprintf("enode://%x@%s:30303", full, ip))}})
		me.start()
		w.run(10 * time.Minute)
		close := 0
		for i := 1; i < len(me.dials); i++ {
			if me.dials[i].Sub(me.dials[i-1]) < hosts.RLPxEvery {
				close++
			}
		}
		if len(me.dials) < 5 || (close == 0) != throttled {
			t.Errorf("%s: %d dials, %d of them too soon", ip, len(me.dials), close)
		}
	}
}
