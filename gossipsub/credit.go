package gossipsub

import "time"

// Credit is what a peer has earned by sending us messages first, and lost by
// advertising what it did not send in time. It decides whom we ask for a message
// that many advertise: one request is open per ID, so a crowd of liars that is
// quicker than honest peers would keep every message from us, each of them once and
// none of them often enough for a penalty.
//
// creditMax bounds it, our choice: who was honest for long may lie a few times, not
// for as long.
const (
	creditMax  = 8
	creditLoss = 2 // of a request without an answer
)

// rank orders those who advertise a message: whom we trust, whom we dialled and have
// nothing against (an attacker does not choose whom we dial), others, and those who
// owe us.
func (p *peer) rank() int {
	switch {
	case p.credit > 0:
		return 2
	case p.credit < 0:
		return -1
	case p.outbound:
		return 1
	}
	return 0
}

// earned credits the peer that sent an accepted message first.
func (p *peer) earned() { p.credit = min(p.credit+1, creditMax) }

// again notes another advertiser of what was asked for, and asks it at once if it is
// of a rank that nobody has who was asked: one copy too many at most for each rank.
func (r *Router) again(now time.Time, w *want, p *peer) {
	if p.rank() < 1 || w.was(p) {
		w.advertised(p)
		return
	}
	for _, a := range w.asked() {
		if a.p.rank() >= p.rank() {
			w.advertised(p)
			return
		}
	}
	o := w.alone()
	o.more = append([]*peer{p}, o.more...)
	r.askNext(now, w)
}

// askMore asks further advertisers when those asked did not answer in time: another
// one, for a link may be slow, and then twice as many as before, because the longer it
// takes the likelier it is that most of them lie. It tells whether there was any.
func (r *Router) askMore(now time.Time, w *want) bool {
	for _, a := range w.asked() {
		if a.p.credit > -creditMax {
			a.p.credit = max(a.p.credit-creditLoss, -creditMax)
		}
	}
	n := 0
	for most := 2*len(w.asked()) - 1; n < max(most, 1) && r.askNext(now, w); n++ {
	}
	return n > 0
}

// advertised remembers another peer that has the message, by rank and then in order;
// when there is no room, in the place of the last of a lower one.
func (w *want) advertised(p *peer) {
	if w.was(p) {
		return
	}
	o := w.alone()
	at := len(o.more)
	for i, q := range o.more {
		if q == p {
			return
		}
		if at == len(o.more) && p.rank() > q.rank() {
			at = i
		}
	}
	if len(o.more) >= advertisersMax {
		if at == len(o.more) {
			return
		}
		o.more = o.more[:len(o.more)-1]
	}
	o.more = append(o.more, nil)
	copy(o.more[at+1:], o.more[at:])
	o.more[at] = p
}
