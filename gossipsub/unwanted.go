package gossipsub

import "time"

// unwanted are the IDs a peer told us not to send, in two generations so that
// forgetting costs nothing per entry.
type unwanted struct{ young, old map[key]struct{} }

func (u *unwanted) len() int { return len(u.young) + len(u.old) }

func (u *unwanted) has(k key) bool {
	_, young := u.young[k]
	_, old := u.old[k]
	return young || old
}

// onIDontWant remembers what p has already, and takes it out of p's queue. What is
// above the limits is ignored.
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
			if e := r.cache.get(raw); e != nil {
				r.cancel(p, e.tag(r), len(e.frame))
			}
		}
	}
	r.emit(now, "dontwant", p, nil, n, "")
}

// cancel takes a message out of the queue of a peer that has it, size being that of
// its frame.
func (r *Router) cancel(p *peer, tag uint64, size int) {
	if p.writable && r.out.Cancel(p.id, tag) {
		r.stats.Cancelled.add(size)
	}
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
