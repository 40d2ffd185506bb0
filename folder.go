package ropewalk

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
)

// folder is a data folder held by this process: key, lock and files.
type folder struct {
	dir  string
	lock *os.File
	err  error // of the first file that is there and cannot be read
}

const (
	keyFile = "key"
	// keyFileBytesMax leaves room for a line end or two beside the digits.
	keyFileBytesMax = 128
)

// openFolder makes the folder when absent and takes its lock.
func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("ropewalk: data folder: %w", err)
	}
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ropewalk: lock data folder: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		held, _ := os.ReadFile(path)
		f.Close()
		pid, _ := strconv.Atoi(strings.TrimSpace(string(held)))
		return nil, &ErrFolderInUse{Dir: dir, PID: pid}
	}
	if err = f.Truncate(0); err == nil {
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("ropewalk: lock data folder: %w", err)
	}
	return &folder{dir: dir, lock: f}, nil
}

func (f *folder) close() error { return f.lock.Close() }

// read returns a file of the folder; ok is false when it is not there. One that is
// there and cannot be read is remembered in err: to go on without it would be to
// write over it.
func (f *folder) read(name string) ([]byte, bool) {
	data, err := readSome(filepath.Join(f.dir, filepath.FromSlash(name)), readMax(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && f.err == nil {
		f.err = err
	}
	return data, err == nil
}

// readMax bounds what is read of a file: of the host book more than it may have, which
// is then seen to be too long.
func readMax(name string) int64 {
	if strings.HasPrefix(name, "hosts") {
		return hosts.FileBytesMax + 1
	}
	return math.MaxInt64
}

func readSome(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// LoadKey reads the key of a data folder: 64 hex digits in a regular file nobody
// else may read. It never changes the file. A missing file is fs.ErrNotExist.
func LoadKey(dir string) (*id.Key, error) {
	path := filepath.Join(dir, keyFile)
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0) // not even a pipe holds it up
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, &ErrKeyFile{path, "cannot be opened: " + errors.Unwrap(err).Error()}
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return nil, &ErrKeyFile{path, "is no regular file"}
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, &ErrKeyFile{path, fmt.Sprintf("others may read it (mode %04o); run: chmod 600 %s", st.Mode().Perm(), path)}
	}
	if sys, ok := st.Sys().(*syscall.Stat_t); ok && int(sys.Uid) != os.Geteuid() {
		return nil, &ErrKeyFile{path, fmt.Sprintf("belongs to user %d, not to this process's user %d", sys.Uid, os.Geteuid())}
	}
	text, err := io.ReadAll(io.LimitReader(f, keyFileBytesMax+1))
	if err != nil {
		return nil, &ErrKeyFile{path, "cannot be read: " + err.Error()}
	}
	if len(text) > keyFileBytesMax {
		return nil, &ErrKeyFile{path, "is malformed: want 64 hex digits"}
	}
	raw, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		return nil, &ErrKeyFile{path, "is malformed: want 64 hex digits"}
	}
	k, err := id.KeyFromBytes(raw)
	if err != nil {
		return nil, &ErrKeyFile{path, "is malformed: want 64 hex digits of a secp256k1 scalar"}
	}
	return k, nil
}

// SaveKey writes a key into a data folder and refuses to overwrite one.
func SaveKey(dir string, k *id.Key) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("ropewalk: data folder: %w", err)
	}
	path := filepath.Join(dir, keyFile)
	tmp := path + ".new"
	// One that an earlier run left may have any mode.
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ropewalk: write key: %w", err)
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("ropewalk: write key: %w", err)
	}
	_, err = f.WriteString(hex.EncodeToString(k.Bytes()) + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		// Link fails when the key exists already, where a rename would replace it.
		err = os.Link(tmp, path)
	}
	err = errors.Join(err, os.Remove(tmp))
	if err != nil {
		return fmt.Errorf("ropewalk: write key: %w", err)
	}
	return syncDir(dir)
}

// loadOrMakeKey reads the folder's key or draws one.
func loadOrMakeKey(dir string) (*id.Key, error) {
	k, err := LoadKey(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if k, err = id.NewKey(rand.Reader); err != nil {
		return nil, err
	}
	return k, SaveKey(dir, k)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
