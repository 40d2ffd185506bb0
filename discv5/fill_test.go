package discv5

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// A node that knows only one, and is so near to it that its search for itself finds
// nobody else there, hears of the others all the same.
func TestFillBesideBootnode(t *testing.T) {
	w := newWorld(t, 9)
	boot := w.add(0, loopback(0))
	knows := func(c *Config) { c.Bootnodes = append(c.Bootnodes, boot.cfg.Record) }
	beside := 0
	var distance int
	for n := 1; beside == 0 || n <= 30; n++ {
		d := id.LogDistance(boot.key.ID(), testKey(n+1).ID())
		switch {
		case d < 248 && beside == 0:
			beside, distance = n, d
		case d > 250 && len(w.all) < 30:
			w.add(n, loopback(n), knows)
		}
	}
	w.run(10 * time.Second)
	for seed := range byte(5) {
		m := w.add(beside, loopback(beside), knows, func(c *Config) { c.Seed[9] = seed })
		w.run(8 * time.Second)
		if n := m.table.Live(); n < fillBelow {
			t.Errorf("%d live nodes, at distance %d of the node it knows", n, distance)
		}
		m.down = true
		m.take(m.Stop(w.now))
	}
}
