package devp2p

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// victim is a node of ours with the diagnostic protocols, and what it was before
// anybody spoke to it.
type victim struct {
	*ropewalk.Node
	t          *testing.T
	enode      string
	goroutines int
	heap       uint64

	mu     sync.Mutex
	events []ropewalk.Event
}

// heapSlack is what the heap may differ by when an attack is over: caches of the
// runtime, counters, tables that were made once.
const heapSlack = 4 << 20

func startVictim(t *testing.T) *victim {
	t.Helper()
	v := watched(t, startWith(t, ropewalk.Config{Diagnostics: true}))
	// One right conversation first, so that what is made once is there.
	v.alive()
	v.settled()
	v.goroutines, v.heap = runtime.NumGoroutine(), heapNow()
	return v
}

// startWatched is startRope with its events.
func startWatched(t *testing.T, protocols ...ropewalk.Protocol) *victim {
	t.Helper()
	return watched(t, startRope(t, protocols...))
}

func watched(t *testing.T, n *ropewalk.Node) *victim {
	t.Helper()
	v := &victim{Node: n, t: t, enode: n.Info().Enode}
	sub := v.Events(context.Background(), "peer", "session", "rlpx")
	t.Cleanup(sub.Close)
	go func() {
		for e := range sub.C() {
			v.mu.Lock()
			v.events = append(v.events, e)
			v.mu.Unlock()
		}
	}()
	return v
}

func heapNow() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// alive checks that the node still answers a right speaker.
func (v *victim) alive() {
	v.t.Helper()
	s := greeted(v.t, v.enode, capability{"echo", 1})
	s.say(firstCode+3, []byte{0xc1, 0x05})
	for {
		code, payload := s.hear()
		if code == codePing {
			continue
		}
		if code != firstCode+3 || string(payload) != "\xc1\x05" {
			v.t.Fatalf("echo came as code %#x %x", code, payload)
		}
		break
	}
	s.say(codeDisconnect, []byte{0xc1, 0x08})
	s.conn.Close()
}

// settled waits until no link is left.
func (v *victim) settled() {
	v.t.Helper()
	rig.Until(v.t, "links", func() string {
		all, err := v.Sessions(rig.Within(v.t))
		if err != nil {
			return err.Error()
		}
		if len(all) > 0 {
			return fmt.Sprint(len(all), " left")
		}
		return ""
	})
}

// unharmed is settled, with goroutines and memory back where they were, and the node
// answering.
func (v *victim) unharmed() {
	v.t.Helper()
	v.settled()
	v.alive()
	v.settled()
	rig.Until(v.t, "goroutines", func() string {
		if n := runtime.NumGoroutine(); n > v.goroutines {
			return fmt.Sprintf("%d, were %d", n, v.goroutines)
		}
		return ""
	})
	rig.Until(v.t, "heap", func() string {
		if h := heapNow(); h > v.heap+heapSlack {
			return fmt.Sprintf("%d bytes, were %d", h, v.heap)
		}
		return ""
	})
}

// told waits for an event that says so.
func (v *victim) told(text string) {
	v.t.Helper()
	rig.Until(v.t, "an event saying "+text, func() string {
		v.mu.Lock()
		defer v.mu.Unlock()
		var saw []string
		for _, e := range v.events {
			if strings.Contains(e.Err, text) {
				return ""
			}
			saw = append(saw, e.Strand+" "+e.Kind+" "+e.Err)
		}
		return strings.Join(saw, "; ")
	})
}
