package score

import "time"

// retained are the peers that left with a score of zero or less, on two shelves:
// those with nothing against them, which go first when there are too many, and
// those below zero. Each shelf is in the order of leaving, which is the order of
// expiry.
type retained struct {
	clean, guilty shelf
}

// shelf is a list of peers, the oldest first.
type shelf struct {
	oldest, newest *Peer
	n              int
}

func (r *retained) add(b *Board, p *Peer, until time.Duration) {
	p.until = until
	p.shelf = &r.clean
	if b.stand(p) < 0 {
		p.shelf = &r.guilty
	}
	p.shelf.push(p)
	b.weigh(p)
	if r.clean.n+r.guilty.n <= retainedMax {
		return
	}
	if old := r.clean.oldest; old != nil {
		r.evict(b, old)
		return
	}
	r.evict(b, r.guilty.oldest)
}

// remove takes a peer off its shelf: it is back, or its time is over.
func (r *retained) remove(b *Board, p *Peer) {
	if p.shelf == nil {
		return
	}
	p.shelf.take(p)
	p.shelf = nil
	b.lift(p)
}

func (r *retained) evict(b *Board, p *Peer) {
	r.remove(b, p)
	b.forget(p)
}

// expire forgets who is due, a bounded number in one call.
func (r *retained) expire(b *Board, at time.Duration) {
	for range expiresPerStep {
		p := r.next()
		if p == nil || p.until > at {
			return
		}
		r.evict(b, p)
	}
}

// next is who is due next.
func (r *retained) next() *Peer {
	a, c := r.clean.oldest, r.guilty.oldest
	if a == nil || c != nil && c.until < a.until {
		return c
	}
	return a
}

// stand is the score of a retained peer without what its address adds.
func (b *Board) stand(p *Peer) float64 {
	if p.stale {
		b.sum(p)
	}
	return p.base
}

func (l *shelf) push(p *Peer) {
	p.older, p.newer = l.newest, nil
	if l.newest != nil {
		l.newest.newer = p
	} else {
		l.oldest = p
	}
	l.newest = p
	l.n++
}

func (l *shelf) take(p *Peer) {
	if p.older != nil {
		p.older.newer = p.newer
	} else {
		l.oldest = p.newer
	}
	if p.newer != nil {
		p.newer.older = p.older
	} else {
		l.newest = p.older
	}
	p.older, p.newer = nil, nil
	l.n--
}
