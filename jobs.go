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
	wake   sync.Cond // something to do, or closed
	idle   sync.Cond // nothing to do
	queue  []queued
	busy   int // jobs that run
	closed bool
}

// queued is a job, and since when it waits.
type queued struct {
	work.Job
	since time.Time
}

func newPool(done func(work.Job, any), cost func(strand string, waited, took time.Duration)) *pool {
	p := &pool{done: done, cost: cost}
	p.wake.L, p.idle.L = &p.mu, &p.mu
	return p
}

func (p *pool) add(jobs []work.Job) {
	now := time.Now()
	p.mu.Lock()
	for _, j := range jobs {
		p.queue = append(p.queue, queued{j, now})
	}
	p.mu.Unlock()
	for range jobs { // one each: who is woken for nothing costs more than the job
		p.wake.Signal()
	}
}

func (p *pool) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue)
}

// open lets run work, at first and again after close.
func (p *pool) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = false
}

// resting tells whether there is nothing to do.
func (p *pool) resting() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue)+p.busy == 0
}

// rest waits until everything is done: a strand that never hears of a job counts it for
// ever.
func (p *pool) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue)+p.busy > 0 {
		p.idle.Wait()
	}
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
		p.busy++
		p.mu.Unlock()
		begun := time.Now()
		result := job.Run()
		p.cost(string(job.Ticket.Owner), begun.Sub(job.since), time.Since(begun))
		p.done(job.Job, result)
		p.mu.Lock()
		if p.busy--; len(p.queue)+p.busy == 0 {
			p.idle.Broadcast()
		}
		p.mu.Unlock()
	}
}
