package ropewalk

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/mem"
)

// A key file that must not be used is refused, and left as it is.
func TestKeyFile(t *testing.T) {
	good := hex.EncodeToString(linktest.Key("saved").Bytes())
	file := func(text string, mode os.FileMode) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(text), mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, mode); err != nil { // whatever the umask
				t.Fatal(err)
			}
		}
	}
	tests := []struct {
		name string
		put  func(t *testing.T, path string)
		why  string // empty: used
	}{
		{"fine", file(good+"\n", 0o600), ""},
		{"no line end", file(good, 0o400), ""},
		{"readable by the group", file(good, 0o640), "others may read it (mode 0640)"},
		{"readable by all", file(good, 0o604), "others may read it (mode 0604)"},
		{"empty", file("", 0o600), "malformed"},
		{"no hex", file(strings.Repeat("xy", 32), 0o600), "malformed"},
		{"too short", file(good[2:], 0o600), "malformed"},
		{"odd", file(good[1:], 0o600), "malformed"},
		{"too long", file(good+"00", 0o600), "malformed"},
		{"something behind", file(good+"\n"+strings.Repeat(" ", 200)+"x", 0o600), "malformed"},
		{"zero", file(strings.Repeat("0", 64), 0o600), "malformed"},
		{"above the group's order", file(strings.Repeat("f", 64), 0o600), "malformed"},
		{"huge", file(strings.Repeat("0", 1<<20), 0o600), "malformed"},
		{"folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "is no regular file"},
		{"pipe", func(t *testing.T, path string) {
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "is no regular file"},
		{"symbolic link", func(t *testing.T, path string) {
			file(good, 0o600)(t, path+".target")
			if err := os.Symlink(path+".target", path); err != nil {
				t.Fatal(err)
			}
		}, "cannot be opened"},
		{"dangling link", func(t *testing.T, path string) {
			if err := os.Symlink(path+".target", path); err != nil {
				t.Fatal(err)
			}
		}, "cannot be opened"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			cfg := memConfig(mem.NewNetwork(), "a")
			cfg.Key, cfg.DataDir = nil, t.TempDir()
			path := filepath.Join(cfg.DataDir, "key")
			tc.put(t, path)
			before, _ := os.Lstat(path)
			var text []byte
			if before.Mode().IsRegular() {
				text, _ = os.ReadFile(path)
			}

			n, err := New(cfg)
			if tc.why == "" {
				if err != nil {
					t.Fatal(err)
				}
				if got := n.Info().ID; got != linktest.Key("saved").ID() {
					t.Errorf("the node is %s", got)
				}
				n.Close()
			} else {
				var bad *ErrKeyFile
				if !errors.As(err, &bad) || bad.Path != path || !strings.Contains(bad.Why, tc.why) {
					t.Fatalf("new: %v, want *ErrKeyFile saying %q", err, tc.why)
				}
				if f, err := openFolder(cfg.DataDir); err != nil {
					t.Errorf("the folder is still held: %v", err)
				} else {
					f.close()
				}
			}
			after, err := os.Lstat(path)
			if err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() {
				t.Fatalf("the file was changed: %v", err)
			}
			if text != nil {
				if now, _ := os.ReadFile(path); string(now) != string(text) {
					t.Error("the file's text was changed")
				}
			}
		})
	}
}

// A new key is nobody else's to read, whatever a crash left behind.
func TestKeyIsMade(t *testing.T) {
	cfg := memConfig(mem.NewNetwork(), "a")
	cfg.Key, cfg.DataDir = nil, filepath.Join(t.TempDir(), "deep", "folder")
	if err := os.MkdirAll(cfg.DataDir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(cfg.DataDir, "key")
	if err := os.WriteFile(path+".new", []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	first := made(t, cfg)
	st, err := os.Stat(path)
	if err != nil || st.Mode() != 0o600 {
		t.Fatalf("key file: %v %v, want mode 0600", st, err)
	}
	if _, err := os.Lstat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
	if err := SaveKey(cfg.DataDir, linktest.Key("other")); !errors.Is(err, os.ErrExist) {
		t.Errorf("save over a key: %v", err)
	}
	was := first.Info().ID
	first.Close()
	if again := made(t, cfg); again.Info().ID != was {
		t.Error("another key the second time")
	}
}

// The lock file is never written through a link.
func TestLockIsNoLink(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(target, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dir, "lock")); err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(dir); err == nil {
		t.Error("the lock is a link, and is taken")
	}
	if text, _ := os.ReadFile(target); string(text) != "text" {
		t.Errorf("the link's target is now %q", text)
	}
}
