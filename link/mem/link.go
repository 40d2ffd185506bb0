package mem

import (
	"errors"
	"fmt"
	"sync"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// What Write refuses. The link lives on.
var (
	ErrNoLane   = errors.New("mem: no such lane")
	ErrShut     = errors.New("mem: lane is shut")
	ErrTooLarge = errors.New("mem: message above the protocol's limit")
	ErrCode     = errors.New("mem: message code above the protocol's length")
)

// Link is one end of a pipe in memory.
type Link struct {
	owner *Transport
	info  link.Info
	in    *queue             // what the remote wrote
	out   *queue             // the remote's in
	peer  *Link              // the other end
	lane  map[link.Lane]lane // fixed

	mu   sync.Mutex
	shut link.LaneSet // lanes whose write side we closed
}

// lane is what a lane of ours is at the other end.
type lane struct {
	remote   link.Lane
	protocol link.Protocol
}

// pair makes both ends of a link that a dials and b accepts.
func pair(a, b *Transport, ticket id.Ticket, to link.Addr) (ours, theirs *Link) {
	ab, ba := newQueue(), newQueue()
	ours = &Link{owner: a, in: ba, out: ab, lane: make(map[link.Lane]lane)}
	theirs = &Link{owner: b, in: ab, out: ba, lane: make(map[link.Lane]lane)}
	ours.peer, theirs.peer = theirs, ours
	ours.info = about(b, to, link.Out)
	ours.info.Ticket = ticket
	from := a.addr
	if from.IsZero() {
		from = link.MustAddr("/mem/dialler").WithPeer(a.key.Public().PeerID())
	}
	theirs.info = about(a, from, link.In)
	ours.match(a.protocols, b.protocols)
	theirs.match(b.protocols, a.protocols)
	return ours, theirs
}

func about(t *Transport, addr link.Addr, dir link.Direction) link.Info {
	pub := t.key.Public()
	return link.Info{
		ID: t.key.ID(), PeerID: pub.PeerID(), Public: pub,
		Kind: link.Mem, Addr: addr, Dir: dir, Agent: "mem",
	}
}

// match finds the lanes both ends speak: for each protocol of ours the first of
// its stream IDs that any protocol of theirs has.
func (l *Link) match(own, remote []link.Protocol) {
	at := make(map[string]link.Lane)
	for i, p := range remote {
		for _, s := range p.StreamIDs() {
			if _, taken := at[s]; !taken {
				at[s] = link.Lane(i)
			}
		}
	}
	for i, p := range own {
		for _, s := range p.StreamIDs() {
			if r, ok := at[s]; ok {
				l.lane[link.Lane(i)] = lane{remote: r, protocol: p}
				l.info.Lanes = append(l.info.Lanes, link.LaneInfo{Lane: link.Lane(i), Stream: s})
				break
			}
		}
	}
}

// Info says who is at the other end.
func (l *Link) Info() link.Info { return l.info }

// Read waits for the next message. When the remote closed, what it wrote before
// is still read.
func (l *Link) Read() (link.Msg, error) { return l.in.get() }

// Write puts a message in the remote's queue and waits while that is full.
func (l *Link) Write(m link.Msg) error {
	to, ok := l.lane[m.Lane]
	if !ok {
		return fmt.Errorf("%w: %d", ErrNoLane, m.Lane)
	}
	p := to.protocol
	switch {
	case m.Op != link.Data && m.Op != link.Shut:
		return fmt.Errorf("%w: op %s", ErrNoLane, m.Op)
	case m.Op == link.Data && len(m.Data) > p.PayloadBytesMax():
		return fmt.Errorf("%w: %s: %d bytes, at most %d", ErrTooLarge, p.Name, len(m.Data), p.PayloadBytesMax())
	case m.Op == link.Data && !p.Bare && p.Length > 0 && m.Code >= p.Length:
		return fmt.Errorf("%w: %s: code %d of %d", ErrCode, p.Name, m.Code, p.Length)
	}
	l.mu.Lock()
	shut := l.shut.Has(m.Lane)
	if m.Op == link.Shut {
		l.shut = l.shut.With(m.Lane)
	}
	l.mu.Unlock()
	switch {
	case shut && m.Op == link.Shut:
		return nil
	case shut:
		return fmt.Errorf("%w: %s", ErrShut, p.Name)
	}
	out := link.Msg{Lane: to.remote, Op: m.Op, Data: m.Data}
	if m.Op == link.Shut {
		out = link.Msg{Lane: to.remote, Op: link.Ended}
	} else if !p.Bare {
		out.Code = m.Code
	}
	return l.out.put(out)
}

// Close ends the link at both ends; the remote is told why.
func (l *Link) Close(why link.Reason) error {
	if l.in.close(&link.Closed{Reason: why}, false) {
		l.out.close(&link.Closed{Reason: why, Remote: true}, true)
	}
	l.owner.drop(l)
	l.peer.owner.drop(l.peer)
	return nil
}
