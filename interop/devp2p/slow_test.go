package devp2p

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/interop/rig"
)

// drip writes one byte a second until the node hangs up, and tells how it did: the
// reason, or -1.
func (s *speaker) drip(b []byte) {
	ctx, stop := context.WithCancel(s.t.Context())
	s.t.Cleanup(stop)
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for i := range b {
			if s.raw(b[i:i+1]) != nil {
				return
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
}

// TestDrip: one byte per second, in each phase: the node gives a phase its time and not
// more. After the Hellos a frame that was begun must go on.
func TestDrip(t *testing.T) {
	v := startVictim(t)
	t.Run("phases", func(t *testing.T) {
		t.Run("auth", func(t *testing.T) {
			t.Parallel()
			s := connect(t, v.enode)
			a, err := s.auth()
			if err != nil {
				t.Fatal(err)
			}
			s.drip(a.packet)
			s.silent("auth")
		})
		t.Run("nothing", func(t *testing.T) {
			t.Parallel()
			connect(t, v.enode).silent("nothing")
		})
		t.Run("hello", func(t *testing.T) {
			t.Parallel()
			s := shaken(t, v.enode)
			s.drip(s.message(codeHello, s.hello(echo)))
			s.reason()
		})
		t.Run("no hello", func(t *testing.T) {
			t.Parallel()
			shaken(t, v.enode).reason()
		})
		t.Run("frame", func(t *testing.T) {
			t.Parallel()
			s := greeted(t, v.enode, echo)
			s.drip(s.message(firstCode, make([]byte, 4<<10)))
			s.ended("frame", timedOut)
		})
		t.Run("silence", func(t *testing.T) {
			t.Parallel()
			s := greeted(t, v.enode, echo)
			s.ended("silence", timedOut)
		})
	})
	v.unharmed()
}

// TestAnnounced: fifty connections announce a frame of 15 MiB, before the Hello and
// after, and send nothing of it: the node refuses, or waits without setting memory
// aside.
func TestAnnounced(t *testing.T) {
	const size, links = 15 << 20, 50
	v := startVictim(t)
	for range links {
		s := shaken(t, v.enode)
		s.raw(s.frame(size, nil))
		s.ended("before Hello", breach)
	}
	v.unharmed()

	before := heapNow()
	var all []*speaker
	for range links {
		s := greeted(t, v.enode, echo)
		s.raw(s.frame(size, nil))
		all = append(all, s)
	}
	rig.Until(t, "links", func() string {
		if list, _ := v.Sessions(rig.Within(t)); len(list) != links {
			return fmt.Sprint(len(list))
		}
		return ""
	})
	if grown := int64(heapNow()) - int64(before); grown > links*(64<<10)+heapSlack {
		t.Errorf("%d half-open frames cost %d bytes", links, grown)
	}
	for _, s := range all {
		s.conn.Close()
	}
	v.unharmed()
}

// TestPingFlood: 200,000 pings and nobody reads the answers: a breach, found early.
func TestPingFlood(t *testing.T) {
	v := startVictim(t)
	s := greeted(t, v.enode, echo)
	for range 200_000 {
		if s.raw(s.message(codePing, []byte{0xc0})) != nil {
			break
		}
	}
	if n := runtime.NumGoroutine(); n > v.goroutines+10 {
		t.Errorf("%d goroutines, were %d", n, v.goroutines)
	}
	pongs := 0
	for {
		code, _, err := s.next()
		if err != nil || code == codeDisconnect {
			break
		}
		if code == codePong {
			pongs++
		}
	}
	if pongs > 100 {
		t.Errorf("%d answers", pongs)
	}
	s.conn.Close()
	v.told("breach")
	v.unharmed()
}

// TestUnasked: a Pong that nobody asked for and the reserved codes teach nothing and
// harm nothing.
func TestUnasked(t *testing.T) {
	v := startVictim(t)
	s := greeted(t, v.enode, echo)
	for range 3 {
		s.say(codePong, []byte{0xc0})
	}
	for code := uint64(4); code < firstCode; code++ {
		s.say(code, []byte{0xc1, 1})
	}
	s.say(codePing, []byte{0xc0})
	if code, _ := s.hear(); code != codePong {
		t.Fatalf("code %#x, want a Pong", code)
	}
	s.say(firstCode, []byte{0xc0})
	if code, _ := s.hearData(); code != firstCode {
		t.Fatalf("code %#x", code)
	}
	s.conn.Close()
	v.unharmed()
}

// TestZeroWindow: a remote that has flood/1 send and reads nothing of it: what waits is
// bounded, and the link ends.
func TestZeroWindow(t *testing.T) {
	v := startVictim(t)
	s := greeted(t, v.enode, capability{"flood", 1})
	for range 20 {
		s.say(firstCode, encoded(t, []uint{1000, 16 << 10}))
	}
	v.told("") // any event
	rig.Until(t, "the end", func() string {
		if list, _ := v.Sessions(rig.Within(t)); len(list) > 0 {
			return "the link is up"
		}
		return ""
	})
	if h := heapNow(); h > v.heap+64<<20 {
		t.Errorf("heap of %d", h)
	}
	io.Copy(io.Discard, s.conn)
	s.conn.Close()
	v.unharmed()
}
