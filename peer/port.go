package peer

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// ErrLane is why a port goes down whose link lives on.
var ErrLane = errors.New("peer: lane lost")

// Port is what a Handler holds of one conversation: a peer, a lane, and the queue
// between them and the wire. It is good until its Down; afterwards Send refuses.
type Port struct {
	// Value is the handler's own.
	Value any

	table *Table
	peer  *Peer
	lane  link.Lane
	full  bool // Send said ErrQueueFull, and Room is due
	await bool // Await was called, and Room is due
	gone  bool
}

// Peer is the remote.
func (o *Port) Peer() *Peer { return o.peer }

// Lane is the protocol's lane.
func (o *Port) Lane() link.Lane { return o.lane }

// Send queues a message; see Table.Queue. After ErrQueueFull the handler's Room is
// called when the lane is half empty.
func (o *Port) Send(now time.Time, m Message) error {
	if o.gone || o.peer.closing {
		return ErrNotConnected
	}
	err := o.table.queue(now, o.peer, o.lane, m)
	if err == ErrQueueFull && !o.full {
		o.full = true
		o.peer.full++
		o.table.tight = o.table.tight || !o.table.fitsTotal(costOf(len(m.Data)))
	}
	return err
}

// Drop gives up on the peer; see Table.Drop.
func (o *Port) Drop(now time.Time, why link.Reason) {
	if !o.gone {
		o.table.Drop(now, o.peer.ID(), why)
	}
}

// Queued is how many messages wait on the lane, and their bytes with overhead.
func (o *Port) Queued() (msgs, bytes int) {
	if l := o.peer.lane(o.lane); l != nil && !o.gone {
		return l.msgs(), l.bytes()
	}
	return 0, 0
}

// Await has Room called when everything queued on the lane so far, and what comes
// meanwhile, has been written to the link.
func (o *Port) Await() {
	if !o.await && !o.gone {
		o.await = true
		o.peer.awaited++
		o.table.wake(o.peer) // so that the writer is asked
	}
}

// Spent says, within Recv, that nothing of the message's Data is kept.
func (o *Port) Spent() { o.table.spent = true }

// TakeSpent tells whether a handler said Spent since the last call.
func (t *Table) TakeSpent() bool {
	was := t.spent
	t.spent = false
	return was
}

// Port is the peer's port of a lane, made when there is none.
func (t *Table) Port(p *Peer, ln link.Lane) *Port {
	if o := p.Port(ln); o != nil {
		return o
	}
	o := &Port{table: t, peer: p, lane: ln}
	p.ports = append(p.ports, o)
	return o
}

// ClosePort forgets a port: whoever calls it tells its handler Down. Nil when there
// is none.
func (t *Table) ClosePort(p *Peer, ln link.Lane) *Port {
	for i, o := range p.ports {
		if o.lane == ln {
			n := copy(p.ports[i:], p.ports[i+1:])
			p.ports[i+n] = nil
			p.ports = p.ports[:i+n]
			o.release()
			o.gone = true
			return o
		}
	}
	return nil
}

// release takes back what the port waits for.
func (o *Port) release() {
	if o.full {
		o.full = false
		o.peer.full--
	}
	if o.await {
		o.await = false
		o.peer.awaited--
	}
}

// Port is the peer's port of a lane; nil when there is none.
func (p *Peer) Port(ln link.Lane) *Port {
	for _, o := range p.ports {
		if o.lane == ln {
			return o
		}
	}
	return nil
}
