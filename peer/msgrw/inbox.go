package msgrw

import (
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// entry is a message that waits to be read.
type entry struct {
	code uint64
	data []byte
	at   time.Time
}

func costOf(n int) int { return n + messageOverhead }

// inbox is what came from a peer for one protocol and was not read yet. The loop
// puts and flushes, readers get.
type inbox struct {
	link *atomic.Int64 // cost of all inboxes of the link
	load atomic.Uint64 // messages and cost of everything here; see pack
	over atomic.Bool   // nothing more is to be read

	memory link.Lender // of large payloads, or nil; fixed

	// Of the loop.
	fresh     []entry // since the last flush
	freshCost int
	arena     arena
	share     Share // set before anybody reads

	mu     sync.Mutex
	some   sync.Cond
	queue  []entry
	closed bool
	waits  int // readers that wait for some

	reading sync.Mutex // of who reads; taken before mu
	taken   []entry    // out of queue at once
	at      int        // taken[:at] was read
	spent   int        // cost of what was read and not given back to share
	readers payloads
	last    *progress // of the last message, to see whether it was read
}

func newInbox(link *atomic.Int64) *inbox {
	q := &inbox{link: link, share: unshared{}}
	q.some.L = &q.mu
	return q
}

// costBits is how many bits of a load are the cost: a terabyte.
const costBits = 40

func pack(msgs, cost int) uint64 { return uint64(msgs)<<costBits + uint64(cost) }
func unpack(load uint64) (msgs, bytes int) {
	return int(load >> costBits), int(load & (1<<costBits - 1))
}
func (q *inbox) waiting() (msgs, bytes int) { return unpack(q.load.Load()) }
func (q *inbox) count(sign, msgs, cost int) {
	q.load.Add(uint64(sign) * pack(msgs, cost))
	q.link.Add(int64(sign * cost))
}

// put takes a message in and tells whether its data was copied. Flush shows it to
// readers. Of the loop.
func (q *inbox) put(now time.Time, code uint64, data []byte) (copied bool) {
	most := arenaPayload
	if q.memory != nil {
		most = copiedPayload
	}
	if copied = len(data) <= most; copied {
		own := q.arena.take(len(data))
		copy(own, data)
		data = own
	}
	q.count(1, 1, costOf(len(data)))
	q.freshCost += costOf(len(data))
	q.fresh = append(q.fresh, entry{code, data, now})
	return copied
}

// flush shows readers what came since the last. Of the loop.
func (q *inbox) flush() {
	if len(q.fresh) == 0 {
		return
	}
	q.share.Add(int64(q.freshCost))
	q.freshCost = 0
	q.mu.Lock()
	switch {
	case q.closed:
		q.forget(q.fresh)
	case len(q.queue) == 0:
		q.queue, q.fresh = q.fresh, q.queue
	default:
		q.queue = append(q.queue, q.fresh...)
	}
	if q.waits > 0 {
		q.some.Signal()
	}
	q.mu.Unlock()
	q.fresh = emptied(q.fresh)
}

// forget takes entries off the count that nobody will read.
func (q *inbox) forget(list []entry) (msgs, bytes int) {
	cost := 0
	for i := range list {
		cost += costOf(len(list[i].data))
		bytes += len(list[i].data)
	}
	q.count(-1, len(list), cost)
	q.share.Add(-int64(cost))
	return len(list), bytes
}

// get waits for the next message, and returns io.EOF after the last. unread is what
// was left of the one before.
func (q *inbox) get() (m Msg, unread int, err error) {
	q.reading.Lock()
	defer q.reading.Unlock()
	if q.last != nil {
		unread = q.last.unread()
		q.last = nil
	}
	if q.over.Load() {
		q.forget(q.taken[q.at:])
		q.taken, q.at = nil, 0
		return Msg{}, unread, io.EOF
	}
	if q.at == len(q.taken) && !q.swap() {
		return Msg{}, unread, io.EOF
	}
	e := q.taken[q.at]
	q.taken[q.at] = entry{}
	q.at++
	q.count(-1, 1, costOf(len(e.data)))
	q.spent += costOf(len(e.data))
	p := q.readers.of(e.data, q.memory)
	q.last = p.progress
	return Msg{Code: e.code, Size: p.size, Payload: p, ReceivedAt: e.at}, unread, nil
}

// swap waits for messages and takes all there are; false after the last. Under
// reading.
func (q *inbox) swap() bool {
	spent := emptied(q.taken)
	q.taken, q.at = nil, 0
	q.share.Add(-int64(q.spent))
	q.spent = 0
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.queue) == 0 && !q.closed {
		q.waits++
		q.some.Wait()
		q.waits--
	}
	q.taken, q.queue = q.queue, spent
	return len(q.taken) > 0
}

// close ends the inbox: readers get what is there, or nothing more at all when it is
// to be discarded. It returns what was.
func (q *inbox) close(discard bool) (msgs, bytes int) {
	q.over.Store(discard)
	q.mu.Lock()
	q.closed = true
	if discard {
		msgs, bytes = q.forget(q.queue)
		q.queue = nil
	}
	q.some.Broadcast()
	q.mu.Unlock()
	if !discard || !q.reading.TryLock() {
		return msgs, bytes // who reads just now has one more and sees to the rest
	}
	defer q.reading.Unlock()
	m, b := q.forget(q.taken[q.at:])
	q.taken, q.at = nil, 0
	return msgs + m, bytes + b
}

// emptied makes a queue's memory ready for its next use, unless it is much.
func emptied(list []entry) []entry {
	if cap(list) > keepEntries {
		return nil
	}
	clear(list)
	return list[:0]
}
