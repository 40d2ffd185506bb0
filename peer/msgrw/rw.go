package msgrw

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/trace"
)

// rw is one protocol on one link: what its Run reads and writes.
type rw struct {
	kind   *kind
	peer   *Peer
	in     *inbox
	out    *outbox
	ctx    context.Context
	cancel context.CancelFunc
	held   atomic.Bool   // the link, or the lane, waits until in is half empty
	done   chan struct{} // closed when Run has returned
	port   *peer.Port    // its methods are the loop's
	gate   Gate          // nil when the link cannot be made to wait
	push   func(time.Time)

	// Of the loop.
	state    state
	dirty    bool      // in has something to flush
	full     time.Time // since when in is full; zero while it is not
	alone    bool      // the lane is held by itself
	slow     bool      // in was not half empty when a brake ended
	brake    time.Time // when the link must go on; zero while it does not wait
	leaving  *link.Reason
	deadline time.Time // of a Run that should return, or of what is still to be written
	flushes  []chan struct{}
}

// state is how far a conversation has come.
type state uint8

const (
	early    state = iota // the remote writes already, we cannot
	running               // Run is called, or will be
	detached              // Run has returned, or is not called
	down                  // the link or the lane is gone
)

// ReadMsg implements MsgReader.
func (r *rw) ReadMsg() (Msg, error) {
	m, unread, err := r.in.get()
	if unread > 0 {
		r.kind.unread.Add(uint64(unread))
	}
	if r.held.Load() && r.in.halfEmpty() {
		r.free()
	}
	return m, err
}

// WriteMsg implements MsgWriter.
func (r *rw) WriteMsg(m Msg) error { return r.write(context.Background(), m) }

// WriteMsgContext implements Conversation.
func (r *rw) WriteMsgContext(ctx context.Context, m Msg) error { return r.write(ctx, m) }

func (r *rw) write(ctx context.Context, m Msg) error {
	p := &r.kind.Protocol
	if m.Code >= p.Length {
		return fmt.Errorf("%w: %d, %s has %d", ErrInvalidCode, m.Code, p.Name, p.Length)
	}
	if int(m.Size) > r.kind.payloadMax {
		return fmt.Errorf("%w: %d bytes, %s takes %d", ErrTooLarge, m.Size, p.Name, r.kind.payloadMax)
	}
	post, err := r.out.put(ctx, m)
	if post {
		r.kind.hub.cfg.Post(r.push)
	}
	return err
}

// Flush implements Conversation.
func (r *rw) Flush(ctx context.Context) error {
	written := make(chan struct{})
	if !r.kind.hub.cfg.Post(func(now time.Time) { r.await(now, written) }) {
		return ErrShuttingDown
	}
	select {
	case <-written:
		return nil
	case <-r.ctx.Done():
		return ErrShuttingDown
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Context implements Conversation.
func (r *rw) Context() context.Context { return r.ctx }

// pump moves what was written to the lane's queue, as far as that has room. Of the
// loop.
func (r *rw) pump(now time.Time) {
	h := r.kind.hub
	watched := h.watched()
	msgs, cost, bytes := 0, 0, 0
	for {
		m, ok := r.out.next()
		if !ok {
			break
		}
		err := r.port.Send(now, *m)
		if err == peer.ErrQueueFull {
			break
		}
		if err == nil {
			bytes += len(m.Data)
			r.kind.sent.msgs++
			if watched {
				h.emit(now, trace.Event{Kind: "sent", Peer: r.peer.ID(), Topic: r.kind.label, N: int64(len(m.Data)), ID: codeText(m.Code)})
			}
		}
		msgs++
		cost += costOf(len(m.Data))
		r.out.sent()
	}
	r.kind.sent.bytes += uint64(bytes)
	if msgs > 0 {
		r.out.free(msgs, cost)
	}
}

// await closes a channel when all that was written so far is on the link. Of the
// loop.
func (r *rw) await(now time.Time, written chan struct{}) {
	r.pump(now)
	r.flushes = append(r.flushes, written)
	r.port.Await()
}

// settled tells whether nothing waits any more but with the writer.
func (r *rw) settled() bool {
	out, _ := r.out.left()
	queued, _ := r.port.Queued()
	return out == 0 && queued == 0
}

// room: the lane takes more, or has written everything. Of the loop.
func (r *rw) room(now time.Time) {
	r.pump(now)
	if len(r.flushes) == 0 && r.leaving == nil {
		return
	}
	if !r.settled() {
		r.port.Await()
		return
	}
	for _, c := range r.flushes {
		close(c)
	}
	r.flushes = nil
	if r.leaving != nil {
		r.port.Drop(now, *r.leaving)
	}
}
