//go:build !nopebble

package store

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// TestFilter compares a filter with a map: what is there is never denied, whatever came,
// went, and doubled; and little else is said to be there.
func TestFilter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFilter(rapid.IntRange(0, 2000).Draw(t, "expected"), 64<<10)
		f.buckets = f.buckets[:1<<rapid.IntRange(0, 6).Draw(t, "size")]
		for f.base = 0; 1<<f.base < len(f.buckets); f.base++ {
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		there := map[uint64]bool{}
		key := func(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
		for range rapid.IntRange(0, 20000).Draw(t, "steps") {
			n := rng.Uint64N(30000)
			switch {
			case !there[n]:
				f.add(key(n))
				there[n] = true
			case rng.IntN(3) == 0:
				f.remove(key(n))
				delete(there, n)
			}
		}
		for n := range there {
			if !f.has(key(n)) {
				t.Fatalf("%d of %d is denied, base %d, %d buckets", n, len(there), f.base, len(f.buckets))
			}
		}
		if !f.isFull() && f.n != len(there) {
			t.Fatalf("%d keys, counted %d", len(there), f.n)
		}
	})
}

// TestFilterMostlyKnows: beside a hundred thousand keys, few others are said to be there,
// though the filter began small.
func TestFilterMostlyKnows(t *testing.T) {
	f := newFilter(0, 8<<20)
	for n := range uint64(500_000) {
		f.add(binary.BigEndian.AppendUint64(nil, n))
	}
	wrong := 0
	for n := range uint64(100_000) {
		if f.has(binary.BigEndian.AppendUint64(nil, n|1<<40)) {
			wrong++
		}
	}
	if wrong > 1000 {
		t.Errorf("%d of 100,000 that are not there", wrong)
	}
	small := newFilter(0, 16<<10)
	for n := range uint64(20_000) {
		small.add(binary.BigEndian.AppendUint64(nil, n))
	}
	if !small.isFull() || !small.has([]byte("x")) {
		t.Error("a filter without room denies something")
	}
}

// TestFilterLearns: a store with many items is opened again; while its filter learns them
// step by step items are put anew, dropped and added, and the counts stay right.
func TestFilterLearns(t *testing.T) {
	const items = countedMax + 1000
	fs := vfs.NewMem()
	c := Config{Networks: []content.Network{blobs}, Disk: Disk{fs: fs, Memory: 16 << 20, FreeMin: -1, FreePart: -1, Ballast: -1}}
	s := opened(t, "/content", c)
	place := func(n uint32) id.ID { return point(n * 2654435761) }
	for n := range uint32(items) {
		put(t, s, itemAt(place(n), 10, content.Cache))
	}
	s.Close()
	s = opened(t, "/content", c)
	defer s.Close()
	d := s.(*onDisk).cache
	if k := d.known.Load(); k == nil || len(k.partial) != 1 {
		t.Fatal("all is known at once")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	there := map[uint32]bool{}
	for n := range uint32(items) {
		there[n] = true
	}
	for more := true; more; {
		for range 100 {
			n := rng.Uint32N(items + 2000)
			if rng.IntN(4) == 0 {
				do(t, s, content.Ask{Verb: content.Drop, IDs: []id.ID{place(n)}})
				delete(there, n)
			} else {
				put(t, s, itemAt(place(n), 10+rng.IntN(10), content.Cache))
				there[n] = true
			}
		}
		err := s.(*onDisk).keeper.cache.do(&wish{run: func() (err error) {
			more, err = d.learn(learnKeys)
			return err
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if k := d.known.Load(); k.n != len(there) {
		t.Errorf("%d keys are known, %d are there", k.n, len(there))
	}
	for n := range uint32(items + 2000) {
		if has(t, s, place(n))[0] != there[n] {
			t.Fatalf("item %d", n)
		}
	}
	checkCounts(t, s, "blob")
}
