//go:build !nopebble

package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// gate stands between Pebble and the file system. Pebble ends the process when it cannot
// write its log or its manifest. Behind a gate it never learns of that: the first such
// failure shuts the gate, and from then on nothing is written any more, while Pebble is
// told that all is well. Who put something asks the gate before it is acknowledged, and
// so learns the truth. Reads go on. What is on disk stays as it was when the gate shut;
// another Pebble, behind a gate of its own, can be opened on it.
//
// Failures to write tables come through: Pebble tries again.
type gate struct {
	vfs.FS
	// live: before it is set, while Pebble opens, every failure comes through.
	live atomic.Bool
	// told hears of the failure that shut the gate.
	told func(err error)

	mu   sync.Mutex
	err  error // that shut the gate
	sync bool  // it was a sync: what has reached the disk is unknown

	syncs syncs
}

// errShut is what a table's writer is told behind a gate that is shut.
var errShut = errors.New("store: nothing is written any more")

// shut is the failure that shut the gate, or nil.
func (g *gate) shut() (err error, sync bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.err, g.sync
}

func (g *gate) isShut() bool { err, _ := g.shut(); return err != nil }

// close shuts the gate.
func (g *gate) close(err error, sync bool) {
	g.mu.Lock()
	first := g.err == nil
	if first {
		g.err, g.sync = err, sync
	}
	g.mu.Unlock()
	if first && g.told != nil {
		g.told(err)
	}
}

// hides tells whether Pebble would end the process for a failure with this file.
func hides(name string) bool {
	base := filepath.Base(name)
	return strings.HasSuffix(base, ".log") || strings.HasPrefix(base, "MANIFEST") || strings.HasPrefix(base, "marker")
}

// open is the outcome of a call that makes a file for writing.
func (g *gate) open(name string, f vfs.File, err error) (vfs.File, error) {
	if err == nil {
		return &gated{File: f, g: g, hides: hides(name)}, nil
	}
	if !g.live.Load() || !hides(name) {
		return nil, err
	}
	g.close(err, false)
	return &gated{File: void{}, g: g, hides: true}, nil
}

// refused is the answer to a call that makes a file, behind a gate that is shut.
func (g *gate) refused(name string) (vfs.File, error) {
	if hides(name) {
		return &gated{File: void{}, g: g, hides: true}, nil
	}
	time.Sleep(retryPause) // Pebble tries again at once, for ever
	return nil, errShut
}

func (g *gate) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if g.isShut() {
		return g.refused(name)
	}
	f, err := g.FS.Create(name, c)
	if err != nil && g.live.Load() && !hides(name) {
		time.Sleep(retryPause)
	}
	if err == nil && strings.HasPrefix(filepath.Base(name), "MANIFEST") {
		if err = g.syncFolder(filepath.Dir(name)); err != nil {
			f.Close()
		}
	}
	return g.open(name, f, err)
}

// syncFolder has a manifest's name on disk before Pebble makes the marker that points to
// it: a folder's new names may reach the disk in any order.
func (g *gate) syncFolder(dir string) error {
	f, err := g.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (g *gate) ReuseForWrite(from, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if g.isShut() {
		return g.refused(name)
	}
	f, err := g.FS.ReuseForWrite(from, name, c)
	return g.open(name, f, err)
}

func (g *gate) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	if g.isShut() {
		return g.refused(name)
	}
	f, err := g.FS.OpenReadWrite(name, c, opts...)
	return g.open(name, f, err)
}

func (g *gate) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &gated{File: f, g: g, hides: true}, nil
}

// quiet is the outcome of a call that changes names: not Pebble's concern.
func (g *gate) quiet(do func() error) error {
	if g.isShut() {
		return nil
	}
	err := do()
	if err == nil || !g.live.Load() || errors.Is(err, os.ErrNotExist) {
		return err
	}
	g.close(err, false)
	return nil
}

func (g *gate) Remove(name string) error { return g.quiet(func() error { return g.FS.Remove(name) }) }
func (g *gate) RemoveAll(name string) error {
	return g.quiet(func() error { return g.FS.RemoveAll(name) })
}
func (g *gate) Rename(from, to string) error {
	return g.quiet(func() error { return g.FS.Rename(from, to) })
}
func (g *gate) Link(from, to string) error {
	return g.quiet(func() error { return g.FS.Link(from, to) })
}

// Lock succeeds: the store holds the folder's lock, for one Pebble after another.
func (g *gate) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

// gated is a file that is written to, or a folder.
type gated struct {
	vfs.File
	g     *gate
	hides bool
}

func (f *gated) Write(b []byte) (int, error) {
	if f.g.isShut() {
		if f.hides {
			return len(b), nil
		}
		return 0, errShut
	}
	n, err := f.File.Write(b)
	if !f.hides {
		runtime.Gosched() // a table, 4 KiB at a time: puts and gets do not wait for all of it
	}
	return f.wrote(n, len(b), err)
}

func (f *gated) WriteAt(b []byte, at int64) (int, error) {
	if f.g.isShut() {
		if f.hides {
			return len(b), nil
		}
		return 0, errShut
	}
	n, err := f.File.WriteAt(b, at)
	return f.wrote(n, len(b), err)
}

func (f *gated) wrote(n, all int, err error) (int, error) {
	if err == nil || !f.hides || !f.g.live.Load() {
		if err != nil && f.g.live.Load() {
			time.Sleep(retryPause)
		}
		return n, err
	}
	f.g.close(err, false)
	return all, nil
}

func (f *gated) Sync() error {
	return f.synced(f.File.Sync)
}

func (f *gated) SyncData() error {
	return f.synced(f.File.SyncData)
}

func (f *gated) SyncTo(length int64) (full bool, err error) {
	err = f.synced(func() error {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}

// synced does a sync and takes its time. One that fails shuts the gate: what the disk has
// of what was written before is unknown, and asking again would not tell.
func (f *gated) synced(do func() error) error {
	if f.g.isShut() {
		if f.hides {
			return nil
		}
		return errShut
	}
	since := f.g.syncs.begin()
	err := do()
	f.g.syncs.end(since)
	if err == nil || !f.g.live.Load() {
		return err
	}
	f.g.close(err, true)
	if f.hides {
		return nil
	}
	return err
}

func (f *gated) Stat() (vfs.FileInfo, error) {
	st, err := f.File.Stat()
	if err == nil || !f.hides || !f.g.live.Load() {
		return st, err
	}
	f.g.close(err, false)
	return voidInfo{}, nil
}

func (f *gated) Close() error {
	err := f.File.Close()
	if err == nil || !f.hides || !f.g.live.Load() {
		return err
	}
	f.g.close(err, false)
	return nil
}

func (f *gated) Preallocate(offset, length int64) error {
	if f.g.isShut() {
		return nil
	}
	return f.File.Preallocate(offset, length)
}
