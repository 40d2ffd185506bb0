//go:build !nopebble

package store

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/ropewalk/ropewalk/content"
)

// heard are the notices of a store.
type heard chan Notice

func (h heard) tell(n Notice) {
	select {
	case h <- n:
	default: // nobody counts so many
	}
}

// await waits for a notice of a kind.
func (h heard) await(t *testing.T, kind string) (n Notice) {
	t.Helper()
	h.until(t, func() bool { return n.Kind == kind }, &n)
	return n
}

// until waits for notices, the last of which it keeps, until something holds.
func (h heard) until(t *testing.T, holds func() bool, last *Notice) {
	t.Helper()
	late := time.After(time.Minute)
	for !holds() {
		select {
		case *last = <-h:
		case <-late:
			t.Fatalf("no notice that was waited for; the last is %v", *last)
		}
	}
}

// withSpace is a store on a disk with some free space of 100 GiB, and a function that
// changes that, and has the store look at once.
func withSpace(t *testing.T, free int64, disk Disk) (s *onDisk, told heard, set func(free int64)) {
	t.Helper()
	fs := vfs.NewMem()
	put := func(free int64) {
		fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: uint64(free), TotalBytes: 100 << 30, UsedBytes: 100<<30 - uint64(free)})
	}
	put(free)
	told = make(heard, 100)
	c := small(fs)
	disk.fs, disk.Memory = fs, c.Disk.Memory
	c.Disk, c.Tell = disk, told.tell
	s = opened(t, "/content", c).(*onDisk)
	t.Cleanup(func() { s.Close() })
	return s, told, func(free int64) {
		put(free)
		if err := s.space.look(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFreeSpaceFloor: with less free than the operator wants nothing is taken, what is
// there is given, and with more all is as before (D2).
func TestFreeSpaceFloor(t *testing.T) {
	for name, disk := range map[string]Disk{
		"bytes": {FreeMin: 512 << 20, FreePart: -1, Ballast: -1},
		"part":  {FreeMin: -1, FreePart: 0.005, Ballast: -1}, // of 100 GiB
		"both":  {FreeMin: 512 << 20, FreePart: 0.001, Ballast: -1},
	} {
		t.Run(name, func(t *testing.T) {
			s, told, set := withSpace(t, 512<<20, disk)
			for n := range uint32(2) {
				if err := putNth(s, n); err != nil {
					t.Fatal(err)
				}
			}
			set(511 << 20)
			if got := told.await(t, "full").Err; !errors.Is(got, content.ErrFull) {
				t.Errorf("the operator hears %v", got)
			}
			for n := uint32(2); n < 4; n++ {
				if err := putNth(s, n); !errors.Is(err, content.ErrFull) {
					t.Errorf("a put of class %d: %v", n%2, err)
				}
			}
			if err := s.Stats().State; !errors.Is(err, content.ErrFull) {
				t.Errorf("state %v", err)
			}
			set(511 << 20) // no news
			set(513 << 20)
			told.await(t, "well")
			for n := range uint32(4) {
				if n >= 2 {
					if err := putNth(s, n); err != nil {
						t.Error(err)
					}
				}
				checkNth(t, s, n, true)
			}
			if err := s.Stats().State; err != nil || len(told) > 0 {
				t.Errorf("state %v, %d notices are left", err, len(told))
			}
		})
	}
}

// TestBallast: a file that holds space is there while the disk has room, is given up when
// it is all but full, and comes back (D2).
func TestBallast(t *testing.T) {
	s, _, set := withSpace(t, 2<<30, Disk{FreeMin: 512 << 20, FreePart: -1, Ballast: 64 << 20})
	there := func(want bool) {
		t.Helper()
		if _, err := s.fs.Stat(filepath.Join(s.dir, ballastName)); (err == nil) != want || err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatalf("ballast: %v", err)
		}
	}
	there(true)
	set(100 << 20) // nothing is taken any more, and the ballast waits for worse
	there(true)
	set(31 << 20)
	there(false)
	set(600 << 20) // as much as it would take again
	there(false)
	set(512<<20 + 129<<20)
	there(true)
}

// TestSlowSyncs: a sync that takes long is told once; while one takes longer still nothing is
// taken, and all is given; afterwards all is as before (D2).
func TestSlowSyncs(t *testing.T) {
	s, told, _ := withSpace(t, 50<<30, Disk{})
	if err := putNth(s, 0); err != nil {
		t.Fatal(err)
	}
	syncs := &s.durable.g.syncs
	for _, c := range []struct {
		running time.Duration
		slow    bool
		want    error
	}{
		{syncSlow - time.Second, false, nil},
		{syncSlow + time.Second, true, nil},
		{syncStuck + time.Second, false, content.ErrReadOnly},
		{0, false, nil},
		{syncStuck + time.Second, true, content.ErrReadOnly},
	} {
		since := time.Now().Add(-c.running)
		syncs.mu.Lock()
		clear(syncs.running)
		if c.running > 0 {
			syncs.running[since] = 1
		}
		syncs.mu.Unlock()
		s.look(time.Now())
		if c.slow {
			told.await(t, "slow")
		}
		for n := range uint32(2) {
			if err := putNth(s, n); !errors.Is(err, c.want) {
				t.Errorf("a sync of %s: a put of class %d: %v, want %v", c.running, n, err, c.want)
			}
		}
		if err := s.Stats().State; !errors.Is(err, c.want) {
			t.Errorf("a sync of %s: state %v", c.running, err)
		}
		checkNth(t, s, 0, true)
	}
	for len(told) > 0 {
		if n := <-told; n.Kind == "slow" {
			t.Errorf("told again: %s", n.Text)
		}
	}
}

// isShut tells whether a shelf's log could not be written.
func isShut(d *disk) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.g.isShut()
}

