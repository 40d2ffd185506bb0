package rlpx

import (
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// wire is one end of a connection in memory, with all that the package asks of a
// socket: room, deadlines, half-close. It keeps time by the clock of its goroutines,
// so that testing/synctest can turn it.
type wire struct {
	in, out *flow
}

// wires joins two ends. Each direction has room for so many bytes.
func wires(room int) (a, b *wire) {
	ab, ba := newFlow(room), newFlow(room)
	return &wire{in: ba, out: ab}, &wire{in: ab, out: ba}
}

// flow is one direction.
type flow struct {
	mu      sync.Mutex
	change  sync.Cond
	room    int
	data    []byte
	ended   bool // by the writer
	gone    bool // closed by the reader
	read    limit
	written limit
	writes  int // calls
}

// limit is a deadline.
type limit struct {
	over  bool
	timer *time.Timer
}

func newFlow(room int) *flow {
	f := &flow{room: room}
	f.change.L = &f.mu
	return f
}

func (f *flow) set(l *limit, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l.timer != nil {
		l.timer.Stop()
	}
	l.over, l.timer = false, nil
	if at.IsZero() {
		return
	}
	if wait := time.Until(at); wait <= 0 {
		l.over = true
		f.change.Broadcast()
	} else {
		var t *time.Timer
		t = time.AfterFunc(wait, func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			if l.timer == t {
				l.over = true
				f.change.Broadcast()
			}
		})
		l.timer = t
	}
}

func (w *wire) Read(b []byte) (int, error) {
	f := w.in
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.gone:
			return 0, net.ErrClosed
		case f.read.over:
			return 0, os.ErrDeadlineExceeded
		case len(f.data) > 0:
			n := copy(b, f.data)
			f.data = f.data[n:]
			f.change.Broadcast()
			return n, nil
		case f.ended:
			return 0, io.EOF
		}
		f.change.Wait()
	}
}

func (w *wire) Write(b []byte) (n int, err error) {
	f := w.out
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	for {
		switch {
		case f.ended:
			return n, net.ErrClosed
		case f.gone:
			return n, io.ErrClosedPipe
		case len(b) == 0:
			return n, nil
		case f.written.over:
			return n, os.ErrDeadlineExceeded
		}
		if m := min(f.room-len(f.data), len(b)); m > 0 {
			f.data = append(f.data, b[:m]...)
			b, n = b[m:], n+m
			f.change.Broadcast()
			continue
		}
		f.change.Wait()
	}
}

func (f *flow) end(writer bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if writer {
		f.ended = true
	} else {
		f.gone = true
	}
	f.change.Broadcast()
}

func (w *wire) CloseWrite() error { w.out.end(true); return nil }

// Close resets the connection when there is input that nobody read, as a kernel does:
// what the remote has not read by then is lost, as when the reset is faster.
func (w *wire) Close() error {
	w.in.mu.Lock()
	unread := len(w.in.data) > 0
	w.in.mu.Unlock()
	if unread {
		w.out.mu.Lock()
		w.out.data = nil
		w.out.mu.Unlock()
	}
	w.out.end(true)
	w.in.end(false)
	w.in.set(&w.in.read, time.Time{})
	w.out.set(&w.out.written, time.Time{})
	return nil
}
func (w *wire) SetReadDeadline(t time.Time) error  { w.in.set(&w.in.read, t); return nil }
func (w *wire) SetWriteDeadline(t time.Time) error { w.out.set(&w.out.written, t); return nil }
func (w *wire) SetDeadline(t time.Time) error {
	_ = w.SetReadDeadline(t)
	return w.SetWriteDeadline(t)
}
func (w *wire) LocalAddr() net.Addr  { return wireAddr{} }
func (w *wire) RemoteAddr() net.Addr { return wireAddr{} }

type wireAddr struct{}

func (wireAddr) Network() string { return "wire" }
func (wireAddr) String() string  { return "wire" }

func TestWire(t *testing.T) {
	a, b := wires(4)
	_, _ = a.Write([]byte("1234"))
	_ = a.SetWriteDeadline(time.Now().Add(time.Millisecond))
	if n, err := a.Write([]byte("5")); n != 0 || err != os.ErrDeadlineExceeded {
		t.Error(n, err)
	}
	_ = a.Close()
	if got, err := io.ReadAll(b); string(got) != "1234" || err != nil {
		t.Error(string(got), err)
	}
}
