package ropewalk_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var defences = flag.Bool("defences", false, "take out each defence of testdata/defences.txt and traps.txt and see its test fail")

// defence is a line of code that holds an attack off, what the code is without it,
// and the test that must then fail.
type defence struct {
	name, file, with, without string
	pkg, test                 string
}

// TestDefences proves that the tests of attacks can fail: each defence is taken out
// in an overlay of the build, and its test has to notice. That every defence is
// still found where the list says is checked always, the rest with -defences.
func TestDefences(t *testing.T) {
	for _, d := range append(readDefences(t, "testdata/defences.txt"), readDefences(t, "testdata/traps.txt")...) {
		t.Run(d.name, func(t *testing.T) {
			src, err := os.ReadFile(d.file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(src), d.with); n != 1 {
				t.Fatalf("%s: %q is there %d times, want once", d.file, d.with, n)
			}
			if *defences {
				t.Parallel()
				takeOut(t, d, string(src))
			}
		})
	}
}

// takeOut runs the defence's test without the defence.
func takeOut(t *testing.T, d defence, src string) {
	dir := t.TempDir()
	weak := filepath.Join(dir, "weak.go")
	file, err := filepath.Abs(d.file)
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: weak}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{weak: strings.Replace(src, d.with, d.without, 1), filepath.Join(dir, "overlay.json"): string(overlay)} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("go", "test", "-count=1", "-timeout=2m", "-vet=off", "-ldflags=-s -w", "-overlay", filepath.Join(dir, "overlay.json"), "-run", d.test, d.pkg).CombinedOutput()
	switch text := string(out); {
	case err == nil && strings.Contains(text, "no tests to run"):
		t.Errorf("there is no test %s in %s", d.test, d.pkg)
	case err == nil:
		t.Errorf("%s: %s passes without the defence", d.pkg, d.test)
	case strings.Contains(text, "[build failed]") || !strings.Contains(text, "FAIL"):
		t.Errorf("the weakened code does not build:\n%s", text)
	}
}

// readDefences reads blocks of "key: value" lines with an empty line between them.
func readDefences(t *testing.T, file string) (out []defence) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(text), "\n\n") {
		var d defence
		fields := map[string]*string{"name": &d.name, "file": &d.file, "with": &d.with, "without": &d.without, "package": &d.pkg, "test": &d.test}
		given := 0
		for _, line := range strings.Split(block, "\n") {
			key, value, ok := strings.Cut(line, ": ")
			if strings.HasPrefix(line, "#") || line == "" {
				continue
			}
			if at := fields[key]; ok && at != nil {
				*at = value
				given++
				continue
			}
			t.Fatalf("%s: %q: want one of name, file, with, without, package, test", file, line)
		}
		if given == 0 {
			continue
		}
		if given != len(fields) {
			t.Fatalf("%s: defence %q is incomplete", file, d.name)
		}
		out = append(out, d)
	}
	return out
}
