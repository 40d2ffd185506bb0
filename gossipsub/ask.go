package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// penaltyPromise is what a broken promise costs (gossipsub-v1.1 "Spam Protection
// Measures", P7).
const penaltyPromise = 1

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

// askNew asks p for what is new of the IDs it advertised.
func (r *Router) askNew(now time.Time, p *peer, t *topic, c *counters, ids [][]byte) {
	left := min(r.p.MaxIHaveLength-c.asked, wantsMax-r.wants.len())
	if left <= 0 {
		return
	}
	if len(ids) > left { // random order, so that two askers of one liar differ
		r.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	}
	fresh, bytes := r.sift(now, p, t, ids, left)
	if len(fresh) == 0 {
		return
	}
	var text []byte
	if bytes*2 < r.frameBytes { // the IDs would hold on to much that nobody needs
		text = make([]byte, 0, bytes)
	}
	slab := make([]want, len(fresh))
	r.wants.reserve(len(fresh))
	b := r.boxOf(p)
	b.iwants = growTo(b.iwants, len(fresh))
	n := 0
	for i := range fresh {
		w := &slab[n]
		w.k, w.id, w.topic = fresh[i].k, ids[fresh[i].at], t
		if text != nil {
			text = append(text, w.id...)
			w.id = text[len(text)-len(w.id):]
		}
		if r.wants.put(w) { // else it was twice in one advert
			w.asked = w.one[:0]
			r.ask(now, w, p)
			n++
		}
	}
	sworn := 0
	if n > 1 {
		sworn = r.rng.IntN(n)
	}
	slab[sworn].asked[0].sworn = true
	c.asked += n
	r.emit(now, "iwant", p, t, n, "")
}

// sifted is an ID to be asked for: its key, and its place in the advert.
type sifted struct {
	k  key
	at int32
}

// sift picks the IDs that are neither known nor asked for, at most most of them; the
// result is scratch. bytes is the length of all.
func (r *Router) sift(now time.Time, p *peer, t *topic, ids [][]byte, most int) (fresh []sifted, bytes int) {
	fresh = growTo(r.fresh[:0], min(most, len(ids)))
	for i, raw := range ids {
		if len(fresh) == most {
			break
		}
		if len(raw) == 0 {
			continue
		}
		k := makeKey(t.own.salt, raw)
		if r.seen.has(now, k) || len(r.flights.byKey) > 0 && r.flights.byKey[k] != nil {
			continue
		}
		if w := r.wants.get(k); w != nil {
			r.again(now, w, p)
			continue
		}
		fresh = append(fresh, sifted{k, int32(i)})
		bytes += len(raw)
	}
	if cap(fresh) <= siftedKeepMax {
		r.fresh = fresh
	}
	return fresh, bytes
}

// siftedKeepMax is up to how many IDs the scratch of sift is kept, our choice.
const siftedKeepMax = 256

// growTo is list with room for n elements more.
func growTo[T any](list []T, n int) []T {
	if cap(list)-len(list) >= n {
		return list
	}
	return append(make([]T, 0, len(list)+n), list...)
}

// ask requests a message of p and starts its timer.
func (r *Router) ask(now time.Time, w *want, p *peer) {
	if r.wants.after == 0 {
		r.wants.after = r.p.IWantFollowupTime / 2
	}
	at := now.UnixNano()
	w.at, w.due = at, at
	w.asked = append(w.asked, asking{p: p, at: at})
	r.wants.timer.push(due{w.k, at})
	b := r.boxOf(p)
	b.iwants = append(b.iwants, w)
}

// unask takes back a request that found no room: it makes no promise. The next
// advertiser is asked when its time has come; without one the message is forgotten
// and an IHAVE can bring it up again.
func (r *Router) unask(w *want, p *peer) {
	if r.wants.get(w.k) != w {
		return
	}
	if n := len(w.asked); n > 0 && w.asked[n-1].p == p {
		w.asked = w.asked[:n-1]
	}
	if len(w.asked)+len(w.more) == 0 {
		r.wants.remove(w.k)
	}
}

// chase asks the next advertiser for messages that did not come in half the
// follow-up time, and gives up a whole follow-up time after the last was asked.
func (r *Router) chase(now time.Time) {
	for r.wants.timer.len() > 0 && !now.Before(r.wants.next()) {
		d := r.wants.timer.pop()
		w := r.wants.get(d.k)
		if w == nil || w.due != d.at {
			continue
		}
		switch {
		case w.topic.own == nil:
			r.wants.remove(d.k)
		case r.askMore(now, w):
		case now.UnixNano() < w.at+int64(r.p.IWantFollowupTime) && len(w.asked) > 0:
			w.due = now.UnixNano()
			r.wants.timer.push(due{d.k, w.due})
		default:
			r.broken(now, w)
			r.wants.remove(d.k)
		}
	}
}

// askNext asks the next advertiser that is still there and not over its count. The
// first message asked of a peer in one input stands for the others.
func (r *Router) askNext(now time.Time, w *want) bool {
	for len(w.more) > 0 {
		p := w.more[0]
		w.more = w.more[1:]
		if c := p.tick(r.beat); p.meshable() && c.asked < r.p.MaxIHaveLength && r.mayGossip(p) {
			c.asked++
			r.emit(now, "iwant", p, w.topic, 1, "next advertiser")
			r.ask(now, w, p)
			w.asked[len(w.asked)-1].sworn = p.swore != r.call
			p.swore = r.call
			return true
		}
	}
	return false
}

// broken charges those who advertised a message and did not send it.
func (r *Router) broken(now time.Time, w *want) {
	for i := range w.asked {
		a := &w.asked[i]
		r.emit(now, "promise", a.p, w.topic, 1, "advertised message never came")
		if a.sworn && a.at >= a.p.excused {
			r.penalty(now, a.p, penaltyPromise, "broken promise")
		}
	}
}

// excuse voids the promises of a peer whose messages we do not hear: they may have
// come.
func (p *peer) excuse(now time.Time) { p.excused = now.UnixNano() + 1 }

// fulfil forgets a want because its message came, from anybody, and tells whom we
// asked in vain that a large one need not follow.
func (r *Router) fulfil(t *topic, k key, via *peer, m *rpc.Message, mid []byte) {
	w := r.wants.get(k)
	if w == nil {
		return
	}
	if len(m.Data) >= t.own.hushFrom {
		for i := range w.asked {
			if p := w.asked[i].p; p != via && !t.own.mesh.has(p) { // mesh peers hear of it anyway
				r.hush(p, string(mid))
			}
		}
	}
	r.wants.remove(k)
}
