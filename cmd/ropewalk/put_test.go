package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A file is read as long as it was when it was opened, and what happens to it meanwhile is
// noticed.
func TestFileChangesWhileItIsPut(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(f *os.File) error
		read   int
		short  bool
		other  bool
	}{
		{"left alone", func(*os.File) error { return nil }, 1000, false, false},
		{"longer", func(f *os.File) error { _, err := f.WriteAt(make([]byte, 500), 1000); return err }, 1000, false, true},
		{"shorter", func(f *os.File) error { return f.Truncate(700) }, 700, true, true},
		{"empty", func(f *os.File) error { return f.Truncate(0) }, 100, true, true},
	} {
		name := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(name, make([]byte, 1000), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := (&app{}).source(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(s, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.change(f); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		rest, err := io.ReadAll(s)
		if 100+len(rest) != c.read || (err != nil) != c.short || (s.short != nil) != c.short || s.changed() != c.other {
			t.Errorf("%s: %d bytes, %v, changed %v", c.name, 100+len(rest), err, s.changed())
		}
		_ = s.Close()
	}
}
