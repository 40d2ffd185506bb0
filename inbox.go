package ropewalk

import "sync"

// inbox holds what waits for the loop. Many put, the loop takes all at once.
//
// Messages of links wait for room, which stops their readers and so their sockets.
// Calls never wait: each has an asker that waits for its answer, or a strand that
// bounds how many there are.
type inbox struct {
	wake chan struct{} // holds a token while something may be there

	mu     sync.Mutex
	room   sync.Cond
	inputs []input
	msgs   int // link messages among them
	bytes  int // of those
	closed bool
}

// What an inbox takes of links; one message always fits.
const (
	inboxMsgsMax  = 1024
	inboxBytesMax = 64 << 20
)

func newInbox() *inbox {
	q := &inbox{wake: make(chan struct{}, 1)}
	q.room.L = &q.mu
	return q
}

// put hands an input to the loop and tells whether the loop will see it.
func (q *inbox) put(in input) bool {
	q.mu.Lock()
	if in.fn == nil {
		for q.full(len(in.msg.Data)) && !q.closed {
			q.room.Wait()
		}
		q.msgs++
		q.bytes += len(in.msg.Data)
	}
	if q.closed {
		q.mu.Unlock()
		return false
	}
	first := len(q.inputs) == 0
	q.inputs = append(q.inputs, in)
	q.mu.Unlock()
	if first {
		select {
		case q.wake <- struct{}{}:
		default:
		}
	}
	return true
}

func (q *inbox) full(bytes int) bool {
	return q.msgs >= inboxMsgsMax || q.msgs > 0 && q.bytes+bytes > inboxBytesMax
}

// take empties the inbox. spent is an earlier result, cleared, whose memory is
// used again.
func (q *inbox) take(spent []input) []input {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := q.inputs
	q.inputs = spent[:0]
	if q.msgs > 0 {
		q.msgs, q.bytes = 0, 0
		q.room.Broadcast()
	}
	return out
}

// close lets every put return.
func (q *inbox) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.room.Broadcast()
}

func (q *inbox) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.inputs)
}
