package mem

import (
	"sync"

	"github.com/ropewalk/ropewalk/link"
)

// queue is one direction of a link: bounded, with one reader and any writers.
type queue struct {
	mu       sync.Mutex
	readable sync.Cond
	writable sync.Cond
	msgs     []link.Msg
	bytes    int
	err      error // set once the queue is closed
}

func newQueue() *queue {
	q := &queue{}
	q.readable.L, q.writable.L = &q.mu, &q.mu
	return q
}

// put waits for room and appends m. After close it fails: the writer is told the
// other side of what the reader is told.
func (q *queue) put(m link.Msg) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.err == nil && (len(q.msgs) >= queueMsgsMax || q.bytes > 0 && q.bytes+len(m.Data) > queueBytesMax) {
		q.writable.Wait()
	}
	if q.err != nil {
		c := *q.err.(*link.Closed)
		c.Remote = !c.Remote
		return &c
	}
	q.msgs = append(q.msgs, m)
	q.bytes += len(m.Data)
	q.readable.Signal()
	return nil
}

// get waits for a message, or for close after the last one.
func (q *queue) get() (link.Msg, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.msgs) == 0 && q.err == nil {
		q.readable.Wait()
	}
	if len(q.msgs) == 0 {
		return link.Msg{}, q.err
	}
	m := q.msgs[0]
	q.msgs[0] = link.Msg{}
	if q.msgs = q.msgs[1:]; len(q.msgs) == 0 {
		q.msgs = nil
	}
	q.bytes -= len(m.Data)
	q.writable.Broadcast()
	return m, nil
}

// close ends the queue for both sides and tells whether this call did it. drain
// leaves the reader what was written before.
func (q *queue) close(why *link.Closed, drain bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err != nil {
		return false
	}
	q.err = why
	if !drain {
		q.msgs, q.bytes = nil, 0
	}
	q.readable.Broadcast()
	q.writable.Broadcast()
	return true
}
