package msgrw

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/trace"
)

// handler is one protocol as the node sees it.
type handler struct{ *kind }

// Up implements peer.Handler.
func (h handler) Up(now time.Time, o *peer.Port) {
	r := h.of(now, o)
	switch {
	case r.state != early:
	case h.outdone(o):
		r.detach()
	case h.stuck >= stuckMax:
		h.refuse(now, r, "too many Runs do not return; the peer gets none", link.Subprotocol)
	default:
		if err := h.hub.takeShare(r); err != nil {
			h.refuse(now, r, "no room for a Run: "+err.Error(), link.TooManyPeers)
			return
		}
		h.start(r)
	}
}

// refuse gives a peer no Run; its link ends when it has nothing else.
func (h handler) refuse(now time.Time, r *rw, what string, why link.Reason) {
	h.hub.warn(what, r)
	r.detach()
	if !h.hub.carries(r) {
		r.port.Drop(now, why)
	}
}

// Recv implements peer.Handler.
func (h handler) Recv(now time.Time, o *peer.Port, m link.Msg) error {
	r := h.of(now, o)
	if m.Code >= h.Length {
		return fmt.Errorf("%w: %d, %s has %d: %w", ErrInvalidCode, m.Code, h.label, h.Length, link.Breach)
	}
	h.got.msgs++
	h.got.bytes += uint64(len(m.Data))
	if h.hub.watched() {
		h.hub.emit(now, trace.Event{Kind: "received", Peer: r.peer.ID(), Topic: h.label, N: int64(len(m.Data)), ID: codeText(m.Code)})
	}
	if r.state == detached || r.leaving != nil {
		h.discarded++
		o.Spent()
		return nil
	}
	switch r.admit(now, costOf(len(m.Data))) {
	case lose:
		h.dropped++
		o.Spent()
		return nil
	case overflow:
		h.overflows++
		return overflowed
	}
	if r.in.put(now, m.Code, m.Data) {
		o.Spent()
	}
	if !r.dirty {
		r.dirty = true
		h.hub.dirty = append(h.hub.dirty, r)
	}
	return nil
}

// Room implements peer.Handler.
func (h handler) Room(now time.Time, o *peer.Port) {
	if r, ok := o.Value.(*rw); ok {
		r.room(now)
	}
}

// Down implements peer.Handler.
func (h handler) Down(now time.Time, o *peer.Port, why error) {
	r, ok := o.Value.(*rw)
	if !ok {
		return
	}
	// What the remote sent before it left is still read; after an end of our own
	// nothing is.
	var closed *link.Closed
	r.in.flush()
	r.hangUp(!errors.As(why, &closed) || !closed.Remote)
	r.free()
	p := r.peer
	p.rws = slices.DeleteFunc(p.rws, func(x *rw) bool { return x == r })
	p.port = nil
	if len(p.rws) > 0 {
		p.port = p.rws[0].port
	} else {
		p.cancel()
		delete(h.hub.peers, o.Peer().Conn())
	}
	h.hub.forget(r) // it need not write its last any more
	was := r.state
	r.state = down
	if was == running {
		r.deadline = now.Add(stopWithin)
		h.hub.ends = append(h.hub.ends, r)
	}
	h.live--
}

// Advance implements peer.Handler. The first of a hub's protocols does it for all.
func (h handler) Advance(now time.Time) {
	if h.kind == h.hub.kinds[0] {
		h.hub.endBrakes(now)
		h.hub.endEnds(now)
	}
}

// Deadline implements peer.Handler.
func (h handler) Deadline() (at time.Time) {
	if h.kind != h.hub.kinds[0] {
		return at
	}
	for _, r := range h.hub.brakes {
		at = earlier(at, r.brake)
	}
	for _, r := range h.hub.ends {
		at = earlier(at, r.deadline)
	}
	return at
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// of is a port's conversation, made at its first call.
func (h handler) of(now time.Time, o *peer.Port) *rw {
	if r, ok := o.Value.(*rw); ok {
		return r
	}
	p := h.hub.peerOf(o)
	r := &rw{kind: h.kind, peer: p, in: newInbox(&p.in), out: newOutbox(), done: make(chan struct{}), port: o}
	r.ctx, r.cancel = context.WithCancel(p.ctx)
	r.push = func(now time.Time) {
		if r.state != down {
			r.pump(now)
		}
	}
	if h.hub.cfg.Memory != nil {
		r.in.memory = h.hub.cfg.Memory(o.Peer().Conn())
		r.out.memory = r.in.memory
	}
	if h.hub.cfg.Gate != nil {
		r.gate = h.hub.cfg.Gate(o.Peer().Conn())
	}
	o.Value = r
	p.rws = append(p.rws, r)
	if p.port == nil {
		p.port = o
	}
	h.live++
	return r
}

// peerOf is the remote of a port's link, made at its first call.
func (h *Hub) peerOf(o *peer.Port) *Peer {
	c := o.Peer().Conn()
	if p, ok := h.peers[c]; ok {
		return p
	}
	p := &Peer{hub: h, info: o.Peer().Info(), since: o.Peer().Since()}
	for _, l := range p.info.Lanes {
		if i := int(l.Lane) - int(h.cfg.Own); i >= 0 && i < len(h.kinds) {
			p.caps = append(p.caps, h.kinds[i].Cap())
		}
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	h.peers[c] = p
	return p
}

// outdone tells whether the link has a higher version of the protocol.
func (h handler) outdone(o *peer.Port) bool {
	for i, k := range h.hub.kinds {
		if k.Name == h.Name && k.Version > h.Version {
			if _, open := o.Peer().Lane(h.hub.cfg.Own + link.Lane(i)); open {
				return true
			}
		}
	}
	return false
}

// codeText is a message code as an event's ID.
func codeText(code uint64) string {
	if code < 0x100 {
		return string([]byte{byte(code)})
	}
	return string([]byte{byte(code >> 8), byte(code)})
}
