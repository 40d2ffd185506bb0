package ropewalk_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// trapsMax is how many traps there are.
const trapsMax = 35

// Every trap has its row in docs/traps.md, a line in testdata/traps.txt that holds it
// off with a test of its number, and all tests that the row and the lines name exist.
func TestTraps(t *testing.T) {
	page, err := os.ReadFile("docs/traps.md")
	if err != nil {
		t.Fatal(err)
	}
	known := testNames(t)
	rows := map[int]string{}
	for line := range strings.Lines(string(page)) {
		var n int
		if _, err := fmt.Sscanf(line, "| %d |", &n); err == nil {
			if n != len(rows)+1 {
				t.Errorf("the row after %d is %d", len(rows), n)
			}
			rows[n] = line
		}
	}
	if len(rows) != trapsMax {
		t.Errorf("%d rows, want %d", len(rows), trapsMax)
	}
	lines := map[int][]defence{}
	for _, d := range readDefences(t, "testdata/traps.txt") {
		var n int
		if _, err := fmt.Sscanf(d.name, "trap %d: ", &n); err == nil {
			lines[n] = append(lines[n], d)
		}
	}
	name := regexp.MustCompile("`(Test[A-Za-z0-9_]+)`")
	for n := 1; n <= trapsMax; n++ {
		own := regexp.MustCompile(fmt.Sprintf(`^TestTrap0?%d([A-Z]|$)`, n))
		held := false
		for _, d := range lines[n] {
			held = held || own.MatchString(d.test)
		}
		if !held {
			t.Errorf("trap %d: no line of testdata/traps.txt with a test of that number", n)
		}
		tests := name.FindAllStringSubmatch(rows[n], -1)
		if len(tests) == 0 {
			t.Errorf("trap %d: the row names no test", n)
		}
		for _, m := range tests {
			if !known[m[1]] {
				t.Errorf("trap %d: there is no test %s", n, m[1])
			}
		}
	}
}

// testNames are the tests of this module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	decl := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range decl.FindAllStringSubmatch(string(text), -1) {
			out[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
