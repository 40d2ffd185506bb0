package rlpx

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// window is a socket's worth of bytes in flight.
const window = 256 << 10

// inTime runs a test on a clock of its own, with a transport and a speaker's end.
func inTime(t *testing.T, test func(*testing.T, *Transport, *wire)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tr := made(t, Config{})
		ours, theirs := wires(window)
		go tr.admit(ours)
		test(t, tr, theirs)
		_ = theirs.Close()
		time.Sleep(2 * time.Second) // for who sleeps between two writes
	})
}

// between checks how long something took.
func between(t *testing.T, what string, since time.Time, least, most time.Duration) {
	t.Helper()
	if took := time.Since(since); took < least || took > most {
		t.Errorf("%s after %v, want %v to %v", what, took, least, most)
	}
}

// drip writes b one byte a second until it is told to stop.
func drip(w io.Writer, b []byte) (n int) {
	for n = range b {
		if _, err := w.Write(b[n : n+1]); err != nil {
			return n
		}
		time.Sleep(time.Second)
	}
	return len(b)
}

// Who is silent, or speaks one byte a second, is gone when handshake and Hello should
// be done, whatever it has said until then.
// Threat K1.
func TestSetupDeadline(t *testing.T) {
	none := func(*testing.T, *Transport, *wire) {}
	dripAuth := func(_ *testing.T, _ *Transport, c *wire) {
		drip(c, append([]byte{1, 200}, make([]byte, 456)...))
	}
	for _, c := range []struct {
		name string
		do   func(*testing.T, *Transport, *wire)
	}{
		{"silent", none},
		{"auth byte by byte", dripAuth},
		{"no Hello", func(t *testing.T, tr *Transport, c *wire) {
			if why := speak(t, tr, c).toldAfterHello(); why != link.Timeout {
				t.Errorf("told %q", why)
			}
		}},
		{"Hello byte by byte", func(t *testing.T, tr *Transport, c *wire) {
			s := speak(t, tr, c)
			drip(c, s.helloFrame(s.hello()))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inTime(t, func(t *testing.T, tr *Transport, w *wire) {
				begun := time.Now()
				c.do(t, tr, w)
				_, _ = io.Copy(io.Discard, w)
				between(t, "hung up", begun, 0, setupTimeout+tr.linger+2*time.Second)
				_ = w.Close()
				synctest.Wait()
				if s := tr.Stats(); s.In["timeout"] != 1 {
					t.Errorf("counted %v", s.In)
				}
				if len(tr.waiting.list) != 0 || len(tr.waiting.places) != 0 || len(tr.sockets) != 0 {
					t.Error("something of it stays")
				}
			})
		})
	}
}

// toldAfterHello reads Hello and then the reason, without having said anything.
func (s *speaker) toldAfterHello() link.Reason {
	s.t.Helper()
	code, _, err := s.in.next()
	if err != nil || code != codeHello {
		s.t.Fatalf("instead of Hello came %d, %v", code, err)
	}
	return s.told()
}

// The other way round: whom we dial has as long.
func TestDialDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := made(t, Config{})
		ours, theirs := wires(window)
		defer theirs.Close()
		begun := time.Now()
		to := made(t, Config{Key: key(t, bytes.Repeat([]byte{7}, 32))}).enode(loopback)
		if _, err := tr.setupDialled(t.Context(), ours, to); !errors.Is(err, ErrTimeout) {
			t.Errorf("got %v", err)
		}
		between(t, "gave up", begun, setupTimeout, setupTimeout)
	})
}

// A remote that says nothing is pinged, and gone when it says nothing still.
// Threat K12.
func TestC6Silence(t *testing.T) {
	inTime(t, func(t *testing.T, tr *Transport, w *wire) {
		s, l := met(t, tr, w, nil)
		begun := time.Now()
		end := make(chan error, 1)
		go func() { end <- ended(l) }()
		code, _, err := s.in.next()
		if err != nil || code != codePing {
			t.Fatalf("code %d, %v", code, err)
		}
		between(t, "pinged", begun, pingAfter-pingJitter, pingAfter)
		if why := s.told(); why != link.Timeout {
			t.Errorf("told %q", why)
		}
		wantEnd(t, <-end, link.Timeout, false)
		between(t, "ended", begun, readIdle, readIdle)
	})
}

