//go:build !nopebble

package store

import (
	"sync/atomic"
	"time"
)

// pace keeps who writes from running ahead of the disk. Pebble takes all that comes until
// its tables in memory are full, and then nothing until one is written, which is some
// 100 ms for one put. Instead each write waits a little once half of them are full, the
// longer the fewer are left: what comes is never much more than what is written.
type pace struct {
	rate atomic.Int64 // bytes a second that reach the disk, as of late; 0: not known

	// Of who writes; one at a time.
	asked   int64         // bytes since tables were counted last
	tables  int           // that are full or fill
	waiting time.Duration // not yet slept
}

// wrote notes how long some bytes took to the disk.
func (p *pace) wrote(bytes uint64, took time.Duration) {
	if bytes < paceLook || took <= 0 {
		return
	}
	now := int64(float64(bytes) / took.Seconds())
	if was := p.rate.Load(); was > 0 {
		now = (was + now) / 2
	}
	p.rate.Store(max(now, paceSlowest))
}

// wait is how long bytes have to wait before they are written. count tells how many tables
// are full or fill; it is asked now and then.
func (p *pace) wait(bytes int64, count func() int) time.Duration {
	if p.asked += bytes; p.asked >= paceLook {
		p.asked, p.tables = 0, count()
	}
	rate := p.rate.Load()
	if p.tables <= memTables/2 || rate == 0 {
		p.waiting = 0
		return 0
	}
	for range p.tables - memTables/2 - 1 {
		rate /= 2
	}
	p.waiting += time.Duration(float64(bytes) / float64(max(1, rate)) * float64(time.Second))
	if p.waiting < paceLeast {
		return 0
	}
	out := min(p.waiting, paceMost)
	p.waiting = 0
	return out
}
