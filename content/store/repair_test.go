//go:build !nopebble

package store

import (
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// TestRepair turns a byte in each file of what the user put; after a repair the store
// opens, what is in it is right, and most of it is there.
func TestRepair(t *testing.T) {
	const puts = 120
	mem := vfs.NewMem()
	s := opened(t, "/content", small(mem))
	for n := range uint32(puts) {
		if err := putNth(s, n); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	for _, name := range filesBelow(t, mem, "/content/durable") {
		fs := vfs.NewMem()
		if _, err := vfs.Clone(mem, fs, "/content", "/content", vfs.CloneSync); err != nil {
			t.Fatal(err)
		}
		if size := fileSize(t, fs, name); size > 0 {
			flip(t, fs, name, int64(size/2))
		}
		r, err := Repair("/content", small(fs))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s := opened(t, "/content", small(fs))
		kept := 0
		for n := uint32(1); n < puts; n += 2 {
			p := point(n * 2654435761)
			out := ask(s, content.Ask{Verb: content.Get, IDs: []id.ID{p}})
			if out.Err == nil {
				checkNth(t, s, n, true)
				kept++
			} else if !errors.Is(out.Err, content.ErrNotFound) {
				t.Fatal(out.Err)
			}
		}
		checkCounts(t, s, "blob")
		if int64(kept) != r.Items || kept < puts/2 && r.Gaps == 0 {
			t.Errorf("%s: %d items kept, the repair says %+v", name, kept, r)
		}
		if strings.HasSuffix(name, ".sst") && kept == 0 {
			t.Errorf("%s: one byte cost all", name)
		}
		s.Close()
	}
}
