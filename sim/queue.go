package sim

import (
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// kind of a thing that happens.
type kind uint8

const (
	wake      kind = iota // a node's deadline
	arrive                // a message at an end of a link
	up                    // a link is finished at one end
	down                  // a link has ended at one end
	dialEnded             // a dial failed
	knock                 // a dial reaches the other side
	visit                 // the play, the churn and the checkers
	leave                 // a piece of a message has left a host on its uplink
	datagram              // a datagram reaches a host; conn is the number of the host it is from
)

// event is something that will happen. Fields a kind has no use for are zero.
type event struct {
	kind   kind
	host   int32
	gen    uint32 // of the host's life; an event of a former life is void
	conn   link.Conn
	msg    link.Msg
	why    error
	ticket id.Ticket
	end    *end // arrive: where; knock: who dials
}

// queue holds events by time, and by order of asking within one moment.
type queue struct {
	heap []slot
	slab []event
	free []int32
	seq  uint64
}

type slot struct {
	at  int64
	seq uint64
	ref int32
}

func (s slot) before(o slot) bool { return s.at < o.at || s.at == o.at && s.seq < o.seq }

func (q *queue) push(at int64, e event) {
	var ref int32
	if n := len(q.free); n > 0 {
		ref = q.free[n-1]
		q.free = q.free[:n-1]
		q.slab[ref] = e
	} else {
		ref = int32(len(q.slab))
		q.slab = append(q.slab, e)
	}
	q.seq++
	q.heap = append(q.heap, slot{at, q.seq, ref})
	i := len(q.heap) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !q.heap[i].before(q.heap[parent]) {
			break
		}
		q.heap[i], q.heap[parent] = q.heap[parent], q.heap[i]
		i = parent
	}
}

func (q *queue) pop() (at int64, e event) {
	top := q.heap[0]
	last := len(q.heap) - 1
	q.heap[0] = q.heap[last]
	q.heap = q.heap[:last]
	for i := 0; ; {
		least := i
		for c := 4*i + 1; c <= 4*i+4 && c < last; c++ {
			if q.heap[c].before(q.heap[least]) {
				least = c
			}
		}
		if least == i {
			break
		}
		q.heap[i], q.heap[least] = q.heap[least], q.heap[i]
		i = least
	}
	e = q.slab[top.ref]
	q.slab[top.ref] = event{}
	q.free = append(q.free, top.ref)
	return top.at, e
}
