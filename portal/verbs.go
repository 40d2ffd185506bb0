package portal

import (
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// The verbs. Each is answered exactly once with its ticket, at once or later.

// PingBest lets Ping choose the type and the payload.
const PingBest = -1

// Ping asks a node for its state: Answer.Pong. kind is a payload's type or PingBest; a nil
// payload is made by us, where we know the type (else ErrPingType).
func (o *Overlay) Ping(now time.Time, t id.Ticket, to *enr.Record, kind int, payload []byte) News {
	return o.fail(t, ErrStopped)
}

// FindNodes asks a node for nodes at log distances from it: Answer.Records, verified.
func (o *Overlay) FindNodes(now time.Time, t id.Ticket, to *enr.Record, distances []uint16) News {
	return o.fail(t, ErrStopped)
}

// FindContent asks one node for an item: Answer.Value, unchecked, or Answer.Records.
func (o *Overlay) FindContent(now time.Time, t id.Ticket, to *enr.Record, key []byte) News {
	return o.fail(t, ErrStopped)
}

// Offer offers 1 to 64 items to one node and sends what it wants: Answer.Codes. Err is set
// when the transfer failed. Of an item only Key and Value are read.
func (o *Overlay) Offer(now time.Time, t id.Ticket, to *enr.Record, items []content.Item) News {
	return o.fail(t, ErrStopped)
}

// Lookup finds the nodes nearest to a target: Answer.Records, at most 16, nearest first.
func (o *Overlay) Lookup(now time.Time, t id.Ticket, target id.ID) News {
	return o.fail(t, ErrStopped)
}

// Query looks a target up and answers with everybody it met: Answer.Records.
func (o *Overlay) Query(now time.Time, t id.Ticket, target id.ID) News {
	return o.fail(t, ErrStopped)
}

// QueryRandom is Query for a target drawn by chance.
func (o *Overlay) QueryRandom(now time.Time, t id.Ticket) News { return o.fail(t, ErrStopped) }

// Resolve finds a node's newest record: Answer.Records, one of them; ErrUnknown.
func (o *Overlay) Resolve(now time.Time, t id.Ticket, who id.ID) News {
	return o.fail(t, ErrUnknown)
}

// Get finds an item, here or in the network: Answer.Value, checked. Answer.From and
// Streamed say how it came; with tracing, Answer.Trace how it was found, or was not
// (ErrNotFound).
func (o *Overlay) Get(now time.Time, t id.Ticket, key []byte, tracing bool) News {
	return o.fail(t, ErrNotFound)
}

// Put checks an item, stores it (Durable: wherever it belongs; Cache: within our radius)
// and offers it to Config.Replicas nodes that cover it: Answer.Put. It is answered when it
// is stored and the offers have ended.
func (o *Overlay) Put(now time.Time, t id.Ticket, key, value []byte, class content.Class) News {
	return o.fail(t, ErrStopped)
}

// Gossip offers an item to nodes of the table, without storing it: Answer.Put.
func (o *Overlay) Gossip(now time.Time, t id.Ticket, key, value []byte) News {
	return o.fail(t, ErrStopped)
}

// LocalContent is what our store has: Answer.Value or ErrNotFound.
func (o *Overlay) LocalContent(now time.Time, t id.Ticket, key []byte) News {
	return o.fail(t, ErrNotFound)
}

// StoreLocal stores an item as durable, if it passes the check or cannot be judged.
func (o *Overlay) StoreLocal(now time.Time, t id.Ticket, key, value []byte) News {
	return o.fail(t, ErrStopped)
}

// Drop forgets an item of our store.
func (o *Overlay) Drop(now time.Time, t id.Ticket, key []byte) News { return o.fail(t, ErrStopped) }

// Page lists keys of our store after that of an item: Answer.Keys. A zero ID starts.
func (o *Overlay) Page(now time.Time, t id.Ticket, after id.ID, limit int) News {
	return o.fail(t, ErrStopped)
}

// AddNode puts a node into the table, as one that answered (portal_*AddEnr).
func (o *Overlay) AddNode(now time.Time, r *enr.Record) bool { return false }

// RemoveNode takes a node out of the table.
func (o *Overlay) RemoveNode(who id.ID) bool { return false }

// Node is a node's record from the table.
func (o *Overlay) Node(who id.ID) (*enr.Record, bool) { return nil, false }

// fail answers a verb with an error.
func (o *Overlay) fail(t id.Ticket, err error) News {
	o.news.Answers = append(o.news.Answers, Answer{Ticket: t, Err: err})
	return o.take()
}
