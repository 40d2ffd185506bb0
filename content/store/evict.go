package store

import (
	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// evict does one step: of one network, the farthest items go, at most evictKeys of them
// and no more than brings it below softPart of its capacity. The radius becomes the
// distance of the farthest that is left. It runs where the lane's writes run, with
// nothing pending. Bytes that are to come need room within the whole capacity.
func (l *lane) evict(b *book, coming int64) error {
	k := l.k
	k.mu.Lock()
	over, from := max(b.over(), b.cache.bytes+coming-b.capacity), b.far
	b.evicting = over > 0
	k.mu.Unlock()
	if over <= 0 {
		return nil
	}
	farthest, err := l.shelf.far(b.net.Name, from, evictKeys+1)
	if err != nil {
		return err
	}
	n, freed := 0, int64(0)
	for n < len(farthest) && n < evictKeys && freed < over {
		freed += farthest[n].cost
		n++
	}
	k.mu.Lock()
	before, after := b.cache, b.cache
	after.bytes, after.items = after.bytes-freed, after.items-int64(n)
	if n == len(farthest) { // nothing is left
		after.bytes, after.items = 0, 0
	}
	b.cache = after
	k.mu.Unlock()
	last := from
	if n > 0 {
		last = farthest[n-1].at
	}
	if err := l.shelf.write([]change{{net: b.net.Name, at: last, to: from, drop: true, gone: farthest[:n]}}, []tally{after}, false); err != nil {
		k.mu.Lock()
		b.cache = before
		k.mu.Unlock()
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	b.evicted += uint64(n)
	b.freed, b.came = freed, 0
	b.far = last
	if n < len(farthest) {
		b.far = farthest[n].at
	}
	if !b.net.Radiusless && b.far.Cmp(b.radius) < 0 {
		b.radius = b.far
	}
	b.evicting = b.over() > 0
	return nil
}

// over is how many bytes lie above softPart of the capacity.
func (b *book) over() int64 { return b.cache.bytes - int64(softPart*float64(b.capacity)) }

// roomy tells whether so little is used that the radius may be the greatest.
func (b *book) roomy() bool {
	return b.capacity > 0 && float64(b.cache.bytes) < widenPart*float64(b.capacity)
}

// evictSome does a step for each network of a batch that was above its capacity and is
// not yet below softPart, as often as makes twice as much go as comes: a few puts wait for
// a step, not each. What fails here is tried again with the next batch.
func (l *lane) evictSome(batch []*wish) {
	var last *book
	for _, w := range batch {
		l.k.mu.Lock()
		due := w.b.evicting && w.b != last && 2*w.b.came >= w.b.freed
		l.k.mu.Unlock()
		if due {
			_ = l.evict(w.b, 0)
			last = w.b
		}
	}
}

// tidy does a step of eviction where one is due, and tells whether more are.
func (k *keeper) tidy() (more bool) {
	k.mu.Lock()
	var due []*book
	for _, b := range k.books {
		if b.evicting {
			due = append(due, b)
		}
	}
	k.mu.Unlock()
	for _, b := range due {
		if k.cache.do(&wish{run: func() error { return k.cache.evict(b, 0) }}) == nil {
			k.mu.Lock()
			more = more || b.evicting
			k.mu.Unlock()
		}
	}
	return more
}

// settle finds a network's radius when its capacity has changed: the greatest while less
// than widenPart is used, else the distance of the farthest (Portal, trap 20: who starts
// with the greatest is offered what it will drop).
func (k *keeper) settle(b *book) error {
	k.mu.Lock()
	roomy := b.roomy()
	if b.radius = *k.c.Radius; b.capacity == 0 && !b.net.Radiusless {
		b.radius = content.Distance{}
	}
	k.mu.Unlock()
	if roomy {
		return nil
	}
	farthest, err := k.cache.shelf.far(b.net.Name, content.DistanceMax, 1)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	b.far = content.DistanceMax
	if len(farthest) > 0 {
		b.far = farthest[0].at
	}
	if !b.net.Radiusless && b.far.Cmp(b.radius) < 0 {
		b.radius = b.far
	}
	b.evicting = b.cache.bytes > b.capacity
	return nil
}

// drop forgets items, wherever they are.
func (k *keeper) drop(b *book, ids []id.ID) error {
	for _, who := range ids {
		at := content.Between(k.c.Self, who)
		for _, l := range k.lanes() {
			if err := k.forget(l, b, at); err != nil {
				return err
			}
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if b.roomy() {
		b.radius = *k.c.Radius
		b.far = content.DistanceMax
	}
	return nil
}
