//go:build linux

package ropewalk

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// built compiles a program of this module.
func built(t testing.TB, pkg string, tags string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a program")
	}
	out := filepath.Join(t.TempDir(), "program")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-tags", tags, "-o", out, pkg)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return out
}

// launched starts a program and waits for the line that says it is ready.
func launched(t testing.TB, path string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !bytes.HasPrefix(lines.Bytes(), []byte("ready")) {
		t.Fatalf("said %q (%v)", lines.Text(), lines.Err())
	}
	return cmd
}

// resident is a process's memory in MiB.
func resident(t testing.TB, pid int) float64 {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := bytes.CutPrefix(lines.Bytes(), []byte("VmRSS:")); ok {
			kib, err := strconv.Atoi(string(bytes.Fields(rest)[0]))
			if err != nil {
				t.Fatal(err)
			}
			return float64(kib) / 1024
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// A library node with links in memory only stays within 15 MiB, of which its heap is 4:
// the rest are pages of the program (decision 0013).
func TestMemoryNodeIsSmall(t *testing.T) {
	rss := resident(t, launched(t, built(t, "./examples/memory", "nolibp2p,nopebble,netgo,osusergo"), "-nodes", "1").Process.Pid)
	t.Logf("%.1f MiB", rss)
	if rss > 15 {
		t.Errorf("takes %.1f MiB, want at most 15", rss)
	}
}

// The program: 60 MiB at most, 80 MiB of memory when idle. How quick it is depends on
// who else uses the machine: BenchmarkProgramStart.
func TestProgramIsSmall(t *testing.T) {
	path := built(t, "./cmd/ropewalk", "")
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	rss := resident(t, launched(t, path, nodeArgs(t)...).Process.Pid)
	t.Logf("%.1f MiB on disk, %.1f MiB in memory", float64(st.Size())/(1<<20), rss)
	if st.Size() > 60<<20 {
		t.Errorf("%d bytes, want at most 60 MiB", st.Size())
	}
	if rss > 80 {
		t.Errorf("takes %.1f MiB, want at most 80", rss)
	}
}

// From nothing to the line that says the node is ready: less than a second is wanted.
func BenchmarkProgramStart(b *testing.B) {
	path := built(b, "./cmd/ropewalk", "")
	for b.Loop() {
		cmd := launched(b, path, nodeArgs(b)...)
		b.StopTimer()
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
		b.StartTimer()
	}
}

func nodeArgs(t testing.TB) []string {
	return []string{"node", "--data", t.TempDir(), "--localnet", "--rpc", "127.0.0.1:0"}
}
