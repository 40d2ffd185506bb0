package msgrw

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
)

// outbox is what a Run wrote and the lane's queue has not taken yet. Writers put,
// the loop takes.
type outbox struct {
	mu     sync.Mutex
	space  sync.Cond
	queue  []peer.Message
	msgs   int // accepted and not sent: of queue and carry
	bytes  int // their cost
	waits  int // writers that wait for space
	posted bool
	err    error // set once it is closed
	arena  arena

	memory link.Lender // of large payloads, or nil; fixed

	// Of the loop.
	carry []peer.Message // out of queue at once
	at    int            // carry[:at] was sent
}

func newOutbox() *outbox {
	q := &outbox{}
	q.space.L = &q.mu
	return q
}

// put waits for space and takes a message in. post tells that the loop must be told.
func (q *outbox) put(ctx context.Context, m Msg) (post bool, err error) {
	n := int(m.Size)
	data, err := q.slowly(m) // nothing of another's may be waited for under mu
	if err != nil {
		return false, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.wait(ctx, costOf(n)); err != nil {
		return false, err
	}
	if p, ok := m.Payload.(*payload); ok && q.lends(n) {
		data = p.move(n)
	}
	if data == nil {
		data = q.take(n)
		if err := fill(data, m.Payload); err != nil {
			return false, fmt.Errorf("msgrw: payload of message code %d, %d bytes: %w", m.Code, n, err)
		}
	}
	if f, ok := q.memory.(link.Fitter); ok && !f.Fits(data) {
		q.memory.Reuse(data)
		return false, fmt.Errorf("%w: %d bytes that cannot be compressed enough for a frame of this link", ErrTooLarge, n)
	}
	q.queue = append(q.queue, peer.Message{Code: m.Code, Data: data, Class: peer.Ordinary, Own: q.lends(n)})
	q.msgs++
	q.bytes += costOf(n)
	post = !q.posted
	q.posted = true
	return post, nil
}

// wait waits until one more message of that cost fits. Under mu.
func (q *outbox) wait(ctx context.Context, cost int) error {
	fits := func() bool {
		return q.err != nil || q.msgs < outMsgs && (q.bytes+cost <= outBytes || q.bytes == 0)
	}
	if !fits() && ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.space.Broadcast()
		})
		defer stop()
	}
	for !fits() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		q.waits++
		q.space.Wait()
		q.waits--
	}
	return q.err
}

// slowly reads a payload that comes from we do not know where. Nil for those that
// are in memory, which fill reads.
func (q *outbox) slowly(m Msg) ([]byte, error) {
	switch m.Payload.(type) {
	case nil, *payload, *bytes.Reader, *bytes.Buffer, *strings.Reader:
		return nil, nil
	}
	var data []byte
	if n := int(m.Size); q.lends(n) {
		data = q.memory.Lend(n)
	} else {
		data = make([]byte, n)
	}
	if _, err := io.ReadFull(m.Payload, data); err != nil {
		return nil, fmt.Errorf("msgrw: payload of message code %d, %d bytes: %w", m.Code, m.Size, err)
	}
	return data, nil
}

// lends tells whether a payload of n bytes is in memory that the link lends.
func (q *outbox) lends(n int) bool { return n > copiedPayload && q.memory != nil }

// take returns n bytes with anything in them. Under mu.
func (q *outbox) take(n int) []byte {
	if q.lends(n) {
		return q.memory.Lend(n)
	}
	return q.arena.take(n)
}

// fill reads the whole of b.
func fill(b []byte, r io.Reader) error {
	if len(b) == 0 {
		return nil
	}
	n := 0
	switch r := r.(type) { // direct calls, so that nothing escapes
	case nil:
	case *payload:
		n, _ = r.Read(b)
	case *bytes.Reader:
		n, _ = r.Read(b)
	case *bytes.Buffer:
		n, _ = r.Read(b)
	case *strings.Reader:
		n, _ = r.Read(b)
	}
	if n < len(b) {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// next is the oldest message that was not sent; false when there is none, and then
// the next put posts. Of the loop.
func (q *outbox) next() (*peer.Message, bool) {
	if q.at < len(q.carry) {
		return &q.carry[q.at], true
	}
	clear(q.carry)
	if cap(q.carry) > keepEntries {
		q.carry = nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.carry, q.queue, q.at = q.queue, q.carry[:0], 0
	if len(q.carry) == 0 {
		q.posted = false
		return nil, false
	}
	return &q.carry[0], true
}

// sent takes the message of next off the queue. Of the loop, which calls free when
// it has sent some.
func (q *outbox) sent() { q.at++ }

// free counts off what was sent, and lets writers go on when the queue is half empty.
func (q *outbox) free(msgs, cost int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.msgs -= msgs
	q.bytes -= cost
	if q.waits > 0 && q.msgs <= outMsgs/2 && q.bytes <= outBytes/2 {
		q.space.Broadcast()
	}
}

// close refuses further messages with err; the first error counts. discard also
// drops what is there, but for what the loop carries.
func (q *outbox) close(err error, discard bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
	}
	if discard {
		for i := range q.queue {
			q.msgs--
			q.bytes -= costOf(len(q.queue[i].Data))
		}
		q.queue = nil
	}
	q.space.Broadcast()
}

// left is how much was accepted and not sent.
func (q *outbox) left() (msgs, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.msgs, q.bytes
}
