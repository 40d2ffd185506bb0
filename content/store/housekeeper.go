//go:build !nopebble

package store

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ropewalk/ropewalk/content"
)

// onDisk is a keeper with two shelves on disk and a housekeeper: one goroutine that
// syncs the cache's log, watches the disk, evicts what nobody waits for, and opens again what
// had failed.
type onDisk struct {
	*keeper
	dir            string
	fs             vfs.FS
	lock           io.Closer
	cache, durable *disk
	space          space
	blocks         *pebble.Cache // of both shelves
	quarantined    atomic.Int64
	slow, stuck    atomic.Bool

	once       sync.Once
	quit, done chan struct{}
	// of the housekeeper: when it tries next to open what had failed.
	pause time.Duration
	since time.Time
}

func (s *onDisk) start() { go s.run() }

// run ends when Close asks it to.
func (s *onDisk) run() {
	defer close(s.done)
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-s.quit:
			return
		case <-tick.C:
		}
		s.look(time.Now())
		if n%int(lossMax/beat-1) == 0 {
			s.cache.settle()
		}
		s.tend(time.Now())
		for s.tidy() || s.learn() {
			select {
			case <-s.quit:
				return
			case <-time.After(evictPause):
			}
		}
	}
}

// tend has the cache's loose tables merged when nothing was written for a beat and all that
// was is on disk.
func (s *onDisk) tend(now time.Time) {
	if !s.cache.busy.Swap(false) && !s.cache.dirty.Load() && !s.cache.merger.rests(now) && s.cache.loose() {
		s.cache.merge()
	}
}

// learn has the shelves' filters learn some more of what was there at the start, and tells
// whether there is more.
func (s *onDisk) learn() (more bool) {
	for _, l := range []*lane{&s.keeper.cache, &s.keeper.durable} {
		_ = l.do(&wish{run: func() error {
			m, err := l.shelf.(*disk).learn(learnKeys)
			more = more || m
			return err
		}})
	}
	return more
}

// look sees how the disk fares and mends what can be.
func (s *onDisk) look(now time.Time) {
	_ = s.space.look() // a disk that cannot say how full it is fails writes soon enough
	_, syncing := s.syncs()
	if slow := syncing > syncSlow; slow && !s.slow.Swap(true) {
		s.cache.tell(Notice{Kind: "slow", Text: fmt.Sprintf("a sync to disk has taken %s so far", syncing.Round(time.Second))})
	} else if !slow {
		s.slow.Store(false)
	}
	s.stuck.Store(syncing > syncStuck)
	if s.cache.rotten.Load() != nil {
		s.quarantine()
	}
	s.revive(now)
}

// syncs is the slowest sync so far, and the longest that runs.
func (s *onDisk) syncs() (ever, running time.Duration) {
	for _, d := range []*disk{s.cache, s.durable} {
		d.mu.RLock()
		if d.g != nil {
			e, r := d.g.syncs.longest()
			ever, running = max(ever, e), max(running, r)
		}
		d.mu.RUnlock()
	}
	return ever, running
}

// refusal is why nothing is taken now, or nil.
func (s *onDisk) refusal() error {
	if s.stuck.Load() {
		return fmt.Errorf("%w: a sync to disk takes longer than %s", content.ErrReadOnly, syncStuck)
	}
	return s.space.refusal()
}

// quarantine sets a cache aside that cannot be read, and begins a new one.
func (s *onDisk) quarantine() {
	err := s.keeper.cache.do(&wish{run: func() error {
		why := s.cache.rotten.Swap(nil)
		if why == nil {
			return nil
		}
		if err := s.cache.abandon(); err != nil {
			s.cache.tell(Notice{Kind: "quarantined", Text: "while closing it", Err: err})
		}
		if err := s.setAside(*why); err != nil {
			return err
		}
		if err := s.cache.open(); err != nil {
			return err
		}
		return s.keeper.recount(&s.keeper.cache)
	}})
	if err != nil {
		s.cache.tell(Notice{Kind: "read-only", Text: "no new cache could be made", Err: err})
	}
}

// revive opens a shelf anew whose gate is shut, when its disk works again. A sync that
// failed is not forgotten before the process ends: what the disk holds is unknown.
func (s *onDisk) revive(now time.Time) {
	if s.space.low.Load() || now.Before(s.since.Add(s.pause)) {
		return
	}
	failed := false
	for _, l := range []*lane{&s.keeper.cache, &s.keeper.durable} {
		d := l.shelf.(*disk)
		d.mu.RLock()
		down := d.db == nil
		if !down {
			err, sync := d.g.shut()
			down = err != nil && !sync
		}
		d.mu.RUnlock()
		if !down {
			continue
		}
		err := l.do(&wish{run: func() error {
			if err := d.reopen(); err != nil {
				return err
			}
			return s.keeper.recount(l)
		}})
		if err != nil {
			failed = true
			s.space.drop()
			continue
		}
		d.tell(Notice{Kind: "well", Text: "the disk works again"})
	}
	s.since = now
	if failed {
		s.pause = min(max(2*s.pause, reviveFirst), reviveMax)
	} else {
		s.pause = 0
	}
}

// health is what the disk has to say.
func (s *onDisk) health() health {
	var h health
	for _, d := range []*disk{s.durable, s.cache} {
		d.mu.RLock()
		if d.g != nil && h.state == nil {
			h.state = d.why(d.g)
		}
		d.mu.RUnlock()
	}
	if err := s.durable.rotten.Load(); err != nil {
		h.damaged = fmt.Errorf("%w: %w", ErrDamaged, *err)
	}
	h.quarantined = int(s.quarantined.Load())
	h.slow, _ = s.syncs()
	return h
}

// Close ends the housekeeper, then the store, then the folder's lock.
func (s *onDisk) Close() (err error) {
	s.once.Do(func() {
		close(s.quit)
		<-s.done
		err = s.keeper.Close()
		if err == nil && s.health().state == nil {
			err = s.noteEnd()
		}
		err = errors.Join(err, s.lock.Close())
		s.blocks.Unref()
	})
	return err
}
