package store

import (
	"sync"
	"time"
)

// syncs times syncs, those that still run, too.
type syncs struct {
	mu      sync.Mutex
	running map[time.Time]int
	slowest time.Duration
}

func (s *syncs) begin() time.Time {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = map[time.Time]int{}
	}
	s.running[now]++
	return now
}

func (s *syncs) end(since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowest = max(s.slowest, time.Since(since))
	if s.running[since]--; s.running[since] == 0 {
		delete(s.running, since)
	}
}

// longest is the time of the slowest sync so far, and of the one that runs longest now.
func (s *syncs) longest() (ever, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for since := range s.running {
		now = max(now, time.Since(since))
	}
	return max(s.slowest, now), now
}
