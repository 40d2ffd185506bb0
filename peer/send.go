package peer

import (
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Why Send refuses.
var (
	ErrNotConnected = errors.New("peer: not connected")
	ErrNoLane       = errors.New("peer: no open lane for the protocol")
	ErrQueueFull    = errors.New("peer: queue full")
	ErrTooLarge     = errors.New("peer: message above the protocol's bound")
	ErrCode         = errors.New("peer: message code beyond the protocol's length")
)

// Send queues an urgent or ordinary message; see Queue.
func (t *Table) Send(now time.Time, to id.ID, ln link.Lane, code uint64, data []byte, urgent bool) error {
	m := Message{Code: code, Data: data, Class: Ordinary}
	if urgent {
		m.Class = Urgent
	}
	return t.Queue(now, to, ln, m)
}

// Queue queues a message for a peer. The same data may be sent to many peers. The
// error is one of ErrNotConnected, ErrNoLane, ErrTooLarge, ErrCode and
// ErrQueueFull, and then nothing was queued.
func (t *Table) Queue(now time.Time, to id.ID, ln link.Lane, m Message) error {
	p, ok := t.peers.Get(to)
	if !ok || p.closing {
		return ErrNotConnected
	}
	return t.queue(now, p, ln, m)
}

// queue is Queue for a peer that is connected.
func (t *Table) queue(now time.Time, p *Peer, ln link.Lane, m Message) error {
	l := p.lane(ln)
	if l == nil {
		return ErrNoLane
	}
	proto := &t.cfg.Protocols[ln]
	if err := checkMessage(proto, m.Code, len(m.Data)); err != nil {
		return err
	}
	if t.stalled(now, p) {
		t.Drop(now, p.ID(), link.Timeout)
		return ErrNotConnected
	}
	cost := costOf(len(m.Data))
	if !t.fits(p, l, cost) && !(proto.Bare && t.makeRoom(now, p, l, m.Class, cost)) {
		t.cfg.Trace.Emit(now, trace.Event{Strand: "peer", Kind: "queue_full", Peer: p.ID(), Topic: proto.Name, N: int64(l.bytes()), Err: m.Class.String()})
		return ErrQueueFull
	}
	t.push(now, p, l, m, proto.Bare && len(m.Data) >= bulkBytes)
	return nil
}

// push puts a message that fits into its queue.
func (t *Table) push(now time.Time, p *Peer, l *lane, m Message, bulk bool) {
	if t.epoch.IsZero() {
		t.epoch = now
	}
	if t.bytes == 0 {
		t.checkAt = now.Add(stallAfter)
	}
	if p.msgs == 0 {
		p.movedAt = now
	}
	if l.q == nil {
		l.q = t.spare.getQueues()
	}
	i := t.spare.get()
	t.seq++
	i.seq, i.code, i.tag, i.data, i.own = t.seq, m.Code, m.Tag, m.Data, m.Own
	if m.Class != Urgent {
		i.until = t.stamp(m.Until)
	}
	if i.tag != 0 {
		l.q.tags++
	}
	l.q.q[queueOf(m.Class, bulk)].push(i)
	t.account(p, l, 1, i.cost())
	t.wake(p)
}

func checkMessage(proto *link.Protocol, code uint64, payload int) error {
	if payload > proto.PayloadBytesMax() {
		return fmt.Errorf("%w: %s takes %d bytes, message has %d", ErrTooLarge, proto.Name, proto.PayloadBytesMax(), payload)
	}
	if !proto.Bare && proto.Length > 0 && code >= proto.Length {
		return fmt.Errorf("%w: %s has %d codes, message has code %d", ErrCode, proto.Name, proto.Length, code)
	}
	return nil
}

// fits tells whether one more message of that cost stays within every bound. A
// queue that is empty takes any one message its protocol allows.
func (t *Table) fits(p *Peer, l *lane, cost int) bool { return t.fitsWithout(p, l, cost, 0, 0) }

// fitsWithout is fits after msgs of the lane's messages with that many bytes went.
func (t *Table) fitsWithout(p *Peer, l *lane, cost, msgs, bytes int) bool {
	within := func(all, limit int) bool { return all-bytes+cost <= limit || all == bytes }
	laneMsgs, laneBytes := t.cfg.laneBounds(l.lane)
	if !within(t.bytes, t.cfg.TotalBytes) || !within(l.bytes(), laneBytes) || l.msgs()-msgs+1 > laneMsgs {
		return false
	}
	return t.cfg.private(l.lane) || within(p.sharedBytes(), t.cfg.QueueBytes) && p.sharedMsgs()-msgs+1 <= t.cfg.QueueMsgs
}

// fitsTotal tells whether the bound on all peers together takes one more message of
// that cost.
func (t *Table) fitsTotal(cost int) bool { return t.bytes+cost <= t.cfg.TotalBytes || t.bytes == 0 }

// makeRoom drops the oldest spare messages of a lane, and for an urgent one then
// the oldest ordinary ones, until a message of the class fits; or nothing when
// dropping all of them would not do.
func (t *Table) makeRoom(now time.Time, p *Peer, l *lane, cl Class, cost int) bool {
	if l.q == nil {
		return false
	}
	victims := [...]Class{Spare, Ordinary}
	most := 1
	if cl == Urgent {
		most = 2
	}
	msgs, bytes, enough := 0, 0, 0
	for enough < most {
		for _, n := range [...]int{queueOf(victims[enough], false), queueOf(victims[enough], true)} {
			msgs += l.q.q[n].msgs
			bytes += l.q.q[n].bytes
		}
		if enough++; msgs > 0 && t.fitsWithout(p, l, cost, msgs, bytes) {
			break
		}
		if enough == most {
			return false
		}
	}
	for _, victim := range victims[:enough] {
		t.evict(now, p, l, victim, cost)
	}
	return true
}

// evict drops the oldest messages of a class until one of that cost fits or none
// is left.
func (t *Table) evict(now time.Time, p *Peer, l *lane, victim Class, cost int) {
	var n int64
	for ; l.q != nil && !t.fits(p, l, cost); n++ {
		at := l.q.older(queueOf(victim, false), queueOf(victim, true), true)
		if at < 0 {
			break
		}
		t.forget(p, l, l.q.q[at].pop())
	}
	if n > 0 {
		t.cfg.Trace.Emit(now, trace.Event{Strand: "peer", Kind: "evicted", Peer: p.ID(), Topic: t.cfg.Protocols[l.lane].Name, N: n, Err: victim.String()})
	}
}

// Cancel takes the oldest message with a tag out of a peer's queue; urgent ones
// cannot be cancelled. It tells whether there was one; when there was none, the world
// is to look in the link (TakeCancels). The search is a walk of the lane's queue, and
// none when nothing in it has a tag.
func (t *Table) Cancel(to id.ID, ln link.Lane, tag uint64) bool {
	p, ok := t.peers.Get(to)
	if !ok || tag == 0 {
		return false
	}
	l := p.lane(ln)
	if l == nil {
		return false
	}
	for n := queueCount - 1; n >= ordinaryQ && l.q != nil && l.q.tags > 0; n-- {
		if i := l.q.q[n].take(tag); i != nil {
			t.forget(p, l, i)
			return true
		}
	}
	if len(t.cancels) < cancelsMax {
		t.cancels = append(t.cancels, Cancelled{p.conn, ln, tag})
	}
	return false
}

// TakeCancels are the messages that Cancel did not find since the last call: Next may
// have given them out, and the link not written them yet. The result is valid until the
// call after.
func (t *Table) TakeCancels() []Cancelled {
	out := t.cancels
	t.cancels, t.cancelling = t.cancelling[:0], out
	return out
}

// wake has the world told that p has something to write.
func (t *Table) wake(p *Peer) {
	if p.idle {
		p.idle = false
		t.ready = append(t.ready, p.conn)
	}
}

// forget ends an item that was taken out of a lane's queue.
func (t *Table) forget(p *Peer, l *lane, i *item) {
	if i.tag != 0 {
		l.q.tags--
	}
	t.account(p, l, -1, -i.cost())
	t.spare.put(i)
	switch {
	case l.q.msgs == 0: // an idle lane saves nothing up
		t.spare.putQueues(l.q)
		l.q = nil
	case l.q.q[urgentQ].msgs == 0:
		l.q.deficit[pressing] = 0
	case l.q.msgs == l.q.q[urgentQ].msgs:
		l.q.deficit[patient] = 0
	}
	if t.tight {
		t.loosen()
	}
	if p.full > 0 {
		t.room(p)
	}
}

// account keeps the sums of lane, peer and table.
func (t *Table) account(p *Peer, l *lane, msgs, bytes int) {
	l.q.msgs += msgs
	l.q.bytes += bytes
	p.msgs += msgs
	p.bytes += bytes
	t.bytes += bytes
	if t.cfg.private(l.lane) {
		p.privateMsgs += msgs
		p.privateBytes += bytes
	}
}
