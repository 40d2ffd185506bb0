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
	"time"
)

// built compiles a program of this module.
func built(t *testing.T, pkg string, tags string) string {
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
func launched(t *testing.T, path string, args ...string) (pid int, took time.Duration) {
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
	begun := time.Now()
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
	return cmd.Process.Pid, time.Since(begun)
}

// resident is a process's memory in MiB.
func resident(t *testing.T, pid int) float64 {
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

// A library node with links in memory only stays within 15 MiB.
func TestMemoryNodeIsSmall(t *testing.T) {
	pid, _ := launched(t, built(t, "./examples/memory", "nolibp2p"), "-nodes", "1")
	rss := resident(t, pid)
	t.Logf("%.1f MiB", rss)
	if rss > 15 {
		t.Errorf("takes %.1f MiB, want at most 15", rss)
	}
}

// The program: 60 MiB at most, ready within a second, 80 MiB of memory when idle.
func TestProgramIsSmallAndQuick(t *testing.T) {
	path := built(t, "./cmd/ropewalk", "")
	st, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, took := launched(t, path, "node", "--data", t.TempDir(), "--localnet", "--rpc", "127.0.0.1:0")
	rss := resident(t, pid)
	t.Logf("%.1f MiB on disk, ready after %s, %.1f MiB in memory", float64(st.Size())/(1<<20), took.Round(time.Millisecond), rss)
	if st.Size() > 60<<20 {
		t.Errorf("%d bytes, want at most 60 MiB", st.Size())
	}
	if took > time.Second {
		t.Errorf("ready after %s, want less than 1s", took)
	}
	if rss > 80 {
		t.Errorf("takes %.1f MiB, want at most 80", rss)
	}
}
