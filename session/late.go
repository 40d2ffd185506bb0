package session

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// late is who waits for a link that the remote, or our own end, says is there already
// while we have not heard of it: two nodes dialled each other, and the link that stays
// is the other one's. What said so may be lost with the link that goes. Owner: Keeper; one per remote, at most directsMax users in all.
type late struct {
	addr  link.Addr
	why   string
	until time.Time
	users []id.Ticket
}

// awaitLate keeps the users of a failed dial waiting if its link may be about to show.
func (k *Keeper) awaitLate(now time.Time, d *dial, why string) bool {
	maybe := told(why, link.AlreadyConnected) || told(why, link.NetworkError)
	if len(d.users) == 0 || d.who.IsZero() || !maybe {
		return false
	}
	l, ok := k.lates.Get(d.who)
	if !ok {
		l = &late{addr: d.addr, why: why, until: now.Add(lateFor)}
		k.lates.Put(d.who, l)
	}
	l.users = append(l.users, d.users...)
	d.users = nil
	return true
}

// shown answers who waited for a link with a remote.
func (k *Keeper) shown(who id.ID) {
	if l, ok := k.lates.Get(who); ok {
		k.lates.Delete(who)
		k.tell(l.users, who, nil)
	}
}

// expireLate tells those whose link did not show.
func (k *Keeper) expireLate(now time.Time) {
	for _, who := range k.lates.Keys() {
		if l, _ := k.lates.Get(who); !now.Before(l.until) {
			k.lates.Delete(who)
			k.tell(l.users, id.ID{}, &DialError{Addr: l.addr, Why: l.why})
		}
	}
}
