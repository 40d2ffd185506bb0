package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// prune takes p out of the mesh, tells it, and holds the backoff it was told. px
// says whether it may be told of other peers.
func (r *Router) prune(now time.Time, t *topic, p *peer, d time.Duration, px bool, why string) {
	r.leaveMesh(now, t, p, why)
	r.refuse(now, t, p, d, px)
}

// refuse tells p that it is not in the mesh, and for how long not to come back.
func (r *Router) refuse(now time.Time, t *topic, p *peer, d time.Duration, px bool) {
	r.addBackoff(now, t, p, d, false)
	r.boxOf(p).prune(t.name, d, px)
}

// leaveMesh takes p out of the mesh and tells nobody but the score board and the
// observers.
func (r *Router) leaveMesh(now time.Time, t *topic, p *peer, why string) {
	t.own.mesh.remove(p)
	t.own.ungrace(p)
	if p.score != nil {
		r.board.Prune(now, p.score, t.own.score)
	}
	r.emit(now, "prune", p, t, t.own.mesh.len(), why)
}

// onPrune takes p out of the mesh. A backoff counts only from a mesh member, or one
// that was until just now, else any stranger could fill the table: who leaves the
// topic says that first, and our own leaving may cross a PRUNE.
func (r *Router) onPrune(now time.Time, p *peer, pr *rpc.Prune) {
	t := r.byName[string(pr.Topic)]
	if t == nil {
		return
	}
	if t.own == nil || !t.own.mesh.has(p) {
		if t.back.m.Has(p.id) {
			r.addBackoff(now, t, p, clampBackoff(pr.Backoff, r.p.PruneBackoff), true)
		}
		return
	}
	r.leaveMesh(now, t, p, "pruned by peer")
	r.addBackoff(now, t, p, clampBackoff(pr.Backoff, r.p.PruneBackoff), true)
	r.offered(now, t, p, pr.Peers)
}

// balance brings the mesh of a topic between Dlo and Dhi (gossipsub-v1.1
// "Heartbeat Maintenance"; the order is that of its reference implementation).
func (r *Router) balance(now time.Time, t *topic) {
	o, d := t.own, &t.own.degrees
	r.pruneUnannounced(now, t)
	r.pruneBad(now, t)
	r.relieve(now, t)
	if o.grown < growBeats && o.mesh.len() > 0 {
		o.grown++
		r.fill(now, t)
	}
	r.topUp(now, t)
	if n := o.mesh.len(); n > 0 && n >= d.Dhi && n > d.D {
		r.trim(now, t)
	}
	if o.mesh.len() >= d.Dlo {
		r.graftSome(now, t, d.Dout-o.outbound(), "too few outbound", r.dialled.list, t.peers.has)
	}
	if r.board != nil && r.beat%uint64(r.p.OpportunisticGraftTicks) == 0 {
		r.opportunity(now, t)
	}
}

// pruneUnannounced ends the membership of peers that never said they follow the
// topic: they would get its messages for nothing.
func (r *Router) pruneUnannounced(now time.Time, t *topic) {
	for i := 0; i < len(t.own.graced); {
		g := &t.own.graced[i]
		if g.beats++; g.beats > unannouncedBeatsMax {
			r.prune(now, t, g.p, r.p.PruneBackoff, false, "never announced")
			continue // another one took its place
		}
		i++
	}
}

// pruneBad prunes every member below zero, without a word of other peers.
func (r *Router) pruneBad(now time.Time, t *topic) {
	if r.board == nil {
		return
	}
	for i := t.own.mesh.len() - 1; i >= 0; i-- { // removal fills the gap from behind
		if p := t.own.mesh.list[i]; r.standing(p) < 0 {
			r.prune(now, t, p, r.p.PruneBackoff, false, "score below zero")
		}
	}
}

// outbound counts the members that we dialled.
func (o *own) outbound() (n int) {
	for _, p := range o.mesh.list {
		if p.outbound {
			n++
		}
	}
	return n
}
