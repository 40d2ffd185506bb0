package rlpx

import (
	"bytes"
	"crypto/rand"
	"io"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// heap is what is in use after the collector of garbage, and the pools, had their turns.
func heap() int {
	runtime.GC()
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// A header costs nothing, whatever it says: before Hello it ends the connection, and
// afterwards memory follows what arrives.
// Threat K8.
func TestAnnouncedFrames(t *testing.T) {
	const conns, size = 50, 15 << 20
	tr := listening(t, Config{Limits: Limits{PendingIn: 2 * conns}})
	met(t, tr, dialled(t, tr), nil)
	base := heap()
	for range conns {
		s := speak(t, tr, dialled(t, tr))
		_, _ = s.c.Write(s.bigHeader(size))
		if why := s.toldAfterHello(); why != link.Breach {
			t.Fatalf("told %q", why)
		}
		_ = s.c.Close()
	}
	for deadline := time.Now().Add(patience); len(tr.waiting.places) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("some are pending still")
		}
	}
	if grew := heap() - base; grew > 512<<10 {
		t.Errorf("%d KiB are left of %d connections", grew>>10, conns)
	}

	base = heap()
	var all []*speaker
	for range conns {
		s, l := met(t, tr, dialled(t, tr), nil)
		all = append(all, s)
		go func() { _ = ended(l) }()
		_, _ = s.c.Write(s.bigHeader(size))
	}
	for _, c := range []struct{ more, max int }{{0, 64 << 10}, {8 << 10, 64 << 10}, {40 << 10, 128 << 10}} {
		for _, s := range all {
			_, _ = s.c.Write(make([]byte, c.more)) // a little of the body
		}
		time.Sleep(100 * time.Millisecond) // looking too early makes the check weaker
		// The speakers' own ends are in this process too.
		each := (heap()-base)/conns - 17<<10
		t.Logf("%d KiB for each link that waits for a frame of 15 MiB and has %d KiB more", each>>10, c.more>>10)
		if each > c.max {
			t.Errorf("%d bytes for each link that waits for a frame, at most %d", each, c.max)
		}
	}
	for _, s := range all {
		_ = s.c.Close()
	}
	settledBut(t, tr, 1)
}

// settledBut waits until so many links are left.
func settledBut(t *testing.T, tr *Transport, links int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		tr.mu.Lock()
		left := len(tr.links)
		tr.mu.Unlock()
		if left == links {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d links are left", left)
		}
	}
}

// Nothing stays of a message of 15 MiB, on neither side.
func TestAfterLargeMessage(t *testing.T) {
	a, b := listening(t, Config{}), listening(t, Config{Key: key(t, bytes.Repeat([]byte{9}, 32))})
	dialled, err := a.Dial(t.Context(), ticket, b.Addrs()[0])
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := dialled.(*Link), accepted(t, b)
	base := heap()
	for _, random := range []bool{false, true} {
		func() {
			data := make([]byte, 15<<20)
			if random {
				_, _ = rand.Read(data)
			}
			wrote := make(chan error, 1)
			go func() { wrote <- ours.Write(link.Msg{Lane: 1, Data: data}) }()
			m, err := theirs.Read()
			if err != nil || !bytes.Equal(m.Data, data) {
				t.Fatalf("%d bytes, %v", len(m.Data), err)
			}
			if err := <-wrote; err != nil {
				t.Fatal(err)
			}
		}()
	}
	grew := heap() - base
	t.Logf("%d KiB kept", grew>>10)
	if grew > 512<<10 {
		t.Errorf("%d KiB are kept after a message of 15 MiB", grew>>10)
	}
}

// Reading small messages costs a small part of an allocation each, writing none.
func TestAllocations(t *testing.T) {
	tr := listening(t, Config{})
	s, l := met(t, tr, dialled(t, tr), nil)
	const batch = 100
	frames := make([]byte, 0, 200*batch)
	read := testing.AllocsPerRun(50, func() {
		frames = frames[:0]
		var err error
		for range batch {
			if frames, err = s.seal.seal(frames, 0x10, small); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = s.c.Write(frames)
		for range batch {
			if _, err := l.Read(); err != nil {
				t.Fatal(err)
			}
		}
	})
	if each := read / batch; each > 0.1 {
		t.Errorf("%.3f allocations for each message that is read", each)
	}
	go func() { _, _ = io.Copy(io.Discard, s.c) }()
	all := make([]link.Msg, batch)
	for i := range all {
		all[i].Data = small
	}
	write := testing.AllocsPerRun(50, func() {
		if err := l.WriteAll(all); err != nil {
			t.Fatal(err)
		}
	})
	if each := write / batch; each > 0.02 {
		t.Errorf("%.3f allocations for each message that is written", each)
	}
	t.Logf("%.3f allocations for reading and %.3f for writing a message", read/batch, write/batch)
}

// A batch is one write of the socket, up to batchBytes.
func TestWritesOfBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := made(t, Config{})
		ours, theirs := wires(16 << 20)
		go tr.admit(ours)
		_, l := met(t, tr, theirs, nil)
		before := ours.out.writes
		all := make([]link.Msg, 1000)
		for i := range all {
			all[i].Data = small
		}
		for _, c := range []struct{ msgs, writes int }{{1, 1}, {64, 1}, {300, 1}, {1000, 2}} {
			if err := l.WriteAll(all[:c.msgs]); err != nil {
				t.Fatal(err)
			}
			n := ours.out.writes - before
			before = ours.out.writes
			if n > c.writes {
				t.Errorf("%d messages took %d writes, want %d", c.msgs, n, c.writes)
			}
		}
		_ = theirs.Close()
		_ = l.Close(link.Requested)
	})
}

var small = bytes.Repeat([]byte("x"), 64)
