package peer

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// class is how pressing a message is.
type class uint8

const (
	urgent class = iota
	ordinary
	classes
)

// lane is one protocol shared with a peer, while we may write on it.
type lane struct {
	lane    link.Lane
	stream  string
	q       [classes]fifo
	deficit [classes]int // bytes the lane may still send in this turn; ≥ 0
}

func (l *lane) msgs() int  { return int(l.q[urgent].msgs) + int(l.q[ordinary].msgs) }
func (l *lane) bytes() int { return l.q[urgent].bytes + l.q[ordinary].bytes }

// Peer is one connected remote. It belongs to the table's owner, like the table.
type Peer struct {
	conn  link.Conn
	info  link.Info
	since time.Time

	lanes []lane // open for writing, by lane number; Σ of their queues = msgs, bytes
	msgs  int
	bytes int

	turn      [classes]uint8 // index into lanes of the lane whose turn it is
	earned    [classes]bool  // that lane has had this turn's quantum
	urgentRun uint8          // urgent messages in a row while an ordinary one waited

	idle    bool      // Next last said there is nothing, and nobody was told since
	closing bool      // a Close was handed out; nothing is written any more
	moved   bool      // Next gave a message since movedAt was noted
	movedAt time.Time // when the link was last seen to take messages or had none
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

// Outbound tells whether we dialled.
func (p *Peer) Outbound() bool { return p.info.Dir == link.Out }

// Closing tells whether the link has been given up.
func (p *Peer) Closing() bool { return p.closing }

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
