package libp2p

import (
	"bytes"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/libp2p/go-libp2p/core/network"

	"github.com/ropewalk/ropewalk/link"
)

// A frame whose rest does not come ends its stream in 30 s and what it takes at 128
// KiB/s; between frames a stream may be silent for as long as it likes.
func TestFrameThatStalls(t *testing.T) {
	for _, c := range []struct {
		name string
		size int
		want time.Duration
	}{
		{"small", 1 << 10, frameTimeout + time.Second/128},
		{"large", 90 << 10, frameTimeout + 90*time.Second/128},
	} {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			defer near.Close()
			defer far.Close()
			go func() {
				frame := appendFrame(nil, bare, link.Msg{Data: make([]byte, c.size)})
				_, _ = far.Write(frame)
				time.Sleep(time.Hour)
				_, _ = far.Write(frame[:len(frame)/2])
				time.Sleep(c.want / 2)
				_, _ = far.Write(frame[len(frame)/2 : len(frame)-1])
			}()
			f := newFrames(near, bare, new(buffers))
			if _, data, err := f.next(); err != nil || len(data) != c.size {
				t.Fatalf("%s: %d bytes, %v", c.name, len(data), err)
			}
			begun := time.Now()
			if _, _, err := f.next(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s: %v", c.name, err)
			}
			if got := time.Since(begun) - time.Hour; got != c.want {
				t.Errorf("%s: ended %v after it began, want %v", c.name, got, c.want)
			}
		})
	}
}

// A frame that is there whole costs no deadline.
func TestFrameAtHandCostsNoDeadline(t *testing.T) {
	f := newFrames(bytes.NewReader(appendFrame(nil, bare, link.Msg{Data: make([]byte, 1000)})), bare, new(buffers))
	f.bound = func(time.Time) error { t.Error("a deadline"); return nil }
	_, _ = f.r.Peek(1000)
	if _, data, err := f.next(); err != nil || len(data) != 1000 {
		t.Fatal(len(data), err)
	}
}

// bounded is a stream that notes its deadlines for writing.
type bounded struct {
	network.Stream
	until time.Time
	moves int
}

func (s *bounded) SetWriteDeadline(t time.Time) error {
	s.until = t
	s.moves++
	return nil
}

// Every write has 20 s, and no more than 25, without a timer for each.
func TestTrap22EveryWriteHasADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ln := &bounded{}, &lane{}
		for range 1000 {
			if err := ln.limit(s); err != nil {
				t.Fatal(err)
			}
			if left := time.Until(s.until); left < writeTimeout || left > writeTimeout+writeSlack {
				t.Fatalf("%v for a write", left)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if s.moves > 20 {
			t.Errorf("%d timers for 1000 writes in 100 s", s.moves)
		}
	})
}
