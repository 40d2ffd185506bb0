//go:build !nopebble

package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// thorough has the tests of faults try every place, not one in some: minutes.
var thorough = flag.Bool("thorough", false, "faults at every place; takes minutes")

// small is a store of tests on a file system of theirs.
func small(fs vfs.FS) Config {
	return Config{Networks: []content.Network{blobs}, Capacity: 4 << 20,
		Disk: Disk{fs: fs, Memory: 2 << 20, FreeMin: -1, FreePart: -1, Ballast: -1}}
}

// valueOf is what the nth put writes: nobody could mistake it for another's.
func valueOf(n uint32) []byte {
	v := make([]byte, 200+n%7*1500)
	r := rand.New(rand.NewPCG(uint64(n), 1))
	for i := 0; i+8 <= len(v); i += 8 {
		binary.LittleEndian.PutUint64(v[i:], r.Uint64())
	}
	return v
}

// putNth puts the nth item; every second one is the user's.
func putNth(s Store, n uint32) error {
	p := point(n * 2654435761)
	return ask(s, content.Ask{Verb: content.Put, Item: content.Item{ID: p, Key: keyOf(p), Value: valueOf(n), Class: content.Class(n % 2)}}).Err
}

// checkNth compares the nth item with what was put; one that was acknowledged and is the
// user's has to be there.
func checkNth(t *testing.T, s Store, n uint32, acked bool) {
	t.Helper()
	p := point(n * 2654435761)
	out := ask(s, content.Ask{Verb: content.Get, IDs: []id.ID{p}})
	switch {
	case out.Err == nil && (!bytes.Equal(out.Item.Value, valueOf(n)) || !bytes.Equal(out.Item.Key, keyOf(p))):
		t.Fatalf("item %d is not what was put", n)
	case out.Err != nil && acked && n%2 == 1:
		t.Fatalf("item %d was acknowledged: %v", n, out.Err)
	case out.Err != nil && !errors.Is(out.Err, content.ErrNotFound):
		t.Fatalf("item %d: %v", n, out.Err)
	}
}

// noReuse makes a new file where an old one would be used again: in memory that would
// wait for itself while a picture is taken.
type noReuse struct{ vfs.FS }

func (f noReuse) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.Remove(from); err != nil {
		return nil, err
	}
	return f.Create(to, c)
}

// TestCrashAtEverySync takes a picture of the disk at each sync, as a power cut would
// leave it: what was synced, and a chance part of what was not (D1). Whatever the user put
// and was acknowledged by then is there, and nothing is wrong.
func TestCrashAtEverySync(t *testing.T) {
	mem := vfs.NewCrashableMem()
	var mu sync.Mutex
	type picture struct {
		fs    *vfs.MemFS
		acked uint32
	}
	var pictures []picture
	acked := uint32(0)
	rng := rand.New(rand.NewPCG(1, 2))
	fs := errorfs.Wrap(noReuse{mem}, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData || op.Kind == errorfs.OpRename {
			mu.Lock()
			defer mu.Unlock()
			pictures = append(pictures, picture{mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng}), acked})
		}
		return nil
	}))
	s := opened(t, "/content", small(fs))
	puts := uint32(400)
	if !*thorough {
		puts = 150
	}
	for n := range puts {
		if err := putNth(s, n); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		acked = n + 1
		mu.Unlock()
		if n%50 == 49 {
			s.(*onDisk).cache.settle()
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i, p := range pictures {
		s, err := Open("/content", small(p.fs))
		if err != nil {
			t.Fatalf("picture %d of %d: %v", i, len(pictures), err)
		}
		for n := range puts {
			checkNth(t, s, n, n < p.acked)
		}
		checkCounts(t, s, "blob")
		if err := putNth(s, puts+1); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatalf("picture %d: close: %v", i, err)
		}
	}
	t.Logf("%d crashes", len(pictures))
}

// TestEveryOperationFails has each operation that writes fail in turn, once or for good
// (D2, D3). The process lives, what was acknowledged is there afterwards, and reads go on.
func TestEveryOperationFails(t *testing.T) {
	const puts = 40
	for _, how := range []struct {
		name    string
		err     error
		forGood bool
	}{
		{"full for good", syscall.ENOSPC, true}, {"full once", syscall.ENOSPC, false},
		{"broken for good", syscall.EIO, true}, {"broken once", syscall.EIO, false},
	} {
		t.Run(how.name, func(t *testing.T) {
			step := 1
			if !*thorough {
				step = 13
			}
			for at := 0; ; at += step {
				if done := failAt(t, at, puts, how.err, how.forGood); done {
					t.Logf("%d operations", at)
					return
				}
			}
		})
	}
}

