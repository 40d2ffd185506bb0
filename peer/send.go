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

// Send queues a message for a peer. data is kept, not copied, and must not change
// from now on; the same data may be sent to many peers. The error is one of
// ErrNotConnected, ErrNoLane, ErrTooLarge, ErrCode and ErrQueueFull, and then
// nothing was queued.
func (t *Table) Send(now time.Time, to id.ID, ln link.Lane, code uint64, data []byte, pressing bool) error {
	p, ok := t.peers.Get(to)
	if !ok || p.closing {
		return ErrNotConnected
	}
	l := p.lane(ln)
	if l == nil {
		return ErrNoLane
	}
	proto := &t.cfg.Protocols[ln]
	if err := checkMessage(proto, code, len(data)); err != nil {
		return err
	}
	if t.stalled(now, p) {
		t.Drop(now, to, link.Timeout)
		return ErrNotConnected
	}
	cl := ordinary
	if pressing {
		cl = urgent
	}
	cost := costOf(len(data))
	if !t.fits(p, l, cost) && !(pressing && proto.Bare && t.makeRoom(now, p, l, cost)) {
		t.cfg.Trace.Emit(now, trace.Event{Strand: "peer", Kind: "queue_full", Peer: to, Topic: proto.Name, N: int64(l.bytes())})
		return ErrQueueFull
	}
	l.q[cl].push(t.spare.get(code, data))
	t.account(p, 1, cost)
	t.wake(p)
	return nil
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
func (t *Table) fits(p *Peer, l *lane, cost int) bool {
	if t.bytes+cost > t.cfg.TotalBytes && t.bytes > 0 {
		return false
	}
	if p.msgs+1 > t.cfg.QueueMsgs || (p.bytes+cost > t.cfg.QueueBytes && p.bytes > 0) {
		return false
	}
	return l.msgs()+1 <= t.cfg.laneMsgsMax() && (l.bytes()+cost <= t.cfg.laneBytesMax() || l.bytes() == 0)
}

// makeRoom drops the oldest ordinary messages of a lane until an urgent one fits,
// or nothing when dropping all of them would not do.
func (t *Table) makeRoom(now time.Time, p *Peer, l *lane, cost int) bool {
	q := &l.q[ordinary]
	msgs, bytes := int(q.msgs), q.bytes
	without := func(all int, mine int, limit int) bool { return all-mine+cost <= limit || all == mine }
	if msgs == 0 || p.msgs-msgs+1 > t.cfg.QueueMsgs || l.msgs()-msgs+1 > t.cfg.laneMsgsMax() ||
		!without(t.bytes, bytes, t.cfg.TotalBytes) || !without(p.bytes, bytes, t.cfg.QueueBytes) ||
		!without(l.bytes(), bytes, t.cfg.laneBytesMax()) {
		return false
	}
	var n int64
	for ; !t.fits(p, l, cost); n++ {
		i := q.pop()
		t.account(p, -1, -i.cost())
		t.spare.put(i)
	}
	t.cfg.Trace.Emit(now, trace.Event{Strand: "peer", Kind: "evicted", Peer: p.ID(), Topic: t.cfg.Protocols[l.lane].Name, N: n})
	return true
}

// stalled tells whether the link has taken nothing for stallAfter though messages
// waited all the while, and notes progress.
func (t *Table) stalled(now time.Time, p *Peer) bool {
	if p.moved || p.msgs == 0 || p.movedAt.IsZero() {
		p.moved, p.movedAt = false, now
		return false
	}
	return now.Sub(p.movedAt) > stallAfter
}

// wake has the world told that p has something to write.
func (t *Table) wake(p *Peer) {
	if p.idle {
		p.idle = false
		t.ready = append(t.ready, p.conn)
	}
}

// account keeps the sums of peer and table.
func (t *Table) account(p *Peer, msgs, bytes int) {
	p.msgs += msgs
	p.bytes += bytes
	t.bytes += bytes
}
