//go:build !nopebble

package store

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// TestLooseTablesAreMerged puts some MiB, which lie in loose tables once they are flushed,
// and has them merged; at last the store is closed while it merges.
func TestLooseTablesAreMerged(t *testing.T) {
	c := Config{Networks: []content.Network{{Name: "loose"}}, Disk: Disk{fs: vfs.NewMem(), Ballast: -1}}
	s := opened(t, "/content", c).(*onDisk)
	const each = 1500
	value := make([]byte, 1024)
	put := func(round int) {
		for i := range each {
			x := id.ID{byte(i), byte(round), byte(i >> 8)}
			if err := s.Do(content.Ask{Network: "loose", Verb: content.Put, Item: content.Item{ID: x, Key: x[:], Value: value}}).Err; err != nil {
				t.Fatal(err)
			}
		}
		if err := s.cache.db.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	for round := range 2 {
		put(round)
		if n := s.cache.db.Metrics().Levels[0].TablesSize; n > 0 && !s.cache.loose() {
			t.Fatalf("%d bytes lie loose, and are not worth merging", n)
		}
		s.cache.merge()
		s.cache.merger.mu.Lock()
		ended := s.cache.merger.ended
		s.cache.merger.mu.Unlock()
		<-ended
		if n := s.cache.db.Metrics().Levels[0].TablesSize; n != 0 {
			t.Errorf("%d bytes lie loose after merging", n)
		}
		if s.cache.loose() {
			t.Error("there is still something to merge")
		}
	}
	put(2)
	s.cache.merge()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = opened(t, "/content", c).(*onDisk)
	defer s.Close()
	for round := range 3 {
		for i := range each {
			x := id.ID{byte(i), byte(round), byte(i >> 8)}
			if err := s.Do(content.Ask{Network: "loose", Verb: content.Get, IDs: []id.ID{x}}).Err; err != nil {
				t.Fatalf("item %d of round %d: %v", i, round, err)
			}
		}
	}
}
