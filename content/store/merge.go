//go:build !nopebble

package store

import (
	"context"
	"sync"
	"time"
)

// merger has a shelf's loose tables merged into those below when nobody writes. A get asks
// each layer of loose tables before it comes to where most things are.
type merger struct {
	mu    sync.Mutex
	halt  context.CancelFunc // what is under way; nil: nothing is
	ended chan struct{}
	last  time.Time // when it went well
}

// rests tells whether the disk is to be left alone.
func (m *merger) rests(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.halt != nil || now.Before(m.last.Add(mergePause))
}

// loose tells whether a shelf has loose tables whose merging is worth what it rewrites.
func (d *disk) loose() bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.db == nil || d.g.isShut() || d.refuse() != nil {
		return false
	}
	m := d.db.Metrics()
	loose, below := m.Levels[0].TablesSize, int64(0)
	for _, l := range m.Levels[1:] {
		below += l.TablesSize
	}
	return loose >= mergeLeast && below <= mergeMost*loose && m.Flush.NumInProgress == 0 && m.Compact.NumInProgress == 0
}

// merge begins to merge a shelf's loose tables, unless that is under way. It goes on beside
// everything else, and ends early when the shelf is closed.
func (d *disk) merge() {
	d.merger.mu.Lock()
	defer d.merger.mu.Unlock()
	if d.merger.halt != nil {
		return
	}
	d.mu.RLock()
	db := d.db
	d.mu.RUnlock()
	if db == nil {
		return
	}
	ctx, halt := context.WithCancel(context.Background())
	ended := make(chan struct{})
	d.merger.halt, d.merger.ended = halt, ended
	go func() {
		defer close(ended)
		var done time.Time
		if db.Compact(ctx, []byte{kindItem}, []byte{kindValue + 1}, false) == nil {
			d.well()
			done = time.Now()
		} // else Pebble has told why, and there is a next time
		halt()
		d.merger.mu.Lock()
		d.merger.halt, d.merger.last = nil, done
		d.merger.mu.Unlock()
	}()
}

// stopMerging returns when nothing uses Pebble for merging any more. What Pebble has begun
// itself it ends when it is closed.
func (d *disk) stopMerging() {
	d.merger.mu.Lock()
	halt, ended := d.merger.halt, d.merger.ended
	d.merger.mu.Unlock()
	if halt != nil {
		halt()
		<-ended
	}
}
