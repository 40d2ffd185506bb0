package node

import (
	"errors"
	"math"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
)

// LinkUp: a link is finished. It is admitted, taken in and its lanes brought up,
// or closed.
func (n *Node) LinkUp(now time.Time, c link.Conn, info link.Info) {
	n.begin(now)
	kind, why, ok := n.session.Admit(now, info)
	if !ok {
		n.peers.Refuse(now, c, why)
		n.settle()
		return
	}
	v := n.peers.Add(now, c, info)
	if v.Old != nil {
		n.strandsDown(now, v.Old) // session forgets the old link at the new one's Up
	}
	if !v.Kept {
		n.gossip.Doubled(info.ID)
		n.sessionNews(n.session.DialFailed(now, info.Ticket, v.Reason.String()))
		n.settle()
		return
	}
	n.outside(now, info)
	n.tell(now)
	n.sessionNews(n.session.Up(now, info, kind))
	p, _ := n.peers.ByConn(c)
	for ln := laneGossip; ln < LaneUser; ln++ {
		if stream, open := p.Lane(ln); open {
			n.laneUp(now, p, ln, stream)
		}
	}
	if v.Old != nil {
		n.gossip.Doubled(info.ID)
	}
	n.settle()
	if v.Old != nil {
		n.handlersDown(now, v.Old, &link.Closed{Reason: link.AlreadyConnected})
	}
	for ln := LaneUser; int(ln) < n.lanes(); ln++ {
		if _, open := p.Lane(ln); open {
			n.handler(ln).Up(now, n.peers.Port(p, ln))
		}
	}
}

// LinkDown: a link has ended. why is what the world knows of it.
func (n *Node) LinkDown(now time.Time, c link.Conn, why error) {
	n.begin(now)
	if p, ok := n.peers.ByConn(c); ok {
		n.peers.Remove(now, c, endOf(p, why))
		reason := ""
		if why != nil {
			reason = why.Error()
		}
		n.ended(p, why)
		n.strandsDown(now, p)
		n.useful.Delete(p.ID())
		n.held.Delete(p.ID())
		if broke(endOf(p, why)) {
			n.pulse.Broke(now, ipOf(p))
		}
		n.sessionNews(n.session.Down(now, p.ID(), p.Info().Ticket, reason, now.Sub(p.Since())))
		n.settle()
		n.handlersDown(now, p, endOf(p, why))
	}
}

// endOf is why a link ended, as its handlers are told: when the world knows no more
// than that it broke, and we had given it up, that is the reason.
func endOf(p *peer.Peer, why error) error {
	var closed *link.Closed
	if errors.As(why, &closed) {
		return closed
	}
	if reason, dropped := p.Dropped(); dropped {
		return &link.Closed{Reason: reason}
	}
	if why == nil {
		why = link.NetworkError
	}
	return why
}

// DialFailed: a dial of Out brought no link.
func (n *Node) DialFailed(now time.Time, t id.Ticket, err error) {
	n.begin(now)
	n.sessionNews(n.session.DialFailed(now, t, err.Error()))
	n.settle()
}

// LinkMsg: a link read a message or lane event.
func (n *Node) LinkMsg(now time.Time, c link.Conn, m link.Msg) {
	n.begin(now)
	n.spent = false
	if m.Op == link.Data {
		n.data(now, c, m)
	} else if m.Op == link.Timed {
		n.peers.Timed(c, time.Duration(min(m.Code, math.MaxInt64)))
	} else if p, ok := n.peers.ByConn(c); ok {
		n.laneEvent(now, p, c, m)
	}
	n.settle()
}

// Spent tells that the bytes of the message of the last LinkMsg are free: nothing
// that came of it holds any of them.
func (n *Node) Spent() bool { return n.spent }

func (n *Node) data(now time.Time, c link.Conn, m link.Msg) {
	p, err := n.peers.Recv(c, m)
	if p == nil {
		return // a link given up, or one that never became a peer
	}
	if err == nil {
		err = n.recv(now, p, m)
	}
	if err != nil {
		if m.Lane < LaneUser { // what else a handler says is between it and its user
			n.blame(p.ID(), err)
		}
		n.drop(p.ID(), reasonOf(err))
	}
}

// recv hands a message to the strand of its lane.
func (n *Node) recv(now time.Time, p *peer.Peer, m link.Msg) error {
	switch m.Lane {
	case laneGossip:
		news, err := n.gossip.Recv(now, p.ID(), m.Data)
		n.spent = news.Spent
		n.gossipNews(news)
		return err
	case lanePex:
		news, err := n.pex.Recv(now, p.ID(), m.Code, m.Data)
		n.pexNews(news)
		return err
	case laneChat:
		news, err := n.chat.Recv(now, p.ID(), m.Code, m.Data)
		n.chatNews(news)
		return err
	case lanePulse:
		return n.pulse.Recv(now, p.ID(), m.Code, m.Data)
	}
	err := n.handler(m.Lane).Recv(now, n.peers.Port(p, m.Lane), m)
	n.spent = n.peers.TakeSpent()
	return err
}

