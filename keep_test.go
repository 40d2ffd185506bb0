package ropewalk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/link/mem"
)

// texts are the texts of a room's lines in their order.
func texts(t testing.TB, n *Node, room string) []string {
	t.Helper()
	lines, _, err := n.ChatHistory(t.Context(), room, "", 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, l := range lines {
		out = append(out, l.Text)
	}
	return out
}

// What a process killed at any moment leaves behind holds every acknowledged line
// once and in order. The folder is copied while the node runs, which is what a
// kill leaves.
func TestAcknowledgedLinesOutliveAKill(t *testing.T) {
	cfg := memConfig(mem.NewNetwork(), "a")
	cfg.DataDir = t.TempDir()
	n := started(t, cfg)
	if err := n.ChatJoin(t.Context(), "lobby", 0); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var acked []string
	var speaker sync.WaitGroup
	speaker.Go(func() {
		for i := range 40 {
			text := fmt.Sprintf("line %02d", i)
			if _, err := n.ChatSay(t.Context(), "lobby", text); err != nil {
				t.Errorf("say: %v", err)
			}
			mu.Lock()
			acked = append(acked, text)
			mu.Unlock()
		}
	})
	for i := range 5 {
		until(t, "more lines", func() bool { mu.Lock(); defer mu.Unlock(); return len(acked) >= 8*(i+1) })
		mu.Lock()
		sure := slices.Clone(acked)
		mu.Unlock()
		copied := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(copied, os.DirFS(cfg.DataDir)); err != nil {
			t.Fatal(err)
		}
		again := memConfig(mem.NewNetwork(), "a")
		again.DataDir = copied
		got := texts(t, started(t, again), "lobby")
		if len(got) < len(sure) || !slices.Equal(got[:len(sure)], sure) || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
			t.Errorf("acknowledged %q, read %q", sure, got)
		}
	}
	speaker.Wait()
}

// A torn end of the log costs the torn line, and what is said next stands.
func TestTornLogIsRepaired(t *testing.T) {
	dir := t.TempDir()
	open := func() *Node {
		cfg := memConfig(mem.NewNetwork(), "a")
		cfg.DataDir = dir
		return started(t, cfg)
	}
	n := open()
	if err := n.ChatJoin(t.Context(), "lobby", 0); err != nil {
		t.Fatal(err)
	}
	say := func(text string) {
		t.Helper()
		if _, err := n.ChatSay(t.Context(), "lobby", text); err != nil {
			t.Fatal(err)
		}
	}
	say("one")
	say("two")
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	logs, _ := filepath.Glob(filepath.Join(dir, "chat", "*"))
	torn := 0
	for _, path := range logs {
		if st, err := os.Stat(path); err == nil && st.Size() > 400 {
			if err := os.Truncate(path, st.Size()-200); err != nil {
				t.Fatal(err)
			}
			torn++
		}
	}
	if torn != 1 {
		t.Fatalf("found %d logs in %v", torn, logs)
	}
	n = open()
	if got := texts(t, n, "lobby"); len(got) == 0 || got[0] != "one" || len(got) > 2 {
		t.Fatalf("after the tear: %q", got)
	}
	say("three")
	n.Close()
	n = open()
	if got := texts(t, n, "lobby"); got[0] != "one" || got[len(got)-1] != "three" {
		t.Errorf("after the repair: %q", got)
	}
}

// What cannot be saved is told to whoever asked; the node lives, and what is said
// when there is room again is kept.
func TestFailedSaveIsTold(t *testing.T) {
	cfg := memConfig(mem.NewNetwork(), "a")
	cfg.DataDir = t.TempDir()
	n := started(t, cfg)
	if err := n.ChatJoin(t.Context(), "lobby", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := n.ChatSay(t.Context(), "lobby", "before"); err != nil {
		t.Fatal(err)
	}
	rooms := filepath.Join(cfg.DataDir, "chat")
	if err := os.Rename(rooms, rooms+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(rooms, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if l, err := n.ChatSay(soon(t), "lobby", "into the void"); err == nil {
		t.Errorf("a line that is not on disk is acknowledged: %+v", l)
	}
	if err := n.ChatJoin(soon(t), "elsewhere", 0); err == nil {
		t.Error("a room that is not on disk is joined")
	}
	if !n.Health().OK {
		t.Errorf("health: %+v", n.Health())
	}
	if err := errors.Join(os.Remove(rooms), os.Rename(rooms+".away", rooms)); err != nil {
		t.Fatal(err)
	}
	if _, err := n.ChatSay(soon(t), "lobby", "after"); err != nil {
		t.Fatalf("say after the repair: %v", err)
	}
	n.Close()

	again := memConfig(mem.NewNetwork(), "a")
	again.DataDir = cfg.DataDir
	got := texts(t, started(t, again), "lobby")
	if !slices.Contains(got, "before") || !slices.Contains(got, "after") {
		t.Errorf("kept %q", got)
	}
}

// The host book outlives the node, without a hosts file nothing is missing, and a
// damaged one starts an empty book.
func TestHostsOutliveTheNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		wire := mem.NewNetwork()
		b := started(t, memConfig(wire, "b"))
		open := func() *Node {
			cfg := memConfig(wire, "a")
			cfg.DataDir = dir
			n := made(t, cfg)
			if err := n.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			return n
		}
		known := func(n *Node) int {
			page, err := n.Hosts(t.Context(), "", 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			return page.Total
		}
		n := open()
		join(t, n, b)
		time.Sleep(time.Second) // virtual: hellos are traded
		if known(n) == 0 {
			t.Fatal("the link left nothing in the book")
		}
		n.Close()
		n = open()
		if known(n) == 0 {
			t.Error("the book is empty after a restart")
		}
		n.Close()
		path := filepath.Join(dir, "hosts")
		if err := os.WriteFile(path, []byte("no book\n\x00\xff"), 0o600); err != nil {
			t.Fatal(err)
		}
		n = open()
		if known(n) == 0 {
			t.Error("the copy of before is not used when the book is noise")
		}
		n.Close()
		if kept, err := os.ReadFile(path + ".damaged"); string(kept) != "no book\n\x00\xff" {
			t.Errorf("the damaged book is %q, %v", kept, err)
		}
	})
}

// The book is saved at the start, now and then, and not only at the end.
func TestTrap28HostsAreSavedOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := memConfig(mem.NewNetwork(), "a")
		cfg.DataDir, cfg.Session.SaveEvery = t.TempDir(), time.Minute
		started(t, cfg)
		path := filepath.Join(cfg.DataDir, "hosts")
		until(t, "the save at the start", func() bool { _, err := os.Stat(path); return err == nil })
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute + time.Second)
		until(t, "the hosts file", func() bool { _, err := os.Stat(path); return err == nil })
		if st, _ := os.Stat(path); st.Mode() != 0o600 {
			t.Errorf("mode %v", st.Mode())
		}
	})
}

// A file that is there and cannot be read is not taken for none, and not written
// over.
func TestUnreadableFile(t *testing.T) {
	for _, name := range []string{"hosts", "chat/rooms"} {
		cfg := memConfig(mem.NewNetwork(), "a")
		cfg.DataDir = t.TempDir()
		path := filepath.Join(cfg.DataDir, filepath.FromSlash(name))
		if err := os.MkdirAll(path, 0o700); err != nil { // a folder: unreadable to root too
			t.Fatal(err)
		}
		n, err := New(cfg)
		if err == nil {
			n.Close()
			t.Errorf("%s cannot be read, and New goes on without", name)
			continue
		}
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
		made(t, cfg)
	}
}
