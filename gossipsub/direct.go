package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Direct peers are an agreement between two operators: they stand outside mesh,
// scores and gater, always get our messages and are always heard (gossipsub-v1.1
// "Explicit Peering Agreements").

// SetDirect makes a peer a direct one, or an ordinary one again.
func (r *Router) SetDirect(now time.Time, who id.ID, direct bool) {
	r.begin(now)
	if direct {
		r.direct.Add(who)
	} else {
		r.direct.Delete(who)
	}
	p, ok := r.peers.Get(who)
	if !ok || p.direct == direct {
		return
	}
	p.direct = direct
	for _, n := range p.topics.list {
		t := r.topics.numbered(uint64(n))
		t.sort(p)
		if t.fanout != nil && direct {
			t.fanout.peers.remove(p)
		}
	}
	if direct {
		for _, t := range r.joined.list {
			if t.own.mesh.has(p) {
				r.prune(now, t, p, r.p.PruneBackoff, false, "direct from now on")
			}
		}
	}
	for _, n := range p.topics.list {
		t := r.topics.numbered(uint64(n))
		r.topUp(now, t)
	}
	r.flush()
}

// Direct lists the direct peers, connected or not.
func (r *Router) Direct() []id.ID {
	out := make([]id.ID, 0, r.direct.Len())
	for i := range r.direct.Len() {
		out = append(out, r.direct.At(i))
	}
	return out
}

// refuseDirect answers a GRAFT of a direct peer, for which the agreement cannot be
// mutual. That is said once; the backoff keeps the two from asking for ever.
func (r *Router) refuseDirect(now time.Time, t *topic, p *peer) {
	if !p.warned {
		p.warned = true
		r.emit(now, "refuse", p, t, t.own.mesh.len(), "direct peer: is it configured on one side only?")
	}
	r.refuse(now, t, p, r.p.PruneBackoff, false)
}

// seekDirect has missing direct peers dialled, at the first heartbeat and every
// DirectConnectTicks.
func (r *Router) seekDirect() {
	if r.direct.Len() == 0 || (r.beat-1)%uint64(r.p.DirectConnectTicks) != 0 {
		return
	}
	for i := range r.direct.Len() {
		who := r.direct.At(i)
		if p, ok := r.peers.Get(who); !ok || !p.writable {
			r.news.Missing = append(r.news.Missing, who)
		}
	}
}
