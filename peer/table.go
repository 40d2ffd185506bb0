package peer

import (
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Table holds the connected peers. One goroutine (the node's loop) owns it.
type Table struct {
	cfg   Config
	conns ordered.Map[link.Conn, *Peer]
	peers ordered.Map[id.ID, *Peer] // the same peers; invariant: one conn each

	bytes   int // Σ of all queues
	spare   pool
	seq     uint64 // messages queued so far
	bulk    places
	epoch   time.Time // stamps count from here; of the first message
	checkAt time.Time // when to look for stalled links, while bytes > 0
	ready   []link.Conn
	handed  []link.Conn // what TakeReady gave out last; reused
	closes  []Close
	rooms   []*Port
	tight   bool // a port waits for the bound on all peers together
	spent   bool // see Port.Spent

	cancels, cancelling []Cancelled // for TakeCancels, and what it gave out last; reused
}

// Cancelled names a message that is worth nothing any more.
type Cancelled struct {
	Conn link.Conn
	Lane link.Lane
	Tag  uint64
}

// Close asks the world to end a link.
type Close struct {
	Conn   link.Conn
	Reason link.Reason
}

// New makes an empty table. A config that Validate refuses is a mistake of ours
// and panics.
func New(cfg Config) *Table {
	if err := cfg.Validate(); err != nil {
		panic(err)
	}
	cfg.fill()
	return &Table{cfg: cfg}
}

// SetProtocols changes the protocol table, while there are no peers.
func (t *Table) SetProtocols(table []link.Protocol) error {
	cfg := t.cfg
	cfg.Protocols = table
	if err := cfg.Validate(); err != nil {
		return err
	}
	if t.Len() > 0 {
		panic("peer: protocols change while peers are connected")
	}
	t.cfg = cfg
	return nil
}

// Len is the number of peers.
func (t *Table) Len() int { return t.peers.Len() }

// ByConn finds the peer of a link.
func (t *Table) ByConn(c link.Conn) (*Peer, bool) { return t.conns.Get(c) }

// ByID finds the peer of an identity.
func (t *Table) ByID(who id.ID) (*Peer, bool) { return t.peers.Get(who) }

// All is every peer, in a reproducible order.
func (t *Table) All() []*Peer { return t.peers.Values() }

// Open says that we may write on a lane from now on, and what was negotiated. It
// tells whether the lane was not open before; a second Open renames the stream.
// Unknown links and lanes are ignored.
func (t *Table) Open(c link.Conn, ln link.Lane, stream string) bool {
	p, ok := t.conns.Get(c)
	if !ok || int(ln) >= len(t.cfg.Protocols) {
		return false
	}
	if l := p.lane(ln); l != nil {
		l.stream = stream
		return false
	}
	at := len(p.lanes)
	for at > 0 && p.lanes[at-1].lane > ln {
		at--
	}
	p.lanes = append(p.lanes, lane{})
	copy(p.lanes[at+1:], p.lanes[at:])
	p.lanes[at] = lane{lane: ln, stream: stream}
	p.resetTurns()
	return true
}

// Shut says that we cannot write on a lane any more; what waited on it is dropped.
// It tells whether the lane was open.
func (t *Table) Shut(now time.Time, c link.Conn, ln link.Lane) bool {
	p, ok := t.conns.Get(c)
	if !ok {
		return false
	}
	for i := range p.lanes {
		if p.lanes[i].lane == ln {
			t.drain(p, &p.lanes[i])
			t.unbulk(now, p)
			copy(p.lanes[i:], p.lanes[i+1:])
			p.lanes[len(p.lanes)-1] = lane{}
			p.lanes = p.lanes[:len(p.lanes)-1]
			p.resetTurns()
			return true
		}
	}
	return false
}

// Recv checks that a message read from c is one its lane's protocol has, and says
// whose it is. ErrNotConnected when c is no peer's (its messages are to be
// ignored); otherwise an error costs the peer its link (link.Subprotocol).
func (t *Table) Recv(c link.Conn, m link.Msg) (*Peer, error) {
	p, ok := t.conns.Get(c)
	if !ok || p.closing {
		return nil, ErrNotConnected
	}
	if int(m.Lane) >= len(t.cfg.Protocols) {
		return p, ErrNoLane
	}
	if m.Op != link.Data {
		return p, nil
	}
	p.in++
	return p, checkMessage(&t.cfg.Protocols[m.Lane], m.Code, len(m.Data))
}

// Drop gives up on a peer: its link is closed for the reason, what waits is
// dropped, and Send refuses. The peer stays in the table until the world reports
// the link down and Remove is called. Dropping twice, or a stranger, does nothing.
func (t *Table) Drop(now time.Time, who id.ID, why link.Reason) {
	p, ok := t.peers.Get(who)
	if !ok || p.closing {
		return
	}
	t.discard(now, p)
	p.why, p.dropped = why, true
	t.closes = append(t.closes, Close{p.conn, why})
	t.cfg.Trace.Emit(now, trace.Event{Strand: "peer", Kind: "drop", Peer: who, N: int64(p.conn), Err: why.String(), Side: trace.Local})
}

// Refuse has a link closed that never became a peer, or any other by its number.
func (t *Table) Refuse(now time.Time, c link.Conn, why link.Reason) {
	if p, ok := t.conns.Get(c); ok {
		t.Drop(now, p.ID(), why)
		return
	}
	t.closes = append(t.closes, Close{c, why})
}

// ProtocolName is a lane's protocol as it is shown, "echo/1"; empty for an unknown lane.
func (t *Table) ProtocolName(ln link.Lane) string {
	if int(ln) >= len(t.cfg.Protocols) {
		return ""
	}
	p := &t.cfg.Protocols[ln]
	return fmt.Sprintf("%s/%d", p.Name, p.Version)
}

// Waiting is the bytes that wait for all peers together.
func (t *Table) Waiting() int { return t.bytes }

// TakeCloses returns the links to close since the last call: dropped, replaced
// and refused ones. The slice is the caller's.
func (t *Table) TakeCloses() []Close {
	out := t.closes
	t.closes = nil
	return out
}

// TakeReady returns the links that have something to write since Next last said
// they have not. The slice is good until the call after the next.
func (t *Table) TakeReady() []link.Conn {
	out := t.ready[:0]
	for _, c := range t.ready {
		if p, ok := t.conns.Get(c); ok && !p.closing {
			out = append(out, c)
		}
	}
	t.ready, t.handed = t.handed[:0], out
	return out
}

// discard marks a peer as closing and empties its queues.
func (t *Table) discard(now time.Time, p *Peer) {
	p.closing = true
	for i := range p.lanes {
		t.drain(p, &p.lanes[i])
	}
	t.unbulk(now, p)
}

// drain empties a lane's queues.
func (t *Table) drain(p *Peer, l *lane) {
	for n := 0; n < queueCount && l.q != nil; n++ {
		for l.q != nil && l.q.q[n].head != nil {
			t.forget(p, l, l.q.q[n].pop())
		}
	}
}

// resetTurns starts the round robin anew, after the lanes have changed.
func (p *Peer) resetTurns() {
	p.turn, p.earned = [levels]uint8{}, [levels]bool{}
}
