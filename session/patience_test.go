package session

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
)

// A probe, and an outbound slot, give a host the time that its way takes: one that answers
// through Tor after fifty seconds is proven, and not forgotten as dead after twenty.
func TestTrap31ProbesHaveTheTimeOfTheWay(t *testing.T) {
	const onion = "/onion3/pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd:4001"
	ways := link.Routes{Proxy: true}
	for _, c := range []struct {
		name     string
		outbound int
		want     hosts.Colour
	}{{"probe", -1, hosts.White}, {"slot", 1, hosts.Gold}} {
		w := newNetwork(t)
		w.lag = 50 * time.Second
		far := w.join("8.100.1.1", Config{Outbound: -1, RefineEvery: -1})
		cfg := Config{Outbound: c.outbound, RefineEvery: -1, DialFor: func(a link.Addr) time.Duration { return ways.Timeouts(a).Dial + 5*time.Second }}
		if c.outbound < 0 {
			cfg.RefineEvery = time.Second
		}
		me := w.join("8.200.1.1", cfg)
		if err := me.book.HearAddr(w.now, "s", link.MustAddr(onion).WithPeer(far.key.Public().PeerID())); err != nil {
			t.Fatal(err)
		}
		far.k.Start(w.now)
		me.k.Start(w.now)
		w.run(65 * time.Second)
		if h, _ := me.book.Get(far.key.ID()); h.Colour != c.want || h.Fails != 0 {
			t.Errorf("%s: the host is %s after %d failures, want %s\n%v", c.name, h.Colour, h.Fails, c.want, me.log)
		}
		if n := len(me.dials); n != 1 {
			t.Errorf("%s: %d dials", c.name, n)
		}
	}
}
