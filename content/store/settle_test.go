//go:build !nopebble

package store

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// TestSettled: what peers sent is on disk once it was settled, in the log alone. A table
// for so little would be merged with all that is there.
func TestSettled(t *testing.T) {
	mem := vfs.NewCrashableMem()
	c := small(mem)
	c.Disk.Memory = 32 << 20
	s := opened(t, "/content", c).(*onDisk)
	defer s.Close()
	const puts = 50
	items := make([]content.Item, puts)
	before := s.cache.db.Metrics().Flush.Count
	for i := range items {
		items[i] = itemAt(point(uint32(i)<<20), 500, content.Cache)
		do(t, s, content.Ask{Verb: content.Put, Item: items[i]})
		s.cache.settle()
	}
	if now := s.cache.db.Metrics().Flush.Count; now != before {
		t.Errorf("%d tables were written for %d puts", now-before, puts)
	}
	c.Disk.fs = mem.CrashClone(vfs.CrashCloneCfg{RNG: rand.New(rand.NewPCG(1, 2))})
	after := opened(t, "/content", c)
	defer after.Close()
	for i, item := range items {
		if out := ask(after, content.Ask{Verb: content.Get, IDs: []id.ID{item.ID}}); out.Err != nil {
			t.Errorf("item %d of what was settled: %v", i, out.Err)
		}
	}
	checkCounts(t, after, "blob")
}