// TestWritingResumes: the disk is full for a while, and writes fail. Puts are refused,
// and without a restart go on once there is room; nothing the user put is lost (D2).
// Syncs go on, since a file system takes the room when it is written to; one that fails
// is another matter (D3), and some run beside the test.
func TestWritingResumes(t *testing.T) {
	var full atomic.Bool
	fs := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		if !full.Load() || op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		switch op.Kind {
		case errorfs.OpRemove, errorfs.OpFileClose, errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
			return nil
		}
		return syscall.ENOSPC
	}))
	told := make(heard, 1000)
	c := small(fs)
	c.Tell = told.tell
	s := opened(t, "/content", c).(*onDisk)
	defer s.Close()
	for n := range uint32(20) {
		if err := putNth(s, n); err != nil {
			t.Fatal(err)
		}
	}
	for round := range uint32(2) {
		full.Store(true)
		s.cache.settle()
		var last Notice
		told.until(t, func() bool { return isShut(s.cache) }, &last)
		for n := uint32(20); n < 22; n++ {
			if err := putNth(s, n+2*round); !errors.Is(err, content.ErrFull) {
				t.Fatalf("round %d: a put of class %d: %v", round, n%2, err)
			}
		}
		if err := s.Stats().State; !errors.Is(err, content.ErrFull) {
			t.Fatalf("state %v", err)
		}
		for n := range uint32(20) {
			checkNth(t, s, n, true)
		}
		full.Store(false)
		told.until(t, func() bool { return s.Stats().State == nil }, &last)
		for n := uint32(20); n < 22; n++ {
			if err := putNth(s, n+2*round); err != nil {
				t.Fatalf("round %d: with room again, a put of class %d: %v", round, n%2, err)
			}
		}
	}
	if err := s.Stats().State; err != nil {
		t.Errorf("state %v", err)
	}
	for n := range uint32(24) {
		checkNth(t, s, n, true)
	}
	checkCounts(t, s, "blob")
}
