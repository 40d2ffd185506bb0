package ropewalk

import (
	"sync"

	"github.com/ropewalk/ropewalk/work"
)

// pool runs jobs in a fixed number of goroutines, first come first served. How
// many jobs wait is bounded by the strands, each per peer and in all.
type pool struct {
	done func(work.Job, any)

	mu     sync.Mutex
	wake   sync.Cond
	queue  []work.Job
	closed bool
}

func newPool(done func(work.Job, any)) *pool {
	p := &pool{done: done}
	p.wake.L = &p.mu
	return p
}

func (p *pool) add(jobs []work.Job) {
	p.mu.Lock()
	p.queue = append(p.queue, jobs...)
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
		p.done(job, job.Run())
	}
}
