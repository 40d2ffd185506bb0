package gossipsub

import "time"

// graftable tells whether p may be taken into the mesh of t by us (gossipsub-v1.1
// "Peer Scoring", "Prune Backoff"). The cheapest questions come first.
func (r *Router) graftable(now time.Time, t *topic, p *peer) bool {
	return p.meshable() && !p.direct && !t.own.mesh.has(p) && !t.back.blocks(now, p.id, r.slack()) && r.standing(p) >= 0
}

// graft takes p into the mesh and tells it.
func (r *Router) graft(now time.Time, t *topic, p *peer, why string) {
	r.enterMesh(now, t, p)
	r.boxOf(p).graft(t.name)
	r.emit(now, "graft", p, t, t.own.mesh.len(), why)
}

// enterMesh takes p into the mesh and tells nobody but the score board.
func (r *Router) enterMesh(now time.Time, t *topic, p *peer) {
	t.own.mesh.add(p)
	if p.score != nil {
		r.board.Graft(now, p.score, t.own.score)
	}
}

// topUp fills the mesh at once when it is too small: a new subscriber should not
// have to wait for the heartbeat.
func (r *Router) topUp(now time.Time, t *topic) {
	if t.own != nil && t.own.mesh.len() < t.own.degrees.Dlo {
		r.fill(now, t)
	}
}

// fill grafts random eligible peers up to D.
func (r *Router) fill(now time.Time, t *topic) {
	r.graftSome(now, t, t.own.degrees.D-t.own.mesh.len(), "mesh small", t.peers.list, nil)
}

// graftSome grafts up to n random eligible peers of those given that pass also, and
// tells how many there were.
func (r *Router) graftSome(now time.Time, t *topic, n int, why string, from []*peer, also func(*peer) bool) int {
	if n <= 0 {
		return 0
	}
	chosen := r.sample(from, n, func(p *peer) bool {
		return (also == nil || also(p)) && r.graftable(now, t, p)
	})
	for _, p := range chosen {
		r.graft(now, t, p, why)
	}
	return len(chosen)
}

// onGraft answers a GRAFT; the first rule that matches decides (gossipsub-v1.1
// "Prune Backoff", "Score Function"; v1.0 "GRAFT").
func (r *Router) onGraft(now time.Time, p *peer, name []byte) {
	t := r.byName[string(name)]
	if t == nil || t.own == nil || !p.meshable() || t.own.mesh.has(p) {
		return // an unknown topic is no offence: it may be one we just left
	}
	if p.direct {
		r.refuseDirect(now, t, p)
		return
	}
	n, d := t.own.mesh.len(), &t.own.degrees
	why := r.backedOff(now, t, p)
	switch {
	case why != "":
		r.emit(now, "refuse", p, t, n, why)
		r.refuse(now, t, p, r.p.PruneBackoff, false)
		return
	case r.standing(p) < 0:
		r.emit(now, "refuse", p, t, n, "score below zero")
		r.refuse(now, t, p, r.p.PruneBackoff, false)
		return
	case n >= d.Dhi && !(p.outbound && n < d.Dhi+d.Dout):
		// A peer we dialled may come above Dhi: whom we dial is our choice, so an
		// attacker cannot fill a mesh that way. Up to Dout of them.
		r.emit(now, "refuse", p, t, n, "mesh full")
		r.refuse(now, t, p, r.p.PruneBackoff, !r.guessing)
		return
	}
	r.enterMesh(now, t, p)
	if !t.peers.has(p) {
		t.own.grace(p)
	}
	r.emit(now, "grafted", p, t, n+1, "")
}

// backedOff tells whether a GRAFT breaks the backoff, and charges it: twice when it
// comes right after the PRUNE that began the backoff (gossipsub-v1.1 "P7").
func (r *Router) backedOff(now time.Time, t *topic, p *peer) string {
	b, ok := t.back.m.Get(p.id)
	if !ok || !now.Before(b.until.Add(-backoffTolerance)) {
		return ""
	}
	n, why := float64(penaltyBackoff), "backoff"
	if now.Sub(b.since) < r.p.GraftFloodThreshold {
		n, why = n+penaltyFlood, "backoff, graft flood"
	}
	r.penalty(now, p, n, why)
	return why
}