// failAt runs a store whose nth writing operation fails, and then what the disk has.
func failAt(t *testing.T, at int, puts uint32, fault error, forGood bool) (done bool) {
	mem := vfs.NewMem()
	var mu sync.Mutex
	n := 0
	fs := errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsRead || strings.HasSuffix(op.Path, lockName) {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		n++
		if n == at+1 || forGood && n > at {
			return fault
		}
		return nil
	}))
	acked := make([]bool, puts)
	if s, err := Open("/content", small(fs)); err == nil {
		for i := range puts {
			acked[i] = putNth(s, i) == nil
			if i%16 == 15 {
				s.(*onDisk).cache.settle()
			}
		}
		for i := range puts {
			if acked[i] {
				checkNth(t, s, i, true)
			}
		}
		_ = s.Close() // may say what failed
	}
	mu.Lock()
	done = n <= at
	n = -1 << 30 // well again
	mu.Unlock()
	s, err := Open("/content", small(mem))
	if err != nil {
		t.Fatalf("operation %d: %v", at, err)
	}
	for i := range puts {
		checkNth(t, s, i, acked[i])
	}
	checkCounts(t, s, "blob")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return done
}

// TestRottenFiles turns bytes in every file of a store's folder (D4). A cache is set
// aside at worst; the user's is there, or said to be damaged; nothing is wrong.
func TestRottenFiles(t *testing.T) {
	const puts = 60
	mem := vfs.NewMem()
	s := opened(t, "/content", small(mem))
	for n := range uint32(puts) {
		if err := putNth(s, n); err != nil {
			t.Fatal(err)
		}
		if n == puts/2 {
			for _, d := range []*disk{s.(*onDisk).cache, s.(*onDisk).durable} {
				if err := d.db.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	s.Close()
	every := 512
	if !*thorough {
		every = 16384
	}
	said := map[string]int{}
	for _, name := range filesBelow(t, mem, "/content") {
		size := fileSize(t, mem, name)
		for at := 0; at < size; at += every {
			copied := vfs.NewMem()
			if _, err := vfs.Clone(mem, copied, "/content", "/content", vfs.CloneSync); err != nil {
				t.Fatal(err)
			}
			flip(t, copied, name, int64(min(at+rand.IntN(every), size-1)))
			said[readRotten(t, copied, name, puts)]++
		}
	}
	t.Log(said)
}

func readRotten(t *testing.T, fs vfs.FS, name string, puts uint32) string {
	s, err := Open("/content", small(fs))
	switch {
	case errors.Is(err, ErrDamaged), errors.Is(err, ErrForeign) && strings.HasSuffix(name, versionName):
		return "refused"
	case err != nil:
		t.Fatalf("%s: %v", name, err)
	}
	defer s.Close()
	verdict := "whole"
	for n := range puts {
		p := point(n * 2654435761)
		out := ask(s, content.Ask{Verb: content.Get, IDs: []id.ID{p}})
		switch {
		case out.Err == nil && !bytes.Equal(out.Item.Value, valueOf(n)):
			t.Fatalf("%s: item %d is wrong", name, n)
		case out.Err != nil && n%2 == 1 && !errors.Is(out.Err, ErrDamaged):
			t.Fatalf("%s: item %d is gone and nobody says so: %v", name, n, out.Err)
		case out.Err != nil:
			verdict = "lost"
		}
	}
	if st := s.Stats(); st.Damaged != nil || st.Quarantined > 0 {
		verdict = "damage seen"
	}
	return verdict
}

func filesBelow(t *testing.T, fs vfs.FS, dir string) (names []string) {
	t.Helper()
	list, err := fs.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		path := fs.PathJoin(dir, name)
		if st, err := fs.Stat(path); err == nil && st.IsDir() {
			names = append(names, filesBelow(t, fs, path)...)
		} else {
			names = append(names, path)
		}
	}
	return names
}

func fileSize(t *testing.T, fs vfs.FS, name string) int {
	t.Helper()
	st, err := fs.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return int(st.Size())
}

// flip turns the bits of one byte.
func flip(t *testing.T, fs vfs.FS, name string, at int64) {
	t.Helper()
	f, err := fs.OpenReadWrite(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	if _, err := f.ReadAt(b[:], at); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	b[0] ^= 0xff
	if _, err := f.WriteAt(b[:], at); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
