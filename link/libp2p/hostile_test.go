package libp2p

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
	"golang.org/x/time/rate"

	"github.com/ropewalk/ropewalk/link"
)

func socket(t *testing.T, tr *Transport) net.Conn {
	t.Helper()
	a := tr.Addrs()[0]
	c, err := net.Dial("tcp", net.JoinHostPort(a.IP().String(), strconv.Itoa(int(a.Port()))))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// ends reads until the link's error.
func ends(t *testing.T, l link.Link) error {
	t.Helper()
	c := make(chan error, 1)
	go func() {
		for {
			if _, err := l.Read(); err != nil {
				c <- err
				return
			}
		}
	}()
	select {
	case err := <-c:
		return err
	case <-time.After(patience):
		t.Fatal("the link lives on")
		return nil
	}
}

func TestRandomBytesOnListener(t *testing.T) {
	tr := listening(t, "a")
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 40 {
		c := socket(t, tr)
		b := make([]byte, rng.IntN(4000))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		if n%2 == 0 {
			b = append([]byte("\x13/multistream/1.0.0\n\x07/noise\n"), b...)
		}
		_, _ = c.Write(b)
		_ = c.(*net.TCPConn).CloseWrite()
		_ = c.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, c); errors.Is(err, net.ErrClosed) {
			t.Fatal(err)
		}
	}
	newStranger(t, meshsub).dial(t, tr)
	accept(t, tr)
}

// Silent sockets give way to a real peer, long before they would have to leave.
func TestSilentConnections(t *testing.T) {
	tr := listeningAs(t, "a", Config{Hidden: true}) // whoever comes has hiddenSetupTimeout
	start := time.Now()
	for range 4 * pendingMax {
		socket(t, tr)
	}
	newStranger(t, meshsub).dial(t, tr)
	accept(t, tr)
	if took := time.Since(start); took >= hiddenSetupTimeout {
		t.Errorf("a real peer waited until silent ones had to leave: %v", took)
	}
}

// Bad frames cost their stream, and the third one the link.
// Rule: S2
func TestBreaches(t *testing.T) {
	tr, s := listening(t, "a"), newStranger(t, meshsub, chat)
	c := s.dial(t, tr)
	l := accept(t, tr)
	for n, bad := range []string{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "\x01\x09", "\xff\xff\xff\x7f"} {
		p := meshsub
		if n == 1 {
			p = chat
		}
		st := s.opened(t, tr, p, bad)
		_ = st.SetReadDeadline(time.Now().Add(patience))
		if _, err := st.Read(make([]byte, 1)); !errors.Is(err, network.ErrReset) {
			t.Errorf("%q: the stream ended with %v", bad, err)
		}
	}
	var closed *link.Closed
	if err := ends(t, l); !errors.As(err, &closed) || closed.Reason != link.Breach || closed.Remote {
		t.Errorf("the link ended with %v", err)
	}
	for !c.IsClosed() {
		runtime.Gosched()
	}
}

func TestRandomBytesOnLanes(t *testing.T) {
	tr, s := listening(t, "a"), newStranger(t, meshsub, chat)
	s.dial(t, tr)
	l := accept(t, tr)
	rng := rand.New(rand.NewPCG(3, 4))
	go func() {
		for {
			st, err := s.open(tr, []protocol.ID{meshsub, chat}[rng.IntN(2)])
			if err != nil {
				return
			}
			b := make([]byte, 1+rng.IntN(2000))
			for i := range b {
				b[i] = byte(rng.Uint32()) | 0x80 // lengths that never end well
			}
			_, _ = st.Write(b)
			_, _ = st.Read(b)
			_ = st.Reset()
		}
	}()
	if err := ends(t, l); err == nil {
		t.Error("the link lives on")
	}
}

// A flood of streams that name no protocol, each reset as soon as it is open, closes
// the link too.
func TestResetFlood(t *testing.T) {
	tr, s := listening(t, "a"), newStranger(t, meshsub)
	c := s.dial(t, tr)
	l := accept(t, tr)
	go func() {
		for !c.IsClosed() { // however slowly they go out, and the count is forgotten
			if st, err := c.NewStream(t.Context()); err == nil {
				_ = st.Reset()
			}
		}
	}()
	var closed *link.Closed
	if err := ends(t, l); !errors.As(err, &closed) || closed.Reason != link.Breach || closed.Remote {
		t.Errorf("the link ended with %v", err)
	}
}

// Such a flood is counted in full though none of it was handled before all of it came:
// it is too much before it is refused.
func TestResetFloodAtOnce(t *testing.T) {
	tr, s := listening(t, "a"), newStranger(t, meshsub)
	c := s.dial(t, tr)
	l := accept(t, tr).(*Link)
	tr.stack.opens.mu.Lock() // nothing is counted
	for c := range tr.stack.opens.conns {
		tr.stack.opens.conns[c] = rate.NewLimiter(0, opensBurst) // nor forgotten, however long the counting takes
	}
	for range 2 * opensBurst {
		st, err := c.NewStream(t.Context())
		if err != nil {
			t.Error(err)
			break
		}
		_ = st.Reset()
	}
	for end := time.Now().Add(patience); l.conn.Stat().NumStreams <= opensBurst+8 && !t.Failed(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Errorf("only %d streams are there", l.conn.Stat().NumStreams)
		}
	}
	tr.stack.opens.mu.Unlock()
	var closed *link.Closed
	if err := ends(t, l); !errors.As(err, &closed) || closed.Reason != link.Breach || closed.Remote {
		t.Errorf("the link ended with %v", err)
	}
}

// A flood of streams closes the link and leaves nothing behind.
func TestStreamFlood(t *testing.T) {
	tr, s := listening(t, "a"), newStranger(t, meshsub)
	before := runtime.NumGoroutine()
	c := s.dial(t, tr)
	l := accept(t, tr)
	go func() {
		for !c.IsClosed() {
			if st, err := s.open(tr, meshsub); err == nil {
				_, _ = st.Write([]byte("\x01a"))
				_ = st.Reset()
			}
		}
	}()
	var closed *link.Closed
	if err := ends(t, l); !errors.As(err, &closed) || closed.Reason != link.Breach {
		t.Errorf("the link ended with %v", err)
	}
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before+8; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if len(tr.pending) != 0 || len(tr.dials) != 0 {
		t.Errorf("%d pending, %d dials left", len(tr.pending), len(tr.dials))
	}
}
