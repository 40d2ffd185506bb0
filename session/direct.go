package session

import (
	"slices"
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
// way. The outcome is an Answer of a later input, mostly of Advance. A link is one use
// of it more, until Release; its ticket must differ from those of others who wait.
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

// Abandon forgets a question of Connect that has no answer yet and tells whether it was
// there. A dial for nobody else is given up: should it still succeed, its link is refused.
func (k *Keeper) Abandon(now time.Time, t id.Ticket) bool {
	had := len(k.queue)
	k.queue = slices.DeleteFunc(k.queue, func(w waiter) bool { return w.ticket == t })
	gone := len(k.queue) < had
	take := func(users []id.Ticket) []id.Ticket {
		rest := slices.DeleteFunc(users, func(u id.Ticket) bool { return u == t })
		gone = gone || len(rest) < len(users)
		return rest
	}
	for _, who := range k.lates.Keys() {
		l, _ := k.lates.Get(who)
		if l.users = take(l.users); len(l.users) == 0 {
			k.lates.Delete(who)
		}
	}
	for _, ticket := range k.dials.Keys() {
		d, _ := k.dials.Get(ticket)
		before := len(d.users)
		if d.users = take(d.users); len(d.users) == 0 && before > 0 && d.kind == Direct {
			k.dials.Delete(ticket)
			k.direct(now, "direct_failed", d, "no longer wanted")
		}
	}
	k.nudge(now)
	return gone
}

// Release gives a use of Connect back. The last one takes the link down, unless it is
// there for another reason: another session's, a manual peer's, a protection. A use of
// a link that has ended since is no use of a later one.
func (k *Keeper) Release(now time.Time, who id.ID, use uint64) {
	if c, ok := k.links.Get(who); ok && use != 0 && c.use == use && c.uses > 0 {
		c.uses--
		k.unused(now, who)
	}
}

// lend counts one use more of a link and returns its name.
func (k *Keeper) lend(who id.ID) uint64 {
	c, ok := k.links.Get(who)
	if !ok {
		return 0
	}
	if c.use == 0 {
		k.used++
		c.use = k.used
	}
	c.uses++
	return c.use
}

// unused lets a link go that only users on demand had, when none is left.
func (k *Keeper) unused(now time.Time, who id.ID) {
	c, ok := k.links.Get(who)
	switch {
	case !ok || c.kind != Direct || c.uses > 0 || c.leaving || k.sheltered(who):
	case named(k.manuals, who) != nil:
		k.setKind(now, who, c, Manual)
	default:
		k.drop(who, link.Requested)
	}
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

// runDirect serves the queue in order, as far as the caps on dials allow. Who asks for
// a host whose link is about to end, such as one that was just probed, waits for that.
func (k *Keeper) runDirect(now time.Time) {
	queue := k.queue
	k.queue = nil
	for i, w := range queue {
		switch {
		case k.ending(w.to.ID()):
			k.queue = append(k.queue, w)
		case k.share(now, w):
		case !k.mayDial(now):
			k.queue = append(k.queue, queue[i:]...)
			return
		default:
			d := &dial{kind: Direct, who: w.to.ID(), addr: w.to, users: []id.Ticket{w.ticket}}
			k.start(now, k.tickets.Next(), d)
		}
	}
}

// ending tells whether there is a link with a remote whose end is on the way.
func (k *Keeper) ending(who id.ID) bool {
	c, ok := k.links.Get(who)
	return ok && c.leaving
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
		k.tell([]id.Ticket{w.ticket}, who, nil)
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

// directDue is when the queue is looked at: at once, if somebody in it waits for no
// link to end first.
func (k *Keeper) directDue(now time.Time) time.Time {
	for _, w := range k.queue {
		if !k.ending(w.to.ID()) {
			return now
		}
	}
	return time.Time{}
}

func (k *Keeper) direct(now time.Time, kind string, d *dial, why string) {
	k.cfg.Trace.Emit(now, trace.Event{Strand: "session", Kind: kind, Topic: string(Direct), Peer: d.who, Addr: d.addr.String(), Err: why})
}
