package utp

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// peer is what the streams with one remote share; it is gone with the last of them.
type peer struct {
	streams []*stream
	inbound int
	readers int // of streams: those that we have not written to
	held    int // memory of what came out of order
}

// attach gives s its place. There must be room.
func (e *Endpoint) attach(now time.Duration, s *stream) {
	p := e.peers[s.remote.ID]
	if p == nil {
		p = &peer{}
		e.peers[s.remote.ID] = p
	}
	s.e, s.peer, s.reads = e, p, true
	p.streams = append(p.streams, s)
	p.readers++
	if s.inbound {
		p.inbound++
		e.inbound++
	} else {
		e.outbound++
	}
	s.ledbat = newLedbat(e.cfg.PacketMax - headerBytes)
	e.streams[key{s.remote.ID, s.recv}] = s
	e.tickets[s.ticket] = s
	s.wake = s.due()
	e.timers.push(s)
}

// detach takes s, which is over, from its peer and its user.
func (e *Endpoint) detach(s *stream) {
	p := s.peer
	for i, other := range p.streams {
		if other == s {
			last := len(p.streams) - 1
			p.streams[i], p.streams[last] = p.streams[last], nil
			p.streams = p.streams[:last]
			break
		}
	}
	if s.inbound {
		p.inbound--
		e.inbound--
	} else {
		e.outbound--
	}
	if s.reads {
		p.readers--
	}
	if len(p.streams) == 0 {
		delete(e.peers, s.remote.ID)
	}
	s.peer = nil
	delete(e.tickets, s.ticket)
	s.ticket = id.Ticket{}
}

// room tells whether a peer may have another stream in a direction. Of those that others
// ask for nobody has more than are left, so that whoever has few finds a place.
func (e *Endpoint) room(who id.ID, inbound bool) bool {
	in, out := 0, 0
	if p := e.peers[who]; p != nil {
		in, out = p.inbound, len(p.streams)-p.inbound
	}
	if inbound {
		return in < min(e.cfg.PerPeer, e.cfg.Inbound-e.inbound)
	}
	return e.outbound < e.cfg.Outbound && out < e.cfg.PerPeer
}

// forget ends the last memory of a stream that is over.
func (e *Endpoint) forget(s *stream) {
	delete(e.streams, key{s.remote.ID, s.recv})
	e.ended.remove(s)
	e.timers.remove(s)
	s.acking = false
}

// wait keeps a stream that is over for late packets, in place of the oldest if there are
// too many.
func (e *Endpoint) wait(s *stream) {
	if len(e.ended.list) >= waitingMax {
		e.forget(e.ended.list[0])
	}
	e.ended.list = append(e.ended.list, s)
}

// ended are the streams that are over and answer late packets, the oldest first.
type ended struct{ list []*stream }

func (w *ended) remove(s *stream) {
	for i, other := range w.list {
		if other == s {
			copy(w.list[i:], w.list[i+1:])
			w.list[len(w.list)-1] = nil
			w.list = w.list[:len(w.list)-1]
			return
		}
	}
}
