//go:build !nopebble

package store

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ropewalk/ropewalk/content"
)

var kills = flag.Int("kills", 5, "how often TestKilled kills a process that puts")

// childFolder, in the environment of a child of TestKilled, is its store's folder, and
// childFrom the number of its first item.
const (
	childFolder = "ROPEWALK_STORE_TEST_FOLDER"
	childFrom   = "ROPEWALK_STORE_TEST_FROM"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		putForEver(dir)
	}
	os.Exit(m.Run())
}

// lasting is a store with room for all that the user puts.
func lasting() Config {
	c := small(vfs.Default)
	c.Durable = 1 << 40
	return c
}

// putForEver puts items and says the number of each one that is acknowledged.
func putForEver(dir string) {
	s, err := Open(dir, lasting())
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	var n uint32
	fmt.Sscan(os.Getenv(childFrom), &n)
	for ; ; n++ {
		err := putNth(s, n)
		if n%2 == 0 && errors.Is(err, content.ErrOutside) {
			err = nil // of peers, whose room is used up after some hundred kills
		}
		if err != nil {
			fmt.Println("put:", err)
			os.Exit(1)
		}
		fmt.Println(n)
	}
}

// TestKilled kills a process that puts, again and again (D1). Nothing that was
// acknowledged and is the user's is lost, and nothing is wrong.
func TestKilled(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "content")
	next := uint32(0)
	for kill := range *kills {
		first := next
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childFolder+"="+dir, fmt.Sprintf("%s=%d", childFrom, next))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		quota := uint32(1 + rand.IntN(60))
		time.AfterFunc(time.Minute, func() { cmd.Process.Kill() }) // one that hangs
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			var n uint32
			if _, err := fmt.Sscan(lines.Text(), &n); err != nil {
				t.Fatalf("the child says %q", lines.Text())
			}
			if next = n + 1; next-first == quota {
				cmd.Process.Kill() // and what it says until it is dead counts, too
			}
		}
		_ = cmd.Wait()
		if next-first < quota {
			t.Fatalf("the child ended after %d of %d puts", next-first, quota)
		}
		s := opened(t, dir, lasting())
		from := uint32(0)
		if kill%50 != 0 && first > 200 {
			from = first - 200 // all of them now and then
		}
		for n := from; n < next; n++ {
			checkNth(t, s, n, true)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
