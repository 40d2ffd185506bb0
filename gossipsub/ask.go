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

// ask requests one more time a message, now of p, and starts its timer.
func (r *Router) ask(now time.Time, w *want, p *peer, sworn bool) {
	o, a := w.alone(), asking{p: p, at: r.wants.stamp(now)}
	if sworn {
		a.sworn = w
	}
	o.asked, o.due = append(o.asked, a), a.at
	r.wants.start(due{at: a.at, k: w.k}, r.p.IWantFollowupTime/2)
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
	asked := w.asked()
	n := len(asked)
	if last := n > 0 && asked[n-1].p == p; last && w.rest != nil {
		n--
		w.rest.asked = asked[:n]
	} else if last {
		n = 0 // nobody else advertised it yet
	}
	if n == 0 && (w.rest == nil || len(w.rest.more) == 0) {
		r.wants.remove(w.k)
	}
}

// chase asks the next advertiser for messages that did not come in half the
// follow-up time, and gives up a whole follow-up time after the last was asked.
func (r *Router) chase(now time.Time) {
	for r.wants.timer.len() > 0 && !now.Before(r.wants.next()) {
		d := r.wants.timer.pop()
		if d.of == nil {
			if w := r.wants.get(d.k); w != nil && w.due() == d.at && r.overdue(now, w) {
				r.waitAlone(now, w)
			}
			continue
		}
		again := false
		list := d.of.wants // the batch lets go of it with the last of them
		for i := range list {
			switch w := &list[i]; {
			case w.due() != d.at || r.wants.get(w.k) != w || !r.overdue(now, w):
			case w.rest != nil:
				r.waitAlone(now, w)
			default:
				again = true
			}
		}
		if again {
			d.of.due = r.wants.stamp(now)
			r.wants.timer.push(due{at: d.of.due, of: d.of})
		}
	}
}

// waitAlone starts a second wait for one message.
func (r *Router) waitAlone(now time.Time, w *want) {
	w.rest.due = r.wants.stamp(now)
	r.wants.timer.push(due{at: w.rest.due, k: w.k})
}

// overdue goes on with a message whose wait is over, and tells whether to wait once
// more for those who were asked.
func (r *Router) overdue(now time.Time, w *want) bool {
	if w.of.topic.own == nil {
		r.wants.remove(w.k)
		return false
	}
	if r.askMore(now, w) {
		return false
	}
	asked := w.asked()
	if n := len(asked); n > 0 && r.wants.stamp(now) < asked[n-1].at+int64(r.p.IWantFollowupTime) {
		return true
	}
	r.broken(now, w)
	r.wants.remove(w.k)
	return false
}

// askNext asks the next advertiser that is still there and not over its count. The
// first message asked of a peer in one input stands for the others.
func (r *Router) askNext(now time.Time, w *want) bool {
	for o := w.rest; o != nil && len(o.more) > 0; {
		p := o.more[0]
		o.more = o.more[1:]
		if c := p.tick(r.beat); p.meshable() && c.asked < r.p.MaxIHaveLength && r.mayGossip(p) {
			c.asked++
			r.emit(now, "iwant", p, w.of.topic, 1, "next advertiser")
			r.ask(now, w, p, p.swore != r.call)
			p.swore = r.call
			return true
		}
	}
	return false
}

// broken charges those who advertised a message and did not send it.
func (r *Router) broken(now time.Time, w *want) {
	for _, a := range w.asked() {
		r.emit(now, "promise", a.p, w.of.topic, 1, "advertised message never came")
		if a.sworn == w && a.at >= a.p.excused {
			r.penalty(now, a.p, penaltyPromise, "broken promise")
		}
	}
}

// excuse voids the promises of a peer whose messages we do not hear: they may have
// come.
func (r *Router) excuse(now time.Time, p *peer) { p.excused = r.wants.stamp(now) + 1 }

// fulfil forgets a want because its message came, from anybody, and tells whom we
// asked in vain that a large one need not follow.
func (r *Router) fulfil(t *topic, k key, via *peer, m *rpc.Message, mid []byte) {
	w := r.wants.get(k)
	if w == nil {
		return
	}
	if m.Signature == nil && len(m.Data) >= t.own.hushFrom { // a signed one may be forged
		for _, a := range w.asked() {
			if a.p != via && !t.own.mesh.has(a.p) { // mesh peers hear of it anyway
				r.hush(a.p, string(mid))
			}
		}
	}
	r.wants.remove(k)
}
