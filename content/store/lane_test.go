package store

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// TestPutsTakeTurns has several put on one processor: nobody goes on until the scheduler
// stops it, while others have their answers and cannot take them.
func TestPutsTakeTurns(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	s, err := NewMemory(Config{Networks: []content.Network{{Name: "turns"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const who, each = 4, 2000
	var order [who * each]int
	var next atomic.Int64
	var all sync.WaitGroup
	for w := range who {
		all.Go(func() {
			for i := range each {
				var x id.ID
				x[0], x[1], x[2] = byte(w), byte(i), byte(i>>8)
				if err := s.Do(content.Ask{Network: "turns", Verb: content.Put, Item: content.Item{ID: x, Key: x[:]}}).Err; err != nil {
					t.Error(err)
				}
				order[next.Add(1)-1] = w
			}
		})
	}
	all.Wait()
	longest, run := 0, 0
	for i := range order {
		if run++; i > 0 && order[i] != order[i-1] {
			run = 1
		}
		if i < each { // later the others may be done
			longest = max(longest, run)
		}
	}
	if longest > 4*leadsMost {
		t.Errorf("one put %d times while others waited, want at most %d", longest, 4*leadsMost)
	}
}
