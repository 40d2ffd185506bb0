package peer

import "time"

// item is one message that waits. Items of a queue are linked; spare ones are
// kept by the table's pool.
type item struct {
	next  *item
	seq   uint64 // rises with every message of the table
	code  uint64
	tag   uint64 // of the sender, 0 for none
	until int64  // stamp from which it is worth nothing; 0 for never
	data  []byte // shared and immutable
	own   bool   // not shared
}

// cost is what the message counts in bytes, on the wire and in the bounds.
func (i *item) cost() int { return costOf(len(i.data)) }

func costOf(payload int) int { return payload + messageOverheadBytes }

// fifo is a queue of messages. The zero value is empty.
type fifo struct {
	head, tail *item
	msgs       int
	bytes      int // Σ cost
}

func (q *fifo) push(i *item) {
	if q.tail == nil {
		q.head = i
	} else {
		q.tail.next = i
	}
	q.tail = i
	q.msgs++
	q.bytes += i.cost()
}

// pop takes the oldest message; the queue must not be empty.
func (q *fifo) pop() *item {
	i := q.head
	q.unlink(nil, i)
	return i
}

// unlink takes out a message that follows prev, or the oldest when prev is nil.
func (q *fifo) unlink(prev, i *item) {
	if prev == nil {
		q.head = i.next
	} else {
		prev.next = i.next
	}
	if q.tail == i {
		q.tail = prev
	}
	i.next = nil
	q.msgs--
	q.bytes -= i.cost()
}

// take takes out the oldest message with a tag; nil when there is none.
func (q *fifo) take(tag uint64) *item {
	var prev *item
	for i := q.head; i != nil; prev, i = i, i.next {
		if i.tag == tag {
			q.unlink(prev, i)
			return i
		}
	}
	return nil
}

// The queues of a lane. Bulk stands apart from small messages, so that what waits
// for a place on the wire holds up nothing else; between the two of a class the
// older head goes first.
const (
	urgentQ = iota
	ordinaryQ
	spareQ
	ordinaryBulkQ
	spareBulkQ
	queueCount
)

// queueOf says where a message waits.
func queueOf(cl Class, bulk bool) int {
	if bulk && cl != Urgent {
		return int(cl) + spareQ
	}
	return int(cl)
}

// queues is what waits on one lane. A lane has them only while something waits.
type queues struct {
	next    *queues // in the pool
	q       [queueCount]fifo
	deficit [levels]int // bytes the lane may still send in this turn; ≥ 0
	run     uint8       // ordinary messages in a row while a spare one could have gone
	tags    int         // messages with a tag
	msgs    int
	bytes   int
}

// head is the queue whose oldest message goes next at a level; -1 when none can.
// Bulk is passed over unless it may go.
func (s *queues) head(lv level, bulk bool) int {
	if lv == pressing {
		if s.q[urgentQ].head == nil {
			return -1
		}
		return urgentQ
	}
	own, spare := s.older(ordinaryQ, ordinaryBulkQ, bulk), s.older(spareQ, spareBulkQ, bulk)
	if own >= 0 && (spare < 0 || s.run < ordinaryRunMax) {
		return own
	}
	return spare
}

func (s *queues) older(small, large int, bulk bool) int {
	a, b := s.q[small].head, s.q[large].head
	switch {
	case b != nil && bulk && (a == nil || b.seq < a.seq):
		return large
	case a != nil:
		return small
	}
	return -1
}

// bulks is how many bulk messages wait.
func (s *queues) bulks() int { return s.q[ordinaryBulkQ].msgs + s.q[spareBulkQ].msgs }

// pool keeps spare items and queues, at most freeItemsMax of each, so that a busy
// table allocates nothing per message.
type pool struct {
	free   *item
	n      int
	queues *queues
	m      int
}

func (p *pool) get() *item {
	i := p.free
	if i == nil {
		return &item{}
	}
	p.free = i.next
	p.n--
	i.next = nil
	return i
}

func (p *pool) put(i *item) {
	*i = item{}
	if p.n >= freeItemsMax {
		return
	}
	i.next = p.free
	p.free = i
	p.n++
}

func (p *pool) getQueues() *queues {
	s := p.queues
	if s == nil {
		return &queues{}
	}
	p.queues = s.next
	p.m--
	s.next = nil
	return s
}

// putQueues takes queues that ran empty.
func (p *pool) putQueues(s *queues) {
	s.deficit, s.run = [levels]int{}, 0
	if p.m >= freeItemsMax {
		return
	}
	s.next = p.queues
	p.queues = s
	p.m++
}

// stamp is a moment as items keep it, by the clock that no one can set; never is 0.
func (t *Table) stamp(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return max(int64(at.Sub(t.epoch)), 1)
}
