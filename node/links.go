package node

import (
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
	n.sessionNews(n.session.Up(now, info, kind))
	p, _ := n.peers.ByConn(c)
	for ln := laneGossip; ln < laneUser; ln++ {
		if stream, open := p.Lane(ln); open {
			n.laneUp(now, p, ln, stream)
		}
	}
	if v.Old != nil {
		n.gossip.Doubled(info.ID)
	}
	n.settle()
	if v.Old != nil {
		n.handlersDown(now, v.Old)
	}
	for ln := laneUser; int(ln) < n.lanes(); ln++ {
		if _, open := p.Lane(ln); open {
			n.handler(ln).Up(now, p)
		}
	}
}

// LinkDown: a link has ended. why is what the world knows of it.
func (n *Node) LinkDown(now time.Time, c link.Conn, why error) {
	n.begin(now)
	if p, ok := n.peers.ByConn(c); ok {
		n.peers.Remove(now, c)
		reason := ""
		if why != nil {
			reason = why.Error()
		}
		n.strandsDown(now, p)
		n.sessionNews(n.session.Down(now, p.ID(), p.Info().Ticket, reason, now.Sub(p.Since())))
		n.settle()
		n.handlersDown(now, p)
	}
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
		n.peers.Drop(now, p.ID(), reasonOf(err))
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
	return n.handler(m.Lane).Recv(now, p, m)
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
		}
	case link.Ended:
		if m.Lane == laneGossip {
			n.gossip.Ended(now, p.ID())
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
		n.pulse.Up(now, p.ID())
	default:
		n.handler(ln).Up(now, p)
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
		n.handler(ln).Down(now, p)
	}
}

// strandsDown tells the strands that a peer is gone: also those whose lane was not
// open, because they may have heard from it.
func (n *Node) strandsDown(now time.Time, p *peer.Peer) {
	n.gossip.Down(now, p.ID())
	for ln := lanePex; ln < laneUser; ln++ {
		n.laneShut(now, p, ln)
	}
}

// handlersDown tells the user's protocols, last of all, that a peer is gone.
func (n *Node) handlersDown(now time.Time, p *peer.Peer) {
	for ln := laneUser; int(ln) < n.lanes(); ln++ {
		if _, open := p.Lane(ln); open {
			n.handler(ln).Down(now, p)
		}
	}
}

// lanes is the size of the protocol table.
func (n *Node) lanes() int { return int(laneUser) + len(n.cfg.Handlers) }

func (n *Node) handler(ln link.Lane) peer.Handler { return n.cfg.Handlers[ln-laneUser].Handler }
