package ropewalk_test

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestArch holds the tree against the floors: imports, purity, names, docs.
func TestArch(t *testing.T) {
	src, err := onDisk()
	if err != nil {
		t.Fatal(err)
	}
	goMod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	found, asked, err := check(src, string(goMod))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
	for _, q := range asked {
		t.Log(q)
	}
}

// TestArchTree: the tree drawn in ARCHITECTURE.md is the tree on disk, with the
// floors of arch_floors_test.go.
func TestArchTree(t *testing.T) {
	drawn := drawnTree(t)
	onDisk := map[string]bool{}
	for _, dir := range goDirs(t) {
		onDisk[dir] = true
		if _, ok := drawn[dir]; !ok {
			t.Errorf("%s/ holds Go files and is not in the tree of ARCHITECTURE.md", dir)
		}
	}
	for dir, floor := range drawn {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			t.Errorf("%s/ stands in the tree of ARCHITECTURE.md and is no folder", dir)
			continue
		}
		h, known := homeOf(dir)
		if known && strconv.Itoa(h.floor) != floor {
			t.Errorf("%s/ is on floor %q in ARCHITECTURE.md and on %d in arch_floors_test.go", dir, floor, h.floor)
		}
		if !known && floor != "-" {
			t.Errorf("%s/ is on floor %q in ARCHITECTURE.md and on none in arch_floors_test.go", dir, floor)
		}
	}
	for _, h := range homes {
		if h.path != "" && !onDisk[h.path] {
			t.Errorf("%s has a floor in arch_floors_test.go and no folder", h.path)
		}
	}
}

// treeLine is "  link/mem/   2  pairs in memory" in the tree: path, floor or -, words.
var treeLine = regexp.MustCompile(`^ *([a-z0-9./]+)/ +([0-6-]) +\S`)

// drawnTree reads the first code block of ARCHITECTURE.md: folder → floor.
func drawnTree(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "```\n")
	block, _, ok := strings.Cut(rest, "\n```")
	if !ok {
		t.Fatal("ARCHITECTURE.md has no tree")
	}
	out := map[string]string{}
	for _, line := range strings.Split(block, "\n")[1:] { // the first line is the root
		m := treeLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("ARCHITECTURE.md: a line of the tree that is not PATH/ FLOOR WORDS: %q", line)
			continue
		}
		if _, twice := out[m[1]]; twice {
			t.Errorf("ARCHITECTURE.md: %s/ stands in the tree twice", m[1])
		}
		out[m[1]] = m[2]
	}
	return out
}

// goDirs are the folders with Go files, nested modules by their own folder only,
// and the other folders at the top.
func goDirs(t *testing.T) []string {
	t.Helper()
	var out []string
	src, err := onDisk()
	if err != nil {
		t.Fatal(err)
	}
	for name := range src {
		if dir := path.Dir(name); dir != "." {
			out = append(out, dir)
		}
	}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		_, err := os.Stat(e.Name() + "/go.mod")
		if e.IsDir() && err == nil {
			out = append(out, e.Name())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// TestArchReasons: a ban without a reason is a rule nobody can question.
func TestArchReasons(t *testing.T) {
	for _, b := range bans {
		if b.why == "" {
			t.Errorf("the ban of %v has no reason", b.paths)
		}
	}
	for _, h := range homes {
		if len(h.also) > 0 && h.why == "" {
			t.Errorf("%s may import %v for no reason", h.path, h.also)
		}
	}
	for k, r := range rules {
		if r.why == "" && k != program {
			t.Errorf("%s has no reason", k)
		}
	}
}
