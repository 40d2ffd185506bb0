package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// onIHave asks for the advertised messages that are new to us. Counts are checked
// before anything is hashed.
func (r *Router) onIHave(now time.Time, p *peer) {
	if len(r.rpc.IHave) == 0 || !p.meshable() || !r.mayGossip(p) {
		return
	}
	c := p.tick(r.beat)
	if c.ihaves++; c.ihaves > r.p.MaxIHaveMessages {
		r.emit(now, "excess", p, nil, c.ihaves, "IHAVE messages in one heartbeat")
		return
	}
	for i := range r.rpc.IHave {
		h := &r.rpc.IHave[i]
		r.stats.IHaveIn += uint64(len(h.IDs))
		t := r.byName[string(h.Topic)]
		if t == nil || t.own == nil {
			continue
		}
		r.askNew(now, p, t, c, h.IDs)
	}
}

func (r *Router) askNew(now time.Time, p *peer, t *topic, c *counters, ids [][]byte) {
	left := min(r.p.MaxIHaveLength-c.asked, wantsMax-len(r.wants.byKey))
	if left <= 0 {
		return
	}
	if len(ids) > left { // random order, so that two askers of one liar differ
		r.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	}
	n := 0
	for _, raw := range ids {
		if n == left {
			break
		}
		if len(raw) == 0 {
			continue
		}
		k := makeKey(t.own.salt, raw)
		if r.seen.has(now, k) || r.flights.byKey[k] != nil {
			continue
		}
		if w := r.wants.get(k); w != nil {
			w.advertised(p)
			continue
		}
		r.ask(now, k, &want{id: string(raw), topic: t}, p)
		n++
	}
	if c.asked += n; n > 0 {
		r.emit(now, "iwant", p, t, n, "")
	}
}

// advertised remembers another peer that has the message.
func (w *want) advertised(p *peer) {
	if len(w.more) >= advertisersMax {
		return
	}
	for _, q := range w.asked {
		if q == p {
			return
		}
	}
	for _, q := range w.more {
		if q == p {
			return
		}
	}
	w.more = append(w.more, p)
}

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
			if e == nil {
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
			if r.isUnwanted(p, raw) || !e.serve(p.id, r.p.GossipRetransmission) {
				r.stats.Refused++
				continue
			}
			e.stamp = r.call // an ID twice in one RPC is answered once
			c.iwantBytes += len(e.frame)
			served++
			b := r.boxOf(p)
			b.answers = append(b.answers, e.frame)
		}
	}
	r.emit(now, "served", p, nil, served, "")
}

// unwanted are the IDs a peer told us not to send, in two generations so that
// forgetting costs nothing per entry.
type unwanted struct{ young, old map[key]struct{} }

func (u *unwanted) len() int { return len(u.young) + len(u.old) }

func (u *unwanted) has(k key) bool {
	_, young := u.young[k]
	_, old := u.old[k]
	return young || old
}

// onIDontWant remembers what p has already. What is above the limits is ignored.
func (r *Router) onIDontWant(now time.Time, p *peer) {
	if len(r.rpc.IDontWant) == 0 || !p.writable {
		return
	}
	c := p.tick(r.beat)
	if c.dontwants++; c.dontwants > r.p.MaxIDontWantMessages {
		return
	}
	n := 0
	for i := range r.rpc.IDontWant {
		r.stats.IDontWantIn += uint64(len(r.rpc.IDontWant[i].IDs))
		for _, raw := range r.rpc.IDontWant[i].IDs {
			if n++; n > r.p.MaxIDontWantLength || p.unwanted.len() >= unwantedMax {
				return
			}
			if p.unwanted.young == nil {
				p.unwanted.young = make(map[key]struct{})
				r.doubters.add(p)
			}
			p.unwanted.young[makeKey(r.salt, raw)] = struct{}{}
		}
	}
	r.emit(now, "dontwant", p, nil, n, "")
}

func (r *Router) isUnwanted(p *peer, id []byte) bool {
	return p.unwanted.len() > 0 && p.unwanted.has(makeKey(r.salt, id))
}

// ageUnwanted forgets the older generation every IDontWantTTL heartbeats, so that
// an entry is kept for one to two times that long.
func (r *Router) ageUnwanted() {
	if r.doubters.len() == 0 || r.beat%uint64(r.p.IDontWantTTL) != 0 {
		return
	}
	for i := 0; i < r.doubters.len(); {
		p := r.doubters.list[i]
		p.unwanted.old, p.unwanted.young = p.unwanted.young, nil
		if p.unwanted.len() > 0 {
			i++
			continue
		}
		r.doubters.remove(p)
	}
}

// sayIDontWant tells mesh peers that a large message is here, before it is
// checked, so that their copies need not come (gossipsub-v1.2 "IDONTWANT"). It tells
// whether there was anybody to tell.
func (r *Router) sayIDontWant(now time.Time, t *topic, from *peer, m *rpc.Message, id []byte) bool {
	if len(m.Data) < r.p.IDontWantThreshold {
		return false
	}
	var frame []byte
	for _, p := range t.own.mesh.list {
		if p == from || p.version < v12 || string(m.From) == string(p.pid) && len(m.From) > 0 {
			continue
		}
		if frame == nil {
			frame = rpc.AppendControl(nil, rpc.AppendIDontWant(nil, [][]byte{id}))
		}
		r.send(p, Frame{Data: frame})
		r.emit(now, "idontwant", p, t, 1, "")
	}
	return frame != nil
}
