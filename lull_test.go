package ropewalk

import (
	"os"
	"runtime"
	"testing"
)

// The reader of what came is awake after the wait, so that a yield lets it go. With
// one processor the order is the scheduler's alone: two yields would not do.
func TestLullWakesReaders(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	from, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	defer to.Close()
	l := newLull()
	defer l.close()

	const rounds = 200
	got := make(chan byte, rounds)
	go func() {
		var b [1]byte
		for {
			if _, err := from.Read(b[:]); err != nil {
				close(got)
				return
			}
			got <- b[0]
		}
	}()
	late := 0
	for i := range rounds {
		l.wait() // the reader waits for the poller
		if _, err := to.Write([]byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
		l.wait()
		runtime.Gosched()
		if len(got) == 0 {
			late++ // the runtime's own monitor looks at the sockets too, now and then
		}
		if b := <-got; b != byte(i) {
			t.Fatalf("read %d, want %d", b, byte(i))
		}
	}
	if late > rounds/4 {
		t.Errorf("%d of %d times the reader came later", late, rounds)
	}
	_ = to.Close()
	for range got {
	}
}

func TestLullAllocatesNothing(t *testing.T) {
	l := newLull()
	defer l.close()
	if n := testing.AllocsPerRun(100, l.wait); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Without files, and after the end, it only yields.
func TestLullWithoutFiles(t *testing.T) {
	new(lull).wait()
	l := newLull()
	l.close()
	l.wait()
	l.close()
}