// A remote that only answers pings lives for ever, and its round trips are told.
func TestC6PongsAreLife(t *testing.T) {
	inTime(t, func(t *testing.T, tr *Transport, w *wire) {
		s, l := met(t, tr, w, nil)
		const delay, pings = 30 * time.Millisecond, 40
		go func() {
			for {
				code, _, err := s.in.next()
				if err != nil {
					return
				}
				if code == codePing {
					time.Sleep(delay)
					s.say(codePong, emptyList)
				}
			}
		}()
		begun := time.Now()
		for range pings {
			m, err := l.Read()
			if err != nil || m.Op != link.Timed || time.Duration(m.Code) != delay {
				t.Fatalf("%s %v, %v", m.Op, time.Duration(m.Code), err)
			}
		}
		between(t, "pinged so often", begun, pings*(pingAfter-pingJitter), pings*(pingAfter+time.Second))
		if n := tr.Stats().PingsSent; n != pings {
			t.Errorf("%d pings", n)
		}
	})
}

// We never let the remote wait for a sign of us, however much it says itself, and an
// answer that does not come matters only when nothing else does.
func TestPingWhileReading(t *testing.T) {
	inTime(t, func(t *testing.T, tr *Transport, w *wire) {
		s, l := met(t, tr, w, nil)
		end := make(chan error, 1)
		go func() { end <- ended(l) }()
		pings := make(chan time.Time, 100)
		go func() {
			defer close(pings)
			for {
				code, _, err := s.in.next()
				if err != nil {
					return
				}
				if code == codePing {
					pings <- time.Now()
				}
			}
		}()
		last := time.Now()
		for range 300 {
			s.say(0x10, []byte("more"))
			time.Sleep(time.Second)
		}
		silent := time.Now()
		wantEnd(t, <-end, link.Timeout, false)
		// The ping in flight may be older than the silence.
		between(t, "ended", silent, 0, readIdle)
		n := 0
		for at := range pings {
			if gap := at.Sub(last); gap > pingAfter+2*time.Second {
				t.Errorf("nothing sent for %v", gap)
			}
			last, n = at, n+1
		}
		if n < 15 {
			t.Errorf("%d pings in five minutes", n)
		}
	})
}

// After a ping the remote has pingTimeout for any sign of life.
func TestPingTimeout(t *testing.T) {
	inTime(t, func(t *testing.T, tr *Transport, w *wire) {
		s, l := met(t, tr, w, nil)
		end := make(chan error, 1)
		go func() { end <- ended(l) }()
		begun := time.Now()
		for range 13 {
			s.say(0x10, []byte("more"))
			time.Sleep(time.Second)
		}
		wantEnd(t, <-end, link.Timeout, false)
		between(t, "ended", begun, pingAfter-pingJitter+pingTimeout, pingAfter+pingTimeout)
	})
}

// A frame that comes byte by byte ends the link, however alive the remote is.
func TestFrameDrip(t *testing.T) {
	inTime(t, func(t *testing.T, tr *Transport, w *wire) {
		s, l := met(t, tr, w, nil)
		end := make(chan error, 1)
		go func() { end <- ended(l) }()
		go func() { _, _ = io.Copy(io.Discard, w) }()
		begun := time.Now()
		drip(w, s.frame(0x10, bytes.Repeat([]byte("x"), 1000)))
		wantEnd(t, <-end, link.Timeout, false)
		between(t, "stopped", begun, frameTimeout, frameTimeout+reasonTimeout+lingerTimeout)
	})
}

