package gossipsub

import "time"

// onIWant serves cached messages: each a few times to one peer, whatever the
// heartbeat, and no more bytes in one heartbeat than allowed, but always one.
func (r *Router) onIWant(now time.Time, p *peer) {
	if len(r.rpc.IWant) == 0 || !p.meshable() || !r.mayGossip(p) {
		return
	}
	c := p.tick(r.beat)
	served := 0
	for i := range r.rpc.IWant {
		r.stats.IWantIn += uint64(len(r.rpc.IWant[i].IDs))
		for _, raw := range r.rpc.IWant[i].IDs {
			e := r.cache.get(raw)
			if e == nil || e.stale(now) {
				r.stats.Unknown++
				continue
			}
			if e.stamp == r.call {
				continue
			}
			if c.iwantBytes > 0 && c.iwantBytes+len(e.frame) > iwantBytesMax {
				r.stats.Refused++
				continue
			}
			if r.isUnwanted(p, raw) || !r.cache.serve(e, p.id, r.p.GossipRetransmission) {
				r.stats.Refused++
				continue
			}
			e.stamp = r.call // an ID twice in one RPC is answered once
			c.iwantBytes += len(e.frame)
			served++
			b := r.boxOf(p)
			b.answers = append(b.answers, e)
		}
	}
	r.emit(now, "served", p, nil, served, "")
}
