package libp2p

import (
	"testing"
	"testing/synctest"

	"github.com/ropewalk/ropewalk/link"
)

// Whoever waits for room is served in turn: neither a lane that fills the inbox again
// and again nor one whose messages fit where a large one does not keeps others out.
func TestInboxServesInTurn(t *testing.T) {
	const large = inboxBytesMax / 4
	for _, c := range []struct {
		name          string
		flood, waiter int // sizes
	}{
		{"a flood of large ones, a small one waits", large, 1},
		{"a flood of small ones, a large one waits", large / 8, large},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newInbox()
				go func() {
					for q.put(link.Msg{Lane: 0, Data: make([]byte, c.flood)}, nil) {
					}
				}()
				synctest.Wait() // the inbox is full, and the flood waits
				go q.put(link.Msg{Lane: 1, Data: make([]byte, c.waiter)}, nil)
				synctest.Wait()
				before := len(q.msgs) + 1 // the flood's that waits came first
				for n := 0; ; n++ {
					m, err := q.get()
					if err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					if m.Lane == 1 && n == before {
						break
					}
					if m.Lane == 1 || n == before {
						t.Fatalf("message %d is of lane %d; %d were before the one of lane 1", n, m.Lane, before)
					}
				}
				q.close(ErrClosed, true)
				synctest.Wait()
				if len(q.line) != 0 {
					t.Errorf("%d wait in a closed inbox", len(q.line))
				}
			})
		})
	}
}

// A put that gives up leaves the line, and those behind it go on.
func TestInboxLeavesTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, stopped := newInbox(), false
		q.put(link.Msg{Data: make([]byte, inboxBytesMax/2)}, nil)
		results := make(chan bool, 2)
		go func() { results <- q.put(link.Msg{Data: make([]byte, inboxBytesMax)}, func() bool { return stopped }) }()
		synctest.Wait()
		go func() { results <- q.put(link.Msg{Lane: 1, Data: []byte("text")}, nil) }()
		synctest.Wait()
		if len(results) != 0 || len(q.line) != 2 {
			t.Fatalf("%d returned, %d wait", len(results), len(q.line))
		}
		q.mu.Lock()
		stopped = true
		q.mu.Unlock()
		q.wake()
		if one, two := <-results, <-results; one == two {
			t.Errorf("puts returned %v and %v", one, two)
		}
		if len(q.line) != 0 || len(q.msgs) != 2 || q.msgs[1].Lane != 1 {
			t.Errorf("%d wait, %d messages", len(q.line), len(q.msgs))
		}
	})
}