// The largest message comes through at 160 KiB a second, and at 100 it does not.
func TestFramePace(t *testing.T) {
	for _, c := range []struct {
		pace int
		ok   bool
	}{{160 << 10, true}, {100 << 10, false}} {
		inTime(t, func(t *testing.T, tr *Transport, w *wire) {
			s, l := met(t, tr, w, nil)
			go func() { _, _ = io.Copy(io.Discard, w) }()
			payload := make([]byte, protocols[1].BytesMax)
			_, _ = rand.Read(payload)
			frame := s.frame(0x18, payload[:protocols[1].BytesMax-8<<10])
			go func() {
				for len(frame) > 0 {
					n, err := w.Write(frame[:min(len(frame), c.pace)])
					if err != nil {
						return
					}
					frame = frame[n:]
					time.Sleep(time.Second)
				}
			}()
			m, err := l.Read()
			if c.ok {
				if err != nil || len(m.Data) != protocols[1].BytesMax-8<<10 {
					t.Errorf("at %d: %d bytes, %v", c.pace, len(m.Data), err)
				}
				_ = l.Close(link.Requested)
			} else {
				wantEnd(t, err, link.Timeout, false)
			}
		})
	}
}

// Who does not read is dropped, and Write does not wait longer than that.
// Threat M5.
func TestTrap22ZeroWindow(t *testing.T) {
	inTime(t, func(t *testing.T, tr *Transport, w *wire) {
		s, l := met(t, tr, w, nil)
		end := make(chan error, 1)
		go func() { end <- ended(l) }()
		go func() {
			for {
				if _, err := w.Write(s.frame(0x10, []byte("I live"))); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		begun, err := time.Now(), error(nil)
		for err == nil {
			err = l.Write(link.Msg{Data: bytes.Repeat([]byte("much"), 1<<10)})
		}
		if !errors.Is(err, ErrLost) {
			t.Errorf("write: %v", err)
		}
		between(t, "gave up", begun, writeTimeout, writeTimeout+writeSlack)
		_ = l.Close(link.NetworkError)
		wantEnd(t, <-end, link.NetworkError, false)
		between(t, "ended", begun, writeTimeout, writeTimeout+writeSlack+tornTimeout)
		<-l.gone
	})
}

// A reader never waits for the wire: pongs that it does not take come later, in order.
func TestC5PongsWhileFull(t *testing.T) {
	inTime(t, func(t *testing.T, tr *Transport, w *wire) {
		s, l := met(t, tr, w, nil)
		// Fill the wire to the brim, so that half a pong fits.
		w.in.mu.Lock()
		w.in.room = len(w.in.data) + 70
		w.in.mu.Unlock()
		for range 3 {
			s.say(codePing, emptyList)
		}
		s.say(0x11, []byte("behind"))
		begun := time.Now()
		if m, err := l.Read(); err != nil || string(m.Data) != "behind" {
			t.Fatalf("%q, %v", m.Data, err)
		}
		between(t, "read on", begun, 0, 4*pongPatience)
		go func() { _ = ended(l) }()
		w.in.mu.Lock()
		w.in.room = window
		w.in.mu.Unlock()
		w.in.change.Broadcast()
		for range 3 {
			if code, _, err := s.next(); err != nil || code != codePong {
				t.Fatalf("code %d, %v", code, err)
			}
		}
		between(t, "pongs", begun, 0, time.Second)
	})
}

// Close does not wait for a remote that never reads, and frees who writes to it. (On
// real sockets: a bubble's time stands still while a goroutine waits for a lock.)
func TestCloseWithoutReader(t *testing.T) {
	tr := listening(t, Config{})
	_, l := met(t, tr, dialled(t, tr), nil)
	wrote := make(chan error, 1)
	full := make(chan struct{})
	go func() {
		var err error
		for n := 0; err == nil; n++ {
			if n == 64 { // MiB
				close(full)
			}
			data := make([]byte, 1<<20)
			_, _ = rand.Read(data)
			err = l.Write(link.Msg{Data: data})
		}
		wrote <- err
	}()
	select {
	case <-full:
		t.Fatal("64 MiB went to a remote that does not read")
	case <-time.After(time.Second):
	}
	_ = l.Close(link.Requested)
	wantEnd(t, <-wrote, link.Requested, false)
	<-l.gone
}
