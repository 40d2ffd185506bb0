package peer

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// lane is one protocol shared with a peer, while we may write on it.
type lane struct {
	lane   link.Lane
	stream string
	q      *queues // nil when nothing waits
}

func (l *lane) msgs() int {
	if l.q == nil {
		return 0
	}
	return l.q.msgs
}

func (l *lane) bytes() int {
	if l.q == nil {
		return 0
	}
	return l.q.bytes
}

// Peer is one connected remote. It belongs to the table's owner, like the table.
type Peer struct {
	conn  link.Conn
	info  link.Info
	since time.Time

	lanes []lane // open for writing, by lane number; Σ of their queues = msgs, bytes
	msgs  int
	bytes int

	turn      [levels]uint8 // index into lanes of the lane whose turn it is
	earned    [levels]bool  // that lane has had this turn's quantum
	urgentRun uint8         // urgent messages in a row while an ordinary one waited

	idle    bool      // Next last said there is nothing, and nobody was told since
	closing bool      // a Close was handed out; nothing is written any more
	waiting bool      // for a place to write bulk
	movedAt time.Time // when Next last gave a message, or the first since then was queued
	why     link.Reason
	dropped bool // by us, for the reason why

	ports        []*Port // of handlers, in the order of their first call
	full         int     // ports that wait for room
	awaited      int     // ports that wait until all is written
	privateMsgs  int     // of msgs and bytes: what waits on lanes with bounds of their own
	privateBytes int
	rtt          time.Duration // as the link measured it; 0 while unknown
	in, out      uint64        // messages that came, and that Next gave
}

// ID is the remote's identity.
func (p *Peer) ID() id.ID { return p.info.ID }

// Conn is the link it is connected by.
func (p *Peer) Conn() link.Conn { return p.conn }

// Info is what the link says about the remote. Lanes says what was open at first;
// Lane says what is open now.
func (p *Peer) Info() link.Info { return p.info }

// Since is when the link came up.
func (p *Peer) Since() time.Time { return p.since }

// Traffic is how many messages have come from the remote and gone to its link.
func (p *Peer) Traffic() (in, out uint64) { return p.in, p.out }

// Outbound tells whether we dialled.
func (p *Peer) Outbound() bool { return p.info.Dir == link.Out }

// Closing tells whether the link has been given up.
func (p *Peer) Closing() bool { return p.closing }

// QueuedOn is the bytes that wait on a lane.
func (p *Peer) QueuedOn(ln link.Lane) int {
	if l := p.lane(ln); l != nil {
		return l.bytes()
	}
	return 0
}

// Lane returns what was negotiated for a lane, and whether we may write on it.
func (p *Peer) Lane(l link.Lane) (stream string, open bool) {
	if at := p.lane(l); at != nil {
		return at.stream, true
	}
	return "", false
}

// Lanes is the set of lanes we may write on.
func (p *Peer) Lanes() link.LaneSet {
	var s link.LaneSet
	for i := range p.lanes {
		s = s.With(p.lanes[i].lane)
	}
	return s
}

// Queued is how many messages wait for the peer, and their bytes with overhead.
func (p *Peer) Queued() (msgs, bytes int) { return p.msgs, p.bytes }

// sharedMsgs and sharedBytes are what counts against the peer's bounds.
func (p *Peer) sharedMsgs() int  { return p.msgs - p.privateMsgs }
func (p *Peer) sharedBytes() int { return p.bytes - p.privateBytes }

// lane finds an open lane; nil when it is not open. There are few, so a walk is
// the fastest search. The pointer holds until a lane is opened or shut.
func (p *Peer) lane(l link.Lane) *lane {
	for i := range p.lanes {
		if p.lanes[i].lane == l {
			return &p.lanes[i]
		}
	}
	return nil
}

// bulks is how many bulk messages wait.
func (p *Peer) bulks() (n int) {
	for i := range p.lanes {
		if q := p.lanes[i].q; q != nil {
			n += q.bulks()
		}
	}
	return n
}
