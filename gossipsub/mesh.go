package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// graftable tells whether p may be taken into the mesh of t by us.
func (r *Router) graftable(now time.Time, t *topic, p *peer) bool {
	return p.meshable() && !t.own.mesh.has(p) && !t.back.blocks(now, p.id, r.slack())
}

// graft takes p into the mesh and tells it.
func (r *Router) graft(now time.Time, t *topic, p *peer) {
	t.own.mesh.add(p)
	r.boxOf(p).graft(t.name)
	r.emit(now, "graft", p, t, t.own.mesh.len(), "")
}

// prune takes p out of the mesh, tells it, and holds the backoff it was told.
func (r *Router) prune(now time.Time, t *topic, p *peer, d time.Duration, why string) {
	r.leaveMesh(now, t, p, why)
	r.refuse(now, t, p, d)
}

// refuse tells p that it is not in the mesh, and for how long not to come back.
func (r *Router) refuse(now time.Time, t *topic, p *peer, d time.Duration) {
	r.addBackoff(now, t, p, d, false)
	r.boxOf(p).prune(t.name, d)
}

// leaveMesh takes p out of the mesh and tells nobody but the observers.
func (r *Router) leaveMesh(now time.Time, t *topic, p *peer, why string) {
	t.own.mesh.remove(p)
	t.own.ungrace(p)
	r.emit(now, "prune", p, t, t.own.mesh.len(), why)
}

// topUp fills the mesh at once when it is too small: a new subscriber should not
// have to wait for the heartbeat.
func (r *Router) topUp(now time.Time, t *topic) {
	if t.own != nil && t.own.mesh.len() < r.p.Dlo {
		r.fill(now, t)
	}
}

// fill grafts random eligible peers up to D.
func (r *Router) fill(now time.Time, t *topic) {
	r.graftSome(now, t, r.p.D-t.own.mesh.len(), false)
}

// graftSome grafts up to n random eligible peers, or only such as we dialled.
func (r *Router) graftSome(now time.Time, t *topic, n int, outboundOnly bool) {
	if n <= 0 {
		return
	}
	for _, p := range r.sample(t.peers.list, n, func(p *peer) bool {
		return (p.outbound || !outboundOnly) && r.graftable(now, t, p)
	}) {
		r.graft(now, t, p)
	}
}

// sample draws up to n of the peers that pass ok, in random order. The result is
// scratch: it is valid until the next sample or collect.
func (r *Router) sample(from []*peer, n int, ok func(*peer) bool) []*peer {
	return r.draw(r.collect(from, ok), n)
}

// collect lists the peers that pass ok. The result is scratch.
func (r *Router) collect(from []*peer, ok func(*peer) bool) []*peer {
	r.pick = r.pick[:0]
	for _, p := range from {
		if ok(p) {
			r.pick = append(r.pick, p)
		}
	}
	return r.pick
}

// draw brings n random members of list to its front, in random order.
func (r *Router) draw(list []*peer, n int) []*peer {
	n = min(n, len(list))
	for i := range n {
		j := i + r.rng.IntN(len(list)-i)
		list[i], list[j] = list[j], list[i]
	}
	return list[:n]
}

// onGraft answers a GRAFT; the first rule that matches decides (gossipsub-v1.1
// "Prune Backoff", v1.0 "GRAFT").
func (r *Router) onGraft(now time.Time, p *peer, name []byte) {
	t := r.byName[string(name)]
	if t == nil || t.own == nil || !p.meshable() || t.own.mesh.has(p) {
		return // an unknown topic is no offence: it may be one we just left
	}
	if why := r.backedOff(now, t, p); why != "" {
		r.emit(now, "refuse", p, t, t.own.mesh.len(), why)
		r.refuse(now, t, p, r.p.PruneBackoff)
		return
	}
	// A peer we dialled may come above Dhi: whom we dial is our choice, so an
	// attacker cannot fill a mesh that way. Up to Dout of them.
	n := t.own.mesh.len()
	if n >= r.p.Dhi && !(p.outbound && n < r.p.Dhi+r.p.Dout) {
		r.emit(now, "refuse", p, t, n, "mesh full")
		r.refuse(now, t, p, r.p.PruneBackoff)
		return
	}
	t.own.mesh.add(p)
	if !t.peers.has(p) {
		t.own.grace(p)
	}
	r.emit(now, "grafted", p, t, n+1, "")
}

// backedOff tells whether a GRAFT breaks the backoff, and how badly.
func (r *Router) backedOff(now time.Time, t *topic, p *peer) string {
	b, ok := t.back.m.Get(p.id)
	switch {
	case !ok || !now.Before(b.until.Add(-backoffTolerance)):
		return ""
	case now.Sub(b.since) < r.p.GraftFloodThreshold:
		return "backoff, graft flood"
	}
	return "backoff"
}

// onPrune takes p out of the mesh. A backoff counts only from a mesh member, else
// any stranger could fill the table.
func (r *Router) onPrune(now time.Time, p *peer, pr *rpc.Prune) {
	t := r.byName[string(pr.Topic)]
	if t == nil || t.own == nil || !t.own.mesh.has(p) {
		return
	}
	r.leaveMesh(now, t, p, "pruned by peer")
	r.addBackoff(now, t, p, clampBackoff(pr.Backoff, r.p.PruneBackoff), true)
}

// trim prunes a mesh of Dhi or more at random to D, but keeps Dout outbound ones.
// A later version sorts by score in front of the random rest.
func (r *Router) trim(now time.Time, t *topic) {
	mesh := append([]*peer(nil), t.own.mesh.list...)
	r.rng.Shuffle(len(mesh), func(i, j int) { mesh[i], mesh[j] = mesh[j], mesh[i] })
	keep := r.p.D
	out := 0
	for _, p := range mesh[:min(keep, len(mesh))] {
		if p.outbound {
			out++
		}
	}
	// Swap outbound peers of the rest against inbound ones of those kept.
	for i, j := keep, keep-1; out < r.p.Dout && i < len(mesh); i++ {
		if !mesh[i].outbound {
			continue
		}
		for j >= 0 && mesh[j].outbound {
			j--
		}
		if j < 0 {
			break
		}
		mesh[i], mesh[j] = mesh[j], mesh[i]
		out++
		j--
	}
	for _, p := range mesh[min(keep, len(mesh)):] {
		r.prune(now, t, p, r.p.PruneBackoff, "mesh full")
	}
}
