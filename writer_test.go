package ropewalk

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/work"
)

// written runs a writer over saves that waited together and returns the outcomes
// in their order. look sees each outcome as it is told.
func written(dir string, saves []work.Save, look func(i int)) []error {
	var errs []error
	w := newWriter(dir, func(_ work.Save, err error) {
		if look != nil {
			look(len(errs))
		}
		errs = append(errs, err)
	})
	w.add(saves)
	w.close()
	_ = w.run()
	return errs
}

// Appends that wait together are on disk together before the first is told: they
// share one sync.
func TestAppendsShareASync(t *testing.T) {
	dir := t.TempDir()
	var saves []work.Save
	var want strings.Builder
	for i := range 100 {
		line := fmt.Sprintln("line", i)
		want.WriteString(line)
		saves = append(saves, work.Save{Ticket: id.Ticket{Owner: "test", N: uint64(i + 1)}, File: "rooms/log", Data: []byte(line), Append: true})
	}
	errs := written(dir, saves, func(int) {
		if got, _ := os.ReadFile(filepath.Join(dir, "rooms", "log")); string(got) != want.String() {
			t.Fatalf("told with %d of %d bytes written", len(got), want.Len())
		}
	})
	if len(errs) != 100 || errors.Join(errs...) != nil {
		t.Fatalf("%d outcomes, %v", len(errs), errors.Join(errs...))
	}
}

// Saves of several files keep their order, and only neighbours are put together.
func TestSavesKeepTheirOrder(t *testing.T) {
	dir := t.TempDir()
	save := func(file, text string, add bool) work.Save {
		return work.Save{File: file, Data: []byte(text), Append: add}
	}
	errs := written(dir, []work.Save{
		save("a", "1", true), save("a", "2", true), save("b", "x", true), save("a", "new", false), save("a", "3", true), save("b", "y", true),
	}, nil)
	if len(errs) != 6 || errors.Join(errs...) != nil {
		t.Fatalf("%d outcomes, %v", len(errs), errors.Join(errs...))
	}
	for file, want := range map[string]string{"a": "new3", "b": "xy"} {
		if got, err := os.ReadFile(filepath.Join(dir, file)); string(got) != want {
			t.Errorf("%s holds %q (%v), want %q", file, got, err, want)
		}
	}
}

// A reader never sees a file half replaced, nor anything but the file.
func TestReplaceIsAtomic(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	texts := [2][]byte{bytes.Repeat([]byte("a"), 1<<20), bytes.Repeat([]byte("b"), 1<<19)}
	if err := replaceFile(path, texts[0]); err != nil {
		t.Fatal(err)
	}
	var reader sync.WaitGroup
	done := make(chan struct{})
	reader.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			got, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(got, texts[0]) && !bytes.Equal(got, texts[1]) {
				t.Errorf("read %d bytes, %v", len(got), err)
				return
			}
		}
	})
	for i := range 30 {
		if err := replaceFile(path, texts[i%2]); err != nil {
			t.Error(err)
		}
	}
	close(done)
	reader.Wait()
}

// A write that fails says so, changes nothing, leaves nothing, and holds up nobody.
func TestFailedWrites(t *testing.T) {
	tests := []struct {
		name, file string
		add        bool
		prepare    func(dir string) error
		repair     func(dir string) error
	}{
		{"a file where a folder should be", "rooms/log", true,
			func(dir string) error { return os.WriteFile(filepath.Join(dir, "rooms"), nil, 0o600) },
			func(dir string) error { return os.Remove(filepath.Join(dir, "rooms")) }},
		{"a folder where a file should be, appended", "log", true,
			func(dir string) error { return os.Mkdir(filepath.Join(dir, "log"), 0o700) },
			func(dir string) error { return os.Remove(filepath.Join(dir, "log")) }},
		{"a folder where a file should be, replaced", "hosts", false,
			func(dir string) error { return os.Mkdir(filepath.Join(dir, "hosts"), 0o700) },
			func(dir string) error { return os.Remove(filepath.Join(dir, "hosts")) }},
		{"the folder is gone", "hosts", false,
			func(dir string) error { return os.Rename(dir, dir+".away") },
			func(dir string) error { return os.Rename(dir+".away", dir) }},
		{"outside", "../log", true, nil, nil},
		{"absolute", "/tmp/ropewalk-should-not-be", true, nil, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if tc.prepare != nil {
				if err := tc.prepare(dir); err != nil {
					t.Fatal(err)
				}
			}
			bad := work.Save{File: tc.file, Data: []byte("text"), Append: tc.add}
			errs := written(dir, []work.Save{bad, bad}, nil)
			if len(errs) != 2 || errs[0] == nil || errs[1] == nil {
				t.Fatalf("outcomes %v", errs)
			}
			if tc.repair == nil {
				return
			}
			if err := tc.repair(dir); err != nil {
				t.Fatal(err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
			if errs := written(dir, []work.Save{bad}, nil); len(errs) != 1 || errs[0] != nil {
				t.Fatalf("after the repair: %v", errs)
			}
			if got, _ := os.ReadFile(filepath.Join(dir, filepath.FromSlash(tc.file))); string(got) != "text" {
				t.Errorf("holds %q", got)
			}
		})
	}
}

// A file that is replaced leaves what it held before beside it, one that is put aside
// goes whole, and a save that fails leaves both.
func TestTrap28PreviousCopyIsKept(t *testing.T) {
	dir := t.TempDir()
	read := func(name string) string {
		data, _ := os.ReadFile(filepath.Join(dir, name))
		return string(data)
	}
	save := func(s work.Save) {
		t.Helper()
		if err := errors.Join(written(dir, []work.Save{s}, nil)...); err != nil {
			t.Fatal(err)
		}
	}
	for i, text := range []string{"one", "two", "three"} {
		before := read("hosts")
		save(work.Save{File: "hosts", Data: []byte(text), Keep: true})
		if got := read("hosts"); got != text {
			t.Fatalf("holds %q", got)
		}
		if got := read("hosts" + work.OldSuffix); i > 0 && got != before {
			t.Errorf("the copy of before is %q, want %q", got, before)
		}
	}
	save(work.Save{File: "hosts.damaged", From: "hosts"})
	if read("hosts.damaged") != "three" || read("hosts") != "" || read("hosts"+work.OldSuffix) != "two" {
		t.Errorf("after it was put aside: %q %q %q", read("hosts.damaged"), read("hosts"), read("hosts"+work.OldSuffix))
	}
	save(work.Save{File: "hosts.damaged", From: "hosts"}) // not there: nothing to lose
	if read("hosts.damaged") != "three" {
		t.Error("what was put aside is lost")
	}
	if errs := written(dir, []work.Save{{File: "x", From: "../key"}}, nil); errs[0] == nil {
		t.Error("a file outside the folder is moved")
	}
}
