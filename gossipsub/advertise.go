package gossipsub

import (
	"bytes"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// gossip tells random topic peers outside the mesh or fanout what messages there
// were lately (gossipsub-v1.1 "Adaptive Gossip Dissemination").
func (r *Router) gossip(now time.Time, t *topic, except *set[*peer]) {
	if !r.cache.holds(t.name) {
		return // the common case in a quiet topic
	}
	targets := r.lazy(t, except)
	if len(targets) == 0 {
		return // the common case in a small network, and a flood's IDs are many
	}
	late := 0
	if r.version >= v12 { // older ones are there to compare with
		late = lateBytes
	}
	ids := r.cache.recent(now, t.name, r.beat, r.p.HistoryGossip, late)
	if len(ids) == 0 {
		return
	}
	ad := r.advertise(t.name, ids)
	for _, p := range targets {
		if len(p.lazy) == 0 {
			r.beating.lazy = append(r.beating.lazy, p)
			p.lazy = make([]int32, 0, 1+int(r.p.GossipFactor*float64(len(r.beating.topics))))
		}
		n := 0
		p.lazy, n = ad.deal(r, p.lazy)
		r.emit(now, "ihave", p, t, n, "")
	}
}

// lazy draws the peers that hear of a topic's messages: Dlazy of the eligible ones,
// or the share GossipFactor, if that is more. Most peers of a large topic are neither
// drawn nor looked at: those known not to be eligible are taken off beforehand, others
// when they are met. The result is scratch.
func (r *Router) lazy(t *topic, except *set[*peer]) []*peer {
	r.pick = append(r.pick[:0], t.peers.list...)
	list, eligible, n := r.pick, t.peers.len()-t.always.len(), 0
	for _, p := range except.list {
		if t.peers.has(p) {
			eligible--
		}
	}
	for i := 0; i < len(list) && n < max(r.p.Dlazy, int(r.p.GossipFactor*float64(eligible))); i++ {
		j := i + r.rng.IntN(len(list)-i)
		p := list[j]
		list[j] = list[i]
		list[i] = p
		switch {
		case except.has(p) || t.always.has(p):
		case p.meshable() && !p.direct && r.mayGossip(p) && (t.parts == nil || !t.inParts(p)):
			list[i], list[n] = list[n], list[i]
			n++
		default:
			eligible--
		}
	}
	return list[:n]
}

// whisper sends a peer what gossip it gets: together with other control if there is
// some, else in as few RPCs as the limits allow. Receivers heed only some RPCs with
// IHAVE in a heartbeat.
func (r *Router) whisper(p *peer) {
	parts, all := p.lazy, r.beating.parts
	p.lazy = nil
	switch {
	case len(parts) == 0 || !p.writable:
		return
	case p.box != nil:
		for _, i := range parts {
			p.box.gossip = append(p.box.gossip, all[i])
		}
		return
	}
	for len(parts) > 0 {
		n, size := 0, 0
		for n < len(parts) && (n == 0 || size+len(all[parts[n]].entry) <= controlBytesOut-8) {
			size += len(all[parts[n]].entry)
			n++
		}
		frame := all[parts[0]].frame // shared with other peers
		if n > 1 {
			r.writing = rpc.AppendControlHead(r.writing[:0], size)
			for _, i := range parts[:n] {
				r.writing = append(r.writing, all[i].entry...)
			}
			frame = bytes.Clone(r.writing) // cheaper than writing to memory made clean first
		}
		r.send(p, Frame{Data: frame, Class: Forwarded})
		parts = parts[n:]
	}
}

// advert is what a topic has to advertise, encoded once for all peers.
type advert struct {
	first int   // its first part in those of the heartbeat
	sizes []int // IDs in each
	total int
	most  int // IDs for one peer
}

// advertise encodes IHAVE so that each part fits an outbound control message. More
// IDs than one peer may get are shuffled and cut smaller, so that each gets others.
func (r *Router) advertise(topic string, ids []string) advert {
	ad := advert{first: len(r.beating.parts), total: len(ids), most: r.p.MaxIHaveLength}
	partMax := len(ids)
	if ad.total > ad.most {
		r.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		partMax = max(1, ad.most/advertShares)
	}
	for len(ids) > 0 {
		n, size := 0, rpc.FieldSize(len(topic))
		for n < min(len(ids), partMax) && (n == 0 || size+rpc.FieldSize(len(ids[n])) <= controlBytesOut-16) {
			size += rpc.FieldSize(len(ids[n]))
			n++
		}
		entry := rpc.AppendIHave(nil, topic, ids[:n])
		r.beating.parts = append(r.beating.parts, part{entry: entry, frame: rpc.AppendControl(nil, entry)})
		ad.sizes = append(ad.sizes, n)
		ids = ids[n:]
	}
	return ad
}

// advertShares is into how many parts a peer's share of a large advert is cut, our
// choice: enough for shares to differ, few enough for a part to be worth a header.
const advertShares = 10

// deal appends one peer's share to list and tells how many IDs it has: all, or as
// many parts from a random one on as it may get.
func (ad *advert) deal(r *Router, list []int32) ([]int32, int) {
	if ad.total <= ad.most {
		for i := range ad.sizes {
			list = append(list, int32(ad.first+i))
		}
		return list, ad.total
	}
	n := 0
	for i := r.rng.IntN(len(ad.sizes)); n+ad.sizes[i] <= ad.most; i = (i + 1) % len(ad.sizes) {
		list = append(list, int32(ad.first+i))
		n += ad.sizes[i]
	}
	return list, n
}
