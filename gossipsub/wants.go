package gossipsub

import "time"

// want is a message we asked for. At most one request per ID is open at a time:
// without that every IHAVE brings one more copy.
type want struct {
	id    string
	topic *topic
	at    time.Time // of the last request
	due   time.Time // names its live entry in the timer queue
	asked []*peer
	more  []*peer // who else advertised it, in order
}

// due is an entry of the timer queue: a request or a second wait that began at at.
// It is void when its want was fulfilled.
type due struct {
	k  key
	at time.Time
}

// wants is what we asked for, with timers in order because all have one length.
type wants struct {
	byKey map[key]*want
	timer queue[due]
	after time.Duration // set with the first want
}

func (w *wants) get(k key) *want { return w.byKey[k] }

// next is when the first request has waited long enough.
func (w *wants) next() time.Time {
	if w.timer.len() == 0 {
		return time.Time{}
	}
	return w.timer.at(0).at.Add(w.after)
}

// fulfil forgets a want because its message came.
func (w *wants) fulfil(k key) {
	if len(w.byKey) > 0 {
		w.remove(k)
	}
}

func (w *wants) remove(k key) {
	if delete(w.byKey, k); len(w.byKey) == 0 {
		*w = wants{} // maps never shrink by themselves
	}
}

// ask requests a message of p and starts its timer.
func (r *Router) ask(now time.Time, k key, w *want, p *peer) {
	if r.wants.byKey == nil {
		r.wants.byKey = make(map[key]*want)
		r.wants.after = r.p.IWantFollowupTime / 2
	}
	r.wants.byKey[k] = w
	w.at, w.due = now, now
	w.asked = append(w.asked, p)
	r.wants.timer.push(due{k, now})
	r.boxOf(p).iwants = append(r.boxOf(p).iwants, w.id)
}

// chase asks the next advertiser for messages that did not come in half the
// follow-up time, and gives up a whole follow-up time after the last was asked.
func (r *Router) chase(now time.Time) {
	for r.wants.timer.len() > 0 && !now.Before(r.wants.next()) {
		d := r.wants.timer.pop()
		w := r.wants.get(d.k)
		if w == nil || !w.due.Equal(d.at) {
			continue
		}
		switch {
		case w.topic.own == nil:
			r.wants.remove(d.k)
		case r.askNext(now, d.k, w):
		case now.Before(w.at.Add(r.p.IWantFollowupTime)):
			w.due = now
			r.wants.timer.push(due{d.k, now})
		default:
			for _, p := range w.asked {
				r.emit(now, "promise", p, w.topic, 1, "advertised message never came")
			}
			r.wants.remove(d.k)
		}
	}
}

// askNext asks the next advertiser that is still there and not over its count.
func (r *Router) askNext(now time.Time, k key, w *want) bool {
	for len(w.more) > 0 {
		p := w.more[0]
		w.more = w.more[1:]
		if c := p.tick(r.beat); p.meshable() && c.asked < r.p.MaxIHaveLength {
			c.asked++
			r.emit(now, "iwant", p, w.topic, 1, "next advertiser")
			r.ask(now, k, w, p)
			return true
		}
	}
	return false
}
