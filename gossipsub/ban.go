package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// bansMax bounds the list of bans, our choice (as that of the host book).
const bansMax = 10000

// Ban drops the messages of a peer, and those it is the author of whoever brings
// them, until the given time. When the list is full the ban that ends first gives
// way.
func (r *Router) Ban(now time.Time, who id.ID, until time.Time) {
	r.begin(now)
	r.sweepBans(now)
	if _, ok := r.bans.Get(who); !ok && r.bans.Len() >= bansMax {
		first := 0
		for i := range r.bans.Len() {
			_, end := r.bans.At(i)
			if _, least := r.bans.At(first); end.Before(least) {
				first = i
			}
		}
		gone, _ := r.bans.At(first)
		r.bans.Delete(gone)
	}
	r.bans.Put(who, until)
}

// Unban ends a ban and tells whether there was one.
func (r *Router) Unban(now time.Time, who id.ID) bool {
	r.begin(now)
	_, ok := r.bans.Get(who)
	r.bans.Delete(who)
	return ok
}

func (r *Router) sweepBans(now time.Time) {
	for i := 0; i < r.bans.Len(); {
		if who, until := r.bans.At(i); !until.After(now) {
			r.bans.Delete(who)
		} else {
			i++
		}
	}
}

func (r *Router) banned(now time.Time, who id.ID) bool {
	until, ok := r.bans.Get(who)
	return ok && now.Before(until)
}

// shunned says why a new message is dropped for who sent or wrote it.
func (r *Router) shunned(now time.Time, p *peer, m *rpc.Message) string {
	switch {
	case r.bans.Len() == 0:
		return ""
	case r.banned(now, p.id):
		return whyBannedPeer
	case len(m.From) > 0 && r.banned(now, id.PeerID(m.From).ID()):
		return whyBannedSource
	}
	return ""
}
