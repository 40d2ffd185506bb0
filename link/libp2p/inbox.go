package libp2p

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/ropewalk/ropewalk/link"
)

// inbox holds what was read on a link and not yet taken. Many put, one gets; or,
// from some moment on, what is put goes straight to the taker.
type inbox struct {
	taker  atomic.Pointer[func(link.Msg) bool] // set once
	closed atomic.Bool                         // err is set

	mu       sync.Mutex
	readable sync.Cond
	writable sync.Cond
	msgs     []link.Msg
	bytes    int
	line     []*byte // the puts that wait for room, in the order they came
	err      error   // set once it is closed
}

func newInbox() *inbox {
	q := &inbox{}
	q.readable.L, q.writable.L = &q.mu, &q.mu
	return q
}

// put waits for room and appends m. Whoever waits is served before those that come
// later, small as they may be, so that a lane that is flooded keeps no other out. It
// gives up, and returns false, when the inbox is closed or stop (which may be nil)
// says so; see wake.
func (q *inbox) put(m link.Msg, stop func() bool) bool {
	if take := q.taker.Load(); take != nil {
		return !q.closed.Load() && (stop == nil || !stop()) && (*take)(m)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.line) > 0 || q.full(m) {
		q.queue(m, stop)
	}
	if q.err != nil || stop != nil && stop() {
		return false
	}
	return q.append(m)
}

// queue waits until m is the first in line and there is room, or put has to give up.
// Under mu.
func (q *inbox) queue(m link.Msg, stop func() bool) {
	place := new(byte)
	q.line = append(q.line, place)
	for (q.line[0] != place || q.full(m)) && q.err == nil && (stop == nil || !stop()) {
		q.writable.Wait()
	}
	i := slices.Index(q.line, place)
	q.line = slices.Delete(q.line, i, i+1)
	q.writable.Broadcast() // the next may fit, too
}

// force appends m at once. It is for events of which there is at most one.
func (q *inbox) force(m link.Msg) {
	if take := q.taker.Load(); take != nil {
		if !q.closed.Load() {
			(*take)(m)
		}
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.append(m)
	}
}

func (q *inbox) full(m link.Msg) bool {
	return len(q.msgs) >= inboxMsgsMax || q.bytes > 0 && q.bytes+len(m.Data) > inboxBytesMax
}

// append adds m, or hands it over when a taker came meanwhile. Under mu.
func (q *inbox) append(m link.Msg) bool {
	if take := q.taker.Load(); take != nil {
		return (*take)(m)
	}
	q.msgs = append(q.msgs, m)
	q.bytes += len(m.Data)
	q.readable.Signal()
	return true
}

// feed hands everything to take from now on, first what is there, and returns why
// the inbox was closed. After a false of take nothing is put any more.
func (q *inbox) feed(take func(link.Msg) bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.msgs {
		if !take(m) {
			break
		}
	}
	q.msgs, q.bytes = nil, 0
	q.taker.Store(&take)
	q.writable.Broadcast()
	for q.err == nil {
		q.readable.Wait()
	}
	return q.err
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
		q.closed.Store(true)
	}
	if discard {
		q.msgs, q.bytes = nil, 0
	}
	q.readable.Broadcast()
	q.writable.Broadcast()
}
