package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// gossip tells random topic peers outside the mesh or fanout what messages there
// were lately (gossipsub-v1.1 "Adaptive Gossip Dissemination").
func (r *Router) gossip(now time.Time, t *topic, except *set[*peer]) {
	if !r.cache.holds(t.name) {
		return // the common case in a quiet topic
	}
	eligible := r.collect(t.peers.list, func(p *peer) bool {
		return p.meshable() && !p.direct && !except.has(p) && r.mayGossip(p) && (t.parts == nil || !t.inParts(p))
	})
	targets := r.draw(eligible, max(r.p.Dlazy, int(r.p.GossipFactor*float64(len(eligible)))))
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
		}
		n := 0
		p.lazy, n = ad.deal(r, p.lazy)
		r.emit(now, "ihave", p, t, n, "")
	}
}

// whisper sends a peer what gossip it gets: together with other control if there is
// some, else in as few RPCs as the limits allow. Receivers heed only some RPCs with
// IHAVE in a heartbeat.
func (r *Router) whisper(p *peer) {
	parts := p.lazy
	p.lazy = nil
	switch {
	case len(parts) == 0 || !p.writable:
		return
	case p.box != nil:
		for _, pt := range parts {
			p.box.gossip = append(p.box.gossip, *pt)
		}
		return
	}
	for len(parts) > 0 {
		n, size := 0, 0
		for n < len(parts) && (n == 0 || size+len(parts[n].entry) <= controlBytesOut-8) {
			size += len(parts[n].entry)
			n++
		}
		frame := parts[0].frame // shared with other peers
		if n > 1 {
			frame = rpc.AppendControlHead(make([]byte, 0, size+8), size)
			for _, pt := range parts[:n] {
				frame = append(frame, pt.entry...)
			}
		}
		r.send(p, Frame{Data: frame, Class: Forwarded})
		parts = parts[n:]
	}
}

// advert is what a topic has to advertise, encoded once for all peers.
type advert struct {
	parts []part
	sizes []int // IDs in each
	total int
	most  int // IDs for one peer
}

// advertise encodes IHAVE so that each part fits an outbound control message. More
// IDs than one peer may get are shuffled and cut smaller, so that each gets others.
func (r *Router) advertise(topic string, ids []string) advert {
	ad := advert{total: len(ids), most: r.p.MaxIHaveLength}
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
		ad.parts = append(ad.parts, part{entry: entry, frame: rpc.AppendControl(nil, entry)})
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
func (ad *advert) deal(r *Router, list []*part) ([]*part, int) {
	if ad.total <= ad.most {
		for i := range ad.parts {
			list = append(list, &ad.parts[i])
		}
		return list, ad.total
	}
	n := 0
	for i := r.rng.IntN(len(ad.parts)); n+ad.sizes[i] <= ad.most; i = (i + 1) % len(ad.parts) {
		list = append(list, &ad.parts[i])
		n += ad.sizes[i]
	}
	return list, n
}
