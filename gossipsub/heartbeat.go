package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// heartbeat keeps meshes and fanouts in bounds and gossips. Counters of peers need
// no visit: they start anew at their first touch in a new beat.
func (r *Router) heartbeat(now time.Time) {
	r.beat++
	if r.beat%backoffSweepBeats == 0 {
		r.sweepBackoffs(now)
	}
	r.ageUnwanted()
	r.seekDirect()
	for _, t := range r.joined.list {
		r.balance(now, t)
		r.gossip(now, t, &t.own.mesh)
	}
	r.keepFanouts(now)
	r.cache.shift(r.beat)
	r.seen.expire(now)
	if r.seen.cut > 0 {
		r.emit(now, "seencut", nil, nil, r.seen.cut, "seen cache full: replays may pass")
		r.seen.cut = 0
	}
}

// keepFanouts forgets stale fanouts, drops members that left the topic, refills
// the others and gossips for them.
func (r *Router) keepFanouts(now time.Time) {
	for i := 0; i < r.fanouts.len(); {
		t := r.fanouts.list[i]
		if now.Sub(t.fanout.last) >= r.p.FanoutTTL {
			t.fanout = nil
			r.fanouts.remove(t)
			r.emit(now, "fanoutend", nil, t, 0, "")
			r.tidy(t)
			continue
		}
		r.dropFanout(now, t)
		r.fillFanout(t)
		r.gossip(now, t, &t.fanout.peers)
		i++
	}
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
	n := f.degrees.D - f.peers.len()
	if n <= 0 {
		return
	}
	for _, p := range r.sample(t.peers.list, n, func(p *peer) bool {
		return p.meshable() && !p.direct && !f.peers.has(p) && r.mayPublish(p)
	}) {
		f.peers.add(p)
	}
}

// gossip tells random topic peers outside the mesh or fanout what messages there
// were lately.
func (r *Router) gossip(now time.Time, t *topic, except *set[*peer]) {
	eligible := r.collect(t.peers.list, func(p *peer) bool {
		return p.meshable() && !p.direct && !except.has(p) && r.mayGossip(p)
	})
	if len(eligible) == 0 {
		return // the common case in a small network, and a flood's IDs are many
	}
	ids := r.cache.recent(t.name, r.beat, r.p.HistoryGossip)
	if len(ids) == 0 {
		return
	}
	targets := r.draw(eligible, max(r.p.Dlazy, int(r.p.GossipFactor*float64(len(eligible)))))
	if len(targets) == 0 {
		return
	}
	shared := ihaveParts(t.name, ids[:min(len(ids), r.p.MaxIHaveLength)])
	for _, p := range targets {
		parts := shared
		if len(ids) > r.p.MaxIHaveLength { // a different random part for each
			r.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
			parts = ihaveParts(t.name, ids[:r.p.MaxIHaveLength])
		}
		r.boxOf(p).ihave(parts)
		r.emit(now, "ihave", p, t, min(len(ids), r.p.MaxIHaveLength), "")
	}
}

// ihaveParts encodes IHAVE so that each part fits an outbound control message.
func ihaveParts(topic string, ids []string) (parts []part) {
	for len(ids) > 0 {
		n, size := 0, rpc.FieldSize(len(topic))
		for n < len(ids) && (n == 0 || size+rpc.FieldSize(len(ids[n])) <= controlBytesOut-16) {
			size += rpc.FieldSize(len(ids[n]))
			n++
		}
		entry := rpc.AppendIHave(nil, topic, ids[:n])
		parts = append(parts, part{entry: entry, frame: rpc.AppendControl(nil, entry)})
		ids = ids[n:]
	}
	return parts
}
