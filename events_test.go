package ropewalk

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the log shows by default must be events that strands really report.
func TestInfosAreReported(t *testing.T) {
	for _, e := range append(infos, [2]string{"session", "slot_failed"}) {
		strand, kind := e[0], `"`+e[1]+`"`
		found := false
		for _, dir := range []string{strand, "node"} {
			files, err := filepath.Glob(filepath.Join(dir, "*.go"))
			if err != nil || len(files) == 0 {
				t.Fatalf("%s: %d files, %v", dir, len(files), err)
			}
			for _, f := range files {
				text, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				found = found || !strings.HasSuffix(f, "_test.go") && strings.Contains(string(text), kind)
			}
		}
		if !found {
			t.Errorf("nothing in %s or node reports %s", strand, kind)
		}
	}
}
