package ropewalk

import (
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/work"
)

// pool runs jobs in a fixed number of goroutines, first come first served. How
// many jobs wait is bounded by the strands, each per peer and in all.
type pool struct {
	done func(work.Job, any)
	cost func(strand string, waited, took time.Duration)

	mu     sync.Mutex
	wake   sync.Cond
	queue  []queued
	closed bool
}

// queued is a job, and since when it waits.
type queued struct {
	work.Job
	since time.Time
}

func newPool(done func(work.Job, any), cost func(strand string, waited, took time.Duration)) *pool {
	p := &pool{done: done, cost: cost}
	p.wake.L = &p.mu
	return p
}

func (p *pool) add(jobs []work.Job) {
	now := time.Now()
	p.mu.Lock()
	for _, j := range jobs {
		p.queue = append(p.queue, queued{j, now})
	}
	p.mu.Unlock()
	p.wake.Broadcast()
}

func (p *pool) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue)
}

// close drops what waits and lets run return.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	p.queue = nil
	p.mu.Unlock()
	p.wake.Broadcast()
}

// run works until close. Several goroutines may run it.
func (p *pool) run() error {
	for {
		p.mu.Lock()
		for len(p.queue) == 0 && !p.closed {
			p.wake.Wait()
		}
		if p.closed {
			p.mu.Unlock()
			return nil
		}
		job := p.queue[0]
		p.queue = p.queue[1:]
		p.mu.Unlock()
		begun := time.Now()
		result := job.Run()
		p.cost(string(job.Ticket.Owner), begun.Sub(job.since), time.Since(begun))
		p.done(job.Job, result)
	}
}
