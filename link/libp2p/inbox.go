package libp2p

import (
	"sync"

	"github.com/ropewalk/ropewalk/link"
)

// inbox holds what was read on a link and not yet taken. Many put, one gets.
type inbox struct {
	mu       sync.Mutex
	readable sync.Cond
	writable sync.Cond
	msgs     []link.Msg
	bytes    int
	err      error // set once it is closed
}

func newInbox() *inbox {
	q := &inbox{}
	q.readable.L, q.writable.L = &q.mu, &q.mu
	return q
}

// put waits for room and appends m. It gives up, and returns false, when the inbox
// is closed or stop (which may be nil) says so; see wake.
func (q *inbox) put(m link.Msg, stop func() bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.full(m) && q.err == nil && (stop == nil || !stop()) {
		q.writable.Wait()
	}
	if q.err != nil || stop != nil && stop() {
		return false
	}
	q.append(m)
	return true
}

// force appends m at once. It is for events of which there is at most one.
func (q *inbox) force(m link.Msg) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.append(m)
	}
}

func (q *inbox) full(m link.Msg) bool {
	return len(q.msgs) >= inboxMsgsMax || q.bytes > 0 && q.bytes+len(m.Data) > inboxBytesMax
}

func (q *inbox) append(m link.Msg) {
	q.msgs = append(q.msgs, m)
	q.bytes += len(m.Data)
	q.readable.Signal()
}

// get waits for a message. After a close by the remote it first gives what was
// there.
func (q *inbox) get() (link.Msg, error) {
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

// wake makes waiting puts ask their stop again.
func (q *inbox) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.writable.Broadcast()
}

// close ends the inbox; discard also drops what is there. The first error counts.
func (q *inbox) close(err error, discard bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
	}
	if discard {
		q.msgs, q.bytes = nil, 0
	}
	q.readable.Broadcast()
	q.writable.Broadcast()
}
