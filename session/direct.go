package session

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// waiter is a direct dial that has not started.
type waiter struct {
	ticket id.Ticket
	to     link.Addr
}

// Connect makes a link on a user's demand, or shares one that is there or under
// way. The outcome is an Answer of a later input, mostly of Advance.
func (k *Keeper) Connect(now time.Time, t id.Ticket, to link.Addr) error {
	who := to.ID()
	switch {
	case !k.running:
		return ErrStopped
	case !who.IsZero() && who == k.cfg.Self:
		return ErrSelf
	case k.book.Banned(now, who, to):
		return ErrBanned
	case !k.cfg.Restrict.AllowsAddr(to):
		return ErrOutside
	case k.waiting() >= directsMax:
		return ErrBusy
	}
	k.queue = append(k.queue, waiter{t, to})
	k.next = now
	return nil
}

func (k *Keeper) waiting() int {
	n := len(k.queue)
	for _, l := range k.lates.All() {
		n += len(l.users)
	}
	for _, d := range k.dials.All() {
		n += len(d.users)
	}
	return n
}

// runDirect serves the queue in order, as far as the caps on dials allow.
func (k *Keeper) runDirect(now time.Time) {
	for len(k.queue) > 0 {
		w := k.queue[0]
		if !k.share(now, w) {
			if !k.mayDial(now) {
				return
			}
			d := &dial{kind: Direct, who: w.to.ID(), addr: w.to, users: []id.Ticket{w.ticket}}
			k.start(now, k.tickets.Next(), d)
		}
		k.queue = k.queue[1:]
	}
	k.queue = nil
}

// share serves a waiter from a link or a dial that is there. One of a seed or a
// probe changes its kind, so that it is not closed under the user.
func (k *Keeper) share(now time.Time, w waiter) bool {
	who := w.to.ID()
	if c, ok := k.links.Get(who); ok {
		if s := c.slot; s != nil && c.kind == Seed {
			s.rest(now, time.Time{}, "kept for the user")
			c.slot = nil
		}
		if !c.kind.IsPeer() {
			k.setKind(now, who, c, Direct)
		}
		k.news.Answers = append(k.news.Answers, Answer{Ticket: w.ticket, ID: who})
		return true
	}
	for _, d := range k.dials.All() {
		if d.addr != w.to && (who.IsZero() || d.who != who) {
			continue
		}
		d.users = append(d.users, w.ticket)
		if d.kind == Seed || d.kind == Refine {
			d.slot.rest(now, time.Time{}, "kept for the user")
			d.kind, d.slot = Direct, nil
		}
		return true
	}
	return false
}

func (k *Keeper) directDue(now time.Time) time.Time {
	if len(k.queue) == 0 {
		return time.Time{}
	}
	return now
}

func (k *Keeper) direct(now time.Time, kind string, d *dial, why string) {
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: kind, Topic: string(Direct), Peer: d.who, Addr: d.addr.String(), Err: why})
}
