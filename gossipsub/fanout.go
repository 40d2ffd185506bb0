package gossipsub

import "time"

// toFanout gives a topic that we publish to without having joined it its peers.
func (r *Router) toFanout(now time.Time, t *topic, rl *rules) {
	if t.fanout == nil {
		t.fanout = &fanout{rules: *rl}
		r.fanouts.add(t)
		r.emit(now, "fanout", nil, t, 0, "")
	}
	t.fanout.last = now
	r.fillFanout(t)
}

// keepFanout forgets a stale fanout, or refills it and gossips for it.
func (r *Router) keepFanout(now time.Time, t *topic) {
	if now.Sub(t.fanout.last) >= r.p.FanoutTTL {
		t.fanout = nil
		r.closeGroups(t)
		r.fanouts.remove(t)
		r.emit(now, "fanoutend", nil, t, 0, "")
		r.tidy(t)
		return
	}
	r.dropFanout(now, t)
	r.fillFanout(t)
	r.gossip(now, t, &t.fanout.peers)
	r.ageGroups(now, t)
}

// dropFanout drops members that fell below the publish threshold. Those that left
// the topic were removed when they did.
func (r *Router) dropFanout(now time.Time, t *topic) {
	if r.board == nil {
		return
	}
	f := &t.fanout.peers
	for i := f.len() - 1; i >= 0; i-- {
		if p := f.list[i]; !r.mayPublish(p) {
			f.remove(p)
			r.emit(now, "unfan", p, t, f.len(), "score below the publish threshold")
		}
	}
}

// fillFanout brings a fanout up to D.
func (r *Router) fillFanout(t *topic) {
	f := t.fanout
	n := f.degrees.reach() - f.peers.len()
	if n <= 0 {
		return
	}
	for _, p := range r.sample(t.peers.list, n, func(p *peer) bool {
		return p.meshable() && !p.direct && !f.peers.has(p) && r.mayPublish(p)
	}) {
		f.peers.add(p)
	}
}
