package peer

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// Verdict is what Add decided. A link that is not kept, and a replaced one, come
// up in TakeCloses by themselves.
type Verdict struct {
	Kept   bool
	Reason link.Reason // why not, when not kept
	// Old is the peer whose link had to go for this one, already out of the table;
	// nil for none. Its Down is due before the new peer's Up, and no LinkDown of it
	// means anything any more.
	Old *Peer
}

// Add takes in a finished link. Info.Lanes are open at once.
func (t *Table) Add(now time.Time, c link.Conn, info link.Info) Verdict {
	if t.conns.Has(c) {
		panic("peer: link number used twice")
	}
	if info.ID == t.cfg.Self {
		return t.refuse(now, c, info, link.Self)
	}
	old, double := t.peers.Get(info.ID)
	var v Verdict
	switch {
	case double && !t.newerStays(now, old, info):
		return t.refuse(now, c, info, link.AlreadyConnected)
	case double:
		v.Old = old
		if !old.closing {
			t.closes = append(t.closes, Close{old.conn, link.AlreadyConnected})
		}
		t.cfg.Trace.Emit(now, trace.Event{Strand: "peer", Kind: "replaced", Peer: info.ID, Addr: info.Addr.String(), N: int64(old.conn)})
		t.Remove(now, old.conn, &link.Closed{Reason: link.AlreadyConnected})
	case t.Len() >= t.cfg.PeersMax:
		return t.refuse(now, c, info, link.TooManyPeers)
	}
	v.Kept = true
	p := &Peer{conn: c, info: info, since: now, idle: true, lanes: make([]lane, 0, len(info.Lanes))}
	t.conns.Put(c, p)
	t.peers.Put(info.ID, p)
	for _, l := range info.Lanes {
		t.Open(c, l.Lane, l.Stream)
	}
	t.cfg.Trace.Emit(now, trace.Event{Strand: "peer", Kind: "up", Peer: info.ID, Addr: info.Addr.String(), Ticket: info.Ticket, N: int64(c)})
	return v
}

// Remove forgets the peer of a link that is down; nothing of it remains. It tells
// whether there was one. why is what is known of the end; nil for nothing.
func (t *Table) Remove(now time.Time, c link.Conn, why error) bool {
	p, ok := t.conns.Get(c)
	if !ok {
		return false
	}
	t.discard(now, p)
	t.conns.Delete(c)
	t.peers.Delete(p.ID())
	e := trace.Event{Strand: "peer", Kind: "down", Peer: p.ID(), Ticket: p.info.Ticket, N: int64(c)}
	if why != nil {
		e.Side, e.Err = sideOf(why), why.Error()
	}
	t.cfg.Trace.Emit(now, e)
	return true
}

// sideOf is who ended a link.
func sideOf(why error) trace.Side {
	var closed *link.Closed
	switch {
	case !errors.As(why, &closed):
		return ""
	case closed.Remote:
		return trace.Remote
	}
	return trace.Local
}

func (t *Table) refuse(now time.Time, c link.Conn, info link.Info, why link.Reason) Verdict {
	t.closes = append(t.closes, Close{c, why})
	t.cfg.Trace.Emit(now, trace.Event{Strand: "peer", Kind: "refused", Peer: info.ID, Addr: info.Addr.String(), Ticket: info.Ticket, N: int64(c), Err: why.String(), Side: trace.Local})
	return Verdict{Reason: why}
}

// newerStays decides between two links to one identity (package doc). Both ends
// see the same two diallers and nearly the same two moments, so they agree.
func (t *Table) newerStays(now time.Time, old *Peer, info link.Info) bool {
	if old.closing || now.Sub(old.since) > simultaneousWithin {
		return true
	}
	was, is := t.dialler(old.info), t.dialler(info)
	return is.Compare(was) < 0
}

func (t *Table) dialler(info link.Info) id.ID {
	if info.Dir == link.Out {
		return t.cfg.Self
	}
	return info.ID
}
