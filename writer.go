package ropewalk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/ropewalk/ropewalk/work"
)

// writer does the saves of the node, in order, in one goroutine. Appends to one
// file that wait together share one sync.
type writer struct {
	dir  string
	done func(work.Save, error) // called for every save

	mu     sync.Mutex
	wake   sync.Cond // something to do, or closed
	idle   sync.Cond // nothing to do
	queue  []work.Save
	busy   bool
	closed bool
}

func newWriter(dir string, done func(work.Save, error)) *writer {
	w := &writer{dir: dir, done: done}
	w.wake.L, w.idle.L = &w.mu, &w.mu
	return w
}

// add queues saves. The strands bound how many they have under way.
func (w *writer) add(saves []work.Save) {
	w.mu.Lock()
	w.queue = append(w.queue, saves...)
	w.mu.Unlock()
	w.wake.Signal()
}

// open lets run work, at first and again after close.
func (w *writer) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = false
}

// resting tells whether there is nothing to do.
func (w *writer) resting() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue) == 0 && !w.busy
}

// rest waits until everything is done.
func (w *writer) rest() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) > 0 || w.busy {
		w.idle.Wait()
	}
}

// close lets run finish what is queued and return.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.wake.Signal()
}

func (w *writer) run() error {
	for {
		w.mu.Lock()
		if w.busy = false; len(w.queue) == 0 {
			w.idle.Broadcast()
		}
		for len(w.queue) == 0 && !w.closed {
			w.wake.Wait()
		}
		batch := w.queue
		w.queue = nil
		w.busy = len(batch) > 0
		w.mu.Unlock()
		if len(batch) == 0 {
			return nil
		}
		for len(batch) > 0 {
			n := 1
			if batch[0].Append {
				for n < len(batch) && batch[n].Append && batch[n].File == batch[0].File {
					n++
				}
			}
			err := w.write(batch[:n])
			for _, s := range batch[:n] {
				w.done(s, err)
			}
			batch = batch[n:]
		}
	}
}

// write performs one replacement, or several appends to one file.
func (w *writer) write(saves []work.Save) error {
	if w.dir == "" {
		return nil // nothing is kept, as configured
	}
	name := saves[0].File
	if !filepath.IsLocal(name) {
		return fmt.Errorf("ropewalk: save outside the data folder: %q", name)
	}
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := makeDir(w.dir, filepath.Dir(path)); err != nil {
		return err
	}
	switch s := saves[0]; {
	case s.Append:
		return appendFile(path, saves)
	case s.From != "":
		return moveFile(w.dir, s.From, path)
	case s.Keep:
		if err := keepOld(path); err != nil {
			return err
		}
	}
	return replaceFile(path, saves[0].Data)
}

// makeDir makes a folder of the data folder, which exists, so that it outlives a
// crash.
func makeDir(root, dir string) error {
	if dir == root {
		return nil
	}
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeDir(root, filepath.Dir(dir)); err == nil {
			err = os.Mkdir(dir, 0o700)
		}
	}
	switch {
	case err == nil:
		return syncDir(filepath.Dir(dir))
	case errors.Is(err, fs.ErrExist):
		return nil // if it is no folder, the write fails
	}
	return err
}

func appendFile(path string, saves []work.Save) error {
	_, statErr := os.Stat(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	start, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return errors.Join(err, f.Close())
	}
	for _, s := range saves {
		if err == nil {
			_, err = f.Write(s.Data)
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		// What was written in part must not stand before what is written later.
		err = errors.Join(err, f.Truncate(start))
	}
	err = errors.Join(err, f.Close())
	if err == nil && statErr != nil {
		err = syncDir(filepath.Dir(path))
	}
	return err
}

// replaceFile writes beside the file, syncs, renames, and syncs the folder, so
// that a crash leaves the old content or the new.
func replaceFile(path string, data []byte) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(filepath.Dir(path))
}

// keepOld gives what a file holds a second name. It is synced already; where the file
// system knows no second names it is copied.
func keepOld(path string) error {
	old := path + work.OldSuffix
	if err := os.Remove(old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := os.Link(path, old)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return replaceFile(old, data)
}

// moveFile renames a file of the data folder.
func moveFile(root, from, path string) error {
	if !filepath.IsLocal(from) {
		return fmt.Errorf("ropewalk: save outside the data folder: %q", from)
	}
	if err := os.Rename(filepath.Join(root, filepath.FromSlash(from)), path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return syncDir(filepath.Dir(path))
}
