package ropewalk_test

import (
	"errors"
	"fmt"
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
	page, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	isDir := func(dir string) bool {
		info, err := os.Stat(dir)
		return err == nil && info.IsDir()
	}
	for _, p := range compareTree(string(page), goDirs(t), isDir) {
		t.Error(p)
	}
}

// TestArchTreePlanted: a tree that differs from the disk either way is found.
func TestArchTreePlanted(t *testing.T) {
	var lines, dirs []string
	for _, h := range homes {
		if h.path != "" {
			lines = append(lines, "  "+h.path+"/  "+strconv.Itoa(h.floor)+"  words")
			dirs = append(dirs, h.path)
		}
	}
	draw := func(lines ...string) string {
		return "# Page\n```\nropewalk/ the root\n" + strings.Join(lines, "\n") + "\n```\n"
	}
	tests := []struct {
		name, page string
		dirs       []string
		want       string
	}{
		{"clean", draw(lines...), dirs, ""},
		{"folder not drawn", draw(lines[1:]...), dirs, dirs[0] + "/ holds Go files and is not in the tree"},
		{"drawn folder missing", draw(append(lines, "  ghost/  -  words")...), dirs, "ghost/ stands in the tree of ARCHITECTURE.md and is no folder"},
		{"wrong floor", draw(append(lines[1:], strings.Replace(lines[0], "  0  ", "  2  ", 1))...), dirs, dirs[0] + "/ is on floor \"2\""},
		{"drawn twice", draw(append(lines, lines[0])...), dirs, "stands in the tree twice"},
		{"no floor", draw(append(lines, "  ghost/ words")...), dirs, "no line of the tree"},
		{"home without a folder", draw(lines[1:]...), dirs[1:], dirs[0] + " has a floor in arch_floors_test.go and no folder"},
		{"no tree", "# Page\n", dirs, "has no tree"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			found := compareTree(tc.page, tc.dirs, func(dir string) bool { return slices.Contains(tc.dirs, dir) })
			if tc.want == "" && len(found) > 0 || tc.want != "" && (len(found) != 1 || !strings.Contains(found[0], tc.want)) {
				t.Errorf("found %q, want %q", found, tc.want)
			}
		})
	}
}

// compareTree says where the page's tree, the folders with Go files and the floors
// differ.
func compareTree(page string, goDirs []string, isDir func(string) bool) (found []string) {
	report := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	drawn, order, err := drawnTree(page)
	if err != nil {
		return []string{err.Error()}
	}
	for _, dir := range goDirs {
		if _, ok := drawn[dir]; !ok {
			report("%s/ holds Go files and is not in the tree of ARCHITECTURE.md", dir)
		}
	}
	for _, dir := range order {
		floor := "-"
		h, known := homeOf(dir)
		if known {
			floor = strconv.Itoa(h.floor)
		}
		switch {
		case !isDir(dir):
			report("%s/ stands in the tree of ARCHITECTURE.md and is no folder", dir)
		case drawn[dir] != floor:
			report("%s/ is on floor %q in ARCHITECTURE.md and on %q in arch_floors_test.go", dir, drawn[dir], floor)
		}
	}
	for _, h := range homes {
		if h.path != "" && !slices.Contains(goDirs, h.path) {
			report("%s has a floor in arch_floors_test.go and no folder with Go files", h.path)
		}
	}
	return found
}

// treeLine is "  link/mem/   2  pairs in memory" in the tree: path, floor or -, words.
var treeLine = regexp.MustCompile(`^ *([a-z0-9./]+)/ +([0-6-]) +\S`)

// drawnTree reads the first code block of the page: folder → floor, and the order.
func drawnTree(page string) (drawn map[string]string, order []string, err error) {
	_, rest, _ := strings.Cut(page, "```\n")
	block, _, ok := strings.Cut(rest, "\n```")
	if !ok {
		return nil, nil, errors.New("ARCHITECTURE.md has no tree")
	}
	drawn = map[string]string{}
	for _, line := range strings.Split(block, "\n")[1:] { // the first line is the root
		m := treeLine.FindStringSubmatch(line)
		if m == nil {
			return nil, nil, fmt.Errorf("ARCHITECTURE.md: no line of the tree (PATH/ FLOOR WORDS): %q", line)
		}
		if _, twice := drawn[m[1]]; twice {
			return nil, nil, fmt.Errorf("ARCHITECTURE.md: %s/ stands in the tree twice", m[1])
		}
		drawn[m[1]] = m[2]
		order = append(order, m[1])
	}
	return drawn, order, nil
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
