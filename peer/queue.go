package peer

// item is one message that waits. Items of a queue are linked; spare ones are
// kept by the table's pool.
type item struct {
	next *item
	code uint64
	data []byte // shared and immutable
}

// cost is what the message counts in bytes, on the wire and in the bounds.
func (i *item) cost() int { return costOf(len(i.data)) }

func costOf(payload int) int { return payload + messageOverheadBytes }

// fifo is a queue of messages. The zero value is empty.
type fifo struct {
	head, tail *item
	msgs       int32
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
	q.head = i.next
	if q.head == nil {
		q.tail = nil
	}
	i.next = nil
	q.msgs--
	q.bytes -= i.cost()
	return i
}

// pool keeps spare items, at most freeItemsMax, so that a busy table allocates
// nothing per message.
type pool struct {
	free *item
	n    int
}

func (p *pool) get(code uint64, data []byte) *item {
	i := p.free
	if i == nil {
		return &item{code: code, data: data}
	}
	p.free = i.next
	p.n--
	*i = item{code: code, data: data}
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
