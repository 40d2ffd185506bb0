//go:build !nopebble

package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ropewalk/ropewalk/id"
)

// filesystem is what a store on disk stands on.
type filesystem = vfs.FS

var realFiles filesystem = vfs.Default

// schema is the version of keys and records. A store of another version is refused.
const schema = 1

// Names in a store's folder.
const (
	versionName    = "VERSION"
	lockName       = "LOCK"
	ballastName    = "BALLAST"
	cacheName      = "cache"
	durableName    = "durable"
	quarantineName = "cache.bad"
	freshSuffix    = ".new" // of what is not whole yet
)

// Open opens a store in a folder, and makes it if there is none. What the user put and the
// disk has lost is an error that wraps ErrDamaged; a cache that cannot be read is set
// aside, and begins empty.
func Open(dir string, c Config) (Store, error) {
	c.fill()
	fs := c.Disk.fs
	if err := makeFolder(fs, dir); err != nil {
		return nil, err
	}
	lock, err := fs.Lock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrInUse, dir, err)
	}
	s, err := openLocked(dir, c)
	if err != nil {
		lock.Close()
		return nil, err
	}
	s.lock = lock
	s.start()
	return s, nil
}

// openLocked does Open's work under the folder's lock.
func openLocked(dir string, c Config) (*onDisk, error) {
	if err := checkVersion(c.Disk.fs, dir, c.Self); err != nil {
		return nil, err
	}
	s := &onDisk{dir: dir, fs: c.Disk.fs, quit: make(chan struct{}), done: make(chan struct{})}
	s.blocks = pebble.NewCache(c.Disk.Memory) // tables that fill are taken off it
	if err := s.open(c); err != nil {
		s.blocks.Unref()
		return nil, err
	}
	return s, nil
}

// open opens both shelves, and the keeper on them.
func (s *onDisk) open(c Config) error {
	s.space = space{fs: s.fs, dir: s.dir, c: c.Disk, tell: c.Tell}
	shelf := func(name string, memory int64, durable bool) *disk {
		return &disk{fs: s.fs, dir: filepath.Join(s.dir, name), durable: durable, memory: memory, files: s.space.c.Files / 2,
			blocks: s.blocks, tell: c.Tell, refuse: s.refusal, alarm: make(chan struct{}, 1)}
	}
	s.cache, s.durable = shelf(cacheName, c.Disk.Memory/2, false), shelf(durableName, c.Disk.Memory/8, true)
	if err := s.space.look(); err != nil {
		return err
	}
	if err := s.makeDurable(shelf(durableName+freshSuffix, c.Disk.Memory/8, true)); err != nil {
		return err
	}
	if err := s.durable.open(); err != nil {
		if pebble.IsCorruptionError(err) || errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%w: %s: %w", ErrDamaged, s.durable.dir, err)
		}
		return err
	}
	if err := s.checkEnd(); err != nil {
		return errors.Join(err, s.durable.close())
	}
	if err := s.openCache(); err != nil {
		return errors.Join(err, s.durable.close())
	}
	k, err := newKeeper(c, s.cache, s.durable)
	if err != nil {
		return errors.Join(err, s.durable.close(), s.cache.close())
	}
	k.health = s.health
	s.keeper = k
	return nil
}

// makeDurable makes the durable shelf where there is none, whole and on disk under another
// name first: a crash leaves nothing that looks like a damaged one.
func (s *onDisk) makeDurable(fresh *disk) error {
	if _, err := s.fs.Stat(s.durable.dir); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := s.fs.RemoveAll(fresh.dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := fresh.open(); err != nil {
		return err
	}
	if err := errors.Join(fresh.close(), syncFolder(s.fs, fresh.dir)); err != nil {
		return err
	}
	if err := s.fs.Rename(fresh.dir, s.durable.dir); err != nil {
		return err
	}
	return syncFolder(s.fs, s.dir)
}

// openCache opens the cache, or a new one when it cannot be read.
func (s *onDisk) openCache() error {
	err := s.cache.open()
	if err == nil || s.space.low.Load() || errors.Is(err, os.ErrPermission) {
		return err
	}
	if err := s.setAside(err); err != nil {
		return err
	}
	return s.cache.open()
}

// setAside moves the cache out of the way; the last one that was goes.
func (s *onDisk) setAside(why error) error {
	bad := filepath.Join(s.dir, quarantineName)
	if err := s.fs.RemoveAll(bad); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := s.fs.Rename(s.cache.dir, bad); err != nil {
		return err
	}
	s.quarantined.Add(1)
	s.cache.tell(Notice{Kind: "quarantined", Text: "what peers sent cannot be read, lies in " + bad + ", and will be fetched again", Err: why})
	return nil
}

// checkVersion compares a folder's version and owner with ours, or writes them into one
// that is new. Distances are counted from the owner, so no other can read the keys.
func checkVersion(fs vfs.FS, dir string, self id.ID) error {
	name := filepath.Join(dir, versionName)
	want := fmt.Sprintf("ropewalk content %d\n%s\n", schema, self)
	f, err := fs.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		if _, err := fs.Stat(filepath.Join(dir, durableName)); err == nil {
			return fmt.Errorf("%w: %s is missing", ErrForeign, name)
		}
		return writeWhole(fs, dir, versionName, want)
	}
	if err != nil {
		return err
	}
	got, err := io.ReadAll(io.LimitReader(f, 200))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if string(got) == want {
		return nil
	}
	lines := strings.Split(string(got), "\n")
	if lines[0] != strings.Split(want, "\n")[0] {
		return fmt.Errorf("%w: %s says %q, this is %q", ErrForeign, name, lines[0], strings.Split(want, "\n")[0])
	}
	return fmt.Errorf("%w: %s says it belongs to another key; move %s away, or bring the key back", ErrForeign, name, dir)
}

// makeFolder makes a folder that is there after a crash: those above it are synced.
func makeFolder(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	if err := fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for up := filepath.Dir(filepath.Clean(dir)); ; up = filepath.Dir(up) {
		if err := syncFolder(fs, up); err != nil && !errors.Is(err, os.ErrPermission) {
			return err
		}
		if up == filepath.Dir(up) {
			return nil
		}
	}
}

func syncFolder(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// writeWhole writes a file so that after a crash it is there as a whole or not at all.
func writeWhole(fs vfs.FS, dir, name, text string) error {
	fresh := filepath.Join(dir, name+freshSuffix)
	f, err := fs.Create(fresh, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(text))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := fs.Rename(fresh, filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncFolder(fs, dir)
}
