//go:build !nopebble

package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ropewalk/ropewalk/content"
)

// space watches how much of the disk is free, and holds the ballast.
type space struct {
	fs   vfs.FS
	dir  string
	c    Disk
	tell func(Notice)

	free, floor atomic.Int64
	low         atomic.Bool
}

// look measures the disk, and gives the ballast up or takes it back.
func (s *space) look() error {
	u, err := s.fs.GetDiskUsage(s.dir)
	if errors.Is(err, vfs.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	floor := max(0, s.c.FreeMin)
	if s.c.FreePart > 0 {
		floor = max(floor, int64(s.c.FreePart*float64(u.TotalBytes)))
	}
	free := int64(u.AvailBytes)
	s.free.Store(free)
	s.floor.Store(floor)
	if low := free < floor; low != s.low.Swap(low) {
		if low {
			s.tell(Notice{Kind: "full", Text: "the disk is nearly full; nothing is taken until there is room", Err: s.refusal()})
		} else {
			s.tell(Notice{Kind: "well", Text: "the disk has room again"})
		}
	}
	switch {
	case s.c.Ballast < 0:
	case free < s.c.Ballast/2:
		s.drop()
	case free > floor+2*s.c.Ballast:
		s.take()
	}
	return nil
}

// refusal is the reason for which nothing is taken, or nil.
func (s *space) refusal() error {
	if !s.low.Load() {
		return nil
	}
	return fmt.Errorf("%w: %d MiB of the disk are free, %d stay so", content.ErrFull, s.free.Load()>>20, s.floor.Load()>>20)
}

// take makes the ballast, if it is not there. A disk that cannot is none the worse.
func (s *space) take() {
	name := filepath.Join(s.dir, ballastName)
	if _, err := s.fs.Stat(name); err == nil {
		return
	}
	f, err := s.fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		return
	}
	err = f.Preallocate(0, s.c.Ballast)
	if errors.Join(err, f.Close()) != nil {
		s.drop()
	}
}

// drop gives the ballast up.
func (s *space) drop() {
	if err := s.fs.Remove(filepath.Join(s.dir, ballastName)); err == nil || errors.Is(err, os.ErrNotExist) {
		return
	}
}