func (n *Node) laneEvent(now time.Time, p *peer.Peer, c link.Conn, m link.Msg) {
	switch m.Op {
	case link.Opened:
		fresh := n.peers.Open(c, m.Lane, m.Stream)
		if _, open := p.Lane(m.Lane); !open {
			return // no lane of ours
		}
		if !fresh && m.Lane != laneGossip {
			n.laneShut(now, p, m.Lane) // a new stream is a new conversation
		}
		n.laneUp(now, p, m.Lane, m.Stream)
	case link.Shut:
		if n.peers.Shut(now, c, m.Lane) {
			n.laneShut(now, p, m.Lane)
		}
	case link.Began:
		if m.Lane == laneGossip {
			n.gossip.Began(now, p.ID())
		} else if n.users(m.Lane) {
			n.handlerDown(now, p, m.Lane, peer.ErrLane) // a new stream is a new conversation
			if _, open := p.Lane(m.Lane); open {
				n.handler(m.Lane).Up(now, n.peers.Port(p, m.Lane))
			}
		}
	case link.Ended:
		if m.Lane == laneGossip {
			n.gossip.Ended(now, p.ID())
		} else if n.users(m.Lane) {
			n.handlerDown(now, p, m.Lane, peer.ErrLane)
		}
	}
}

// laneUp: we may write to p on a lane.
func (n *Node) laneUp(now time.Time, p *peer.Peer, ln link.Lane, stream string) {
	switch ln {
	case laneGossip:
		n.gossipNews(n.gossip.Up(now, p.ID(), n.remoteOf(p, stream)))
	case lanePex:
		n.pex.Up(now, p.ID(), p.Outbound())
	case laneChat:
		n.chat.Up(now, p.ID())
	case lanePulse:
		n.pulse.Up(now, p.ID(), ipOf(p))
		if n.cfg.Slow != nil && n.cfg.Slow(p.Info()) {
			n.pulse.Slow(p.ID())
		}
	default:
		n.handler(ln).Up(now, n.peers.Port(p, ln))
	}
}

// laneShut: we cannot write to p on a lane any more.
func (n *Node) laneShut(now time.Time, p *peer.Peer, ln link.Lane) {
	switch ln {
	case laneGossip:
		n.gossip.Shut(now, p.ID())
	case lanePex:
		n.pex.Down(now, p.ID())
	case laneChat:
		n.chat.Down(now, p.ID())
	case lanePulse:
		n.pulse.Down(p.ID())
	default:
		n.handlerDown(now, p, ln, peer.ErrLane)
	}
}

// strandsDown tells the strands that a peer is gone: also those whose lane was not
// open, because they may have heard from it.
func (n *Node) strandsDown(now time.Time, p *peer.Peer) {
	n.gossip.Down(now, p.ID())
	for ln := lanePex; ln < LaneUser; ln++ {
		n.laneShut(now, p, ln)
	}
}

// handlersDown tells the user's protocols, last of all, that a peer is gone.
func (n *Node) handlersDown(now time.Time, p *peer.Peer, why error) {
	for ln := LaneUser; int(ln) < n.lanes(); ln++ {
		n.handlerDown(now, p, ln, why)
	}
}

// handlerDown ends a conversation of the user's protocol, when there is one.
func (n *Node) handlerDown(now time.Time, p *peer.Peer, ln link.Lane, why error) {
	if o := n.peers.ClosePort(p, ln); o != nil {
		n.handler(ln).Down(now, o, why)
	}
}

// tellRoom tells the user's protocols that wait for room that there is some.
func (n *Node) tellRoom(now time.Time) {
	list := n.peers.TakeRooms()
	if len(list) == 0 {
		return
	}
	n.begin(now)
	for _, o := range list {
		n.handler(o.Lane()).Room(now, o)
	}
	n.settle()
}

// lanes is the size of the protocol table.
func (n *Node) lanes() int { return int(LaneUser) + len(n.cfg.Handlers) }

// users tells whether a lane is that of a protocol of the library's user.
func (n *Node) users(ln link.Lane) bool { return ln >= LaneUser && int(ln) < n.lanes() }

func (n *Node) handler(ln link.Lane) peer.Handler { return n.cfg.Handlers[ln-LaneUser].Handler }
