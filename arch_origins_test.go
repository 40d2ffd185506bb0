package ropewalk_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// namedTests is "`TestA`, `TestB` (folder)" in docs/origins.md.
var (
	namedTests = regexp.MustCompile("((?:`Test\\w+`(?:, )?)+) \\(([a-z0-9/]+)\\)")
	namedTest  = regexp.MustCompile(`Test\w+`)
)

// TestArchOrigins: the tests that docs/origins.md names exist where it says.
func TestArchOrigins(t *testing.T) {
	page, err := os.ReadFile("docs/origins.md")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, m := range namedTests.FindAllStringSubmatch(string(page), -1) {
		var tests strings.Builder
		dir := m[2]
		if dir == "ropewalk" { // the root
			dir = "."
		}
		files, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			tests.Write(text)
		}
		for _, name := range namedTest.FindAllString(m[1], -1) {
			named++
			if !strings.Contains(tests.String(), fmt.Sprintf("func %s(", name)) {
				t.Errorf("docs/origins.md names %s of %s, which is not there", name, m[2])
			}
		}
	}
	if all := len(namedTest.FindAllString(string(page), -1)); named != all || named == 0 {
		t.Errorf("docs/origins.md names %d tests, %d of them in a form this test reads", all, named)
	}
}
