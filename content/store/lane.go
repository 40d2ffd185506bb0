package store

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"

	"github.com/ropewalk/ropewalk/content"
)

// lane is where the writes of one class go, one batch after the other. Who comes while a
// batch is being written waits, and one of those that waited writes the next batch for
// all of them: so a sync to disk serves as many as have come in the meantime, and nobody
// waits for more to come.
type lane struct {
	k     *keeper
	class content.Class
	shelf shelf

	mu      sync.Mutex
	busy    bool
	waiting []*wish
	leads   int // batches so far
}

// wish is a put, a drop, or something to do alone, that waits for its turn.
type wish struct {
	b    *book
	item content.Item // to put; or
	drop bool         // to forget at; or
	run  func() error // to do
	at   content.Distance
	cost int64

	delta, more int64 // bytes and items that come with it
	err         error
	woken       chan bool // true: write the next batch; false: done
}

// wakers are channels for those that wait, empty.
var wakers = sync.Pool{New: func() any { return make(chan bool, 1) }}

// do has a wish written and tells how it went.
func (l *lane) do(w *wish) error {
	l.mu.Lock()
	if l.busy {
		w.woken = wakers.Get().(chan bool)
		l.waiting = append(l.waiting, w)
		l.mu.Unlock()
		leads := <-w.woken
		wakers.Put(w.woken)
		if !leads {
			return w.err
		}
		l.mu.Lock()
		l.lead()
		return w.err
	}
	l.busy = true
	l.waiting = append(l.waiting, w)
	l.lead()
	return w.err
}

// lead writes one batch and hands the lead to the first of those that came meanwhile. It
// is entered with the lane locked and busy, and leaves it unlocked. Who finds nobody waiting
// could go on and lead one batch after the other, while those it has woken stand behind it
// until the scheduler takes its processor away, after 10 ms; so now and then it lets them.
func (l *lane) lead() {
	batch := l.cut()
	l.leads++
	rests := l.leads%leadsMost == 0
	l.mu.Unlock()
	l.write(batch)
	l.mu.Lock()
	if len(l.waiting) > 0 {
		l.waiting[0].woken <- true
	} else {
		l.busy = false
	}
	l.mu.Unlock()
	for _, w := range batch[1:] { // the first leads
		w.woken <- false
	}
	if rests {
		runtime.Gosched()
	}
}

// cut takes the next batch: each item once, so that the state on the shelf is the state
// before each.
func (l *lane) cut() []*wish {
	n, size := 0, int64(0)
	for n < len(l.waiting) && n < batchPuts {
		w := l.waiting[n]
		if size += w.cost; n > 0 && (size > batchBytes || w.run != nil) {
			break
		}
		for _, before := range l.waiting[:n] {
			if before.at == w.at && before.b == w.b {
				goto done
			}
		}
		n++
	}
done:
	batch := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	if len(l.waiting) == 0 {
		l.waiting = nil
	}
	return batch
}

// pending is what of a batch is counted and not yet written.
type pending struct {
	changes []change
	wishes  []*wish
}

// write does a batch.
func (l *lane) write(batch []*wish) {
	if batch[0].run != nil {
		batch[0].err = batch[0].run()
		batch = batch[1:]
	}
	p := pending{make([]change, 0, len(batch)), make([]*wish, 0, len(batch))}
	for _, w := range batch {
		had, err := l.shelf.cost(w.b.net.Name, w.at)
		switch {
		case err != nil:
			w.err = err
			continue
		case w.drop && had == 0:
			continue
		case w.drop:
			w.delta, w.more = -had, -1
			p.changes = append(p.changes, change{net: w.b.net.Name, at: w.at, to: w.at, drop: true, gone: []placed{{at: w.at}}})
		default:
			if w.delta, w.more = w.cost-had, 1; had > 0 {
				w.more = 0
			}
			if w.err = l.admit(w, &p); w.err != nil {
				continue
			}
			p.changes = append(p.changes, change{net: w.b.net.Name, at: w.at, fresh: had == 0, key: w.item.Key, value: w.item.Value})
		}
		p.wishes = append(p.wishes, w)
		l.count(w.b, w.delta, w.more)
	}
	if l.commit(&p) == nil && l.class == content.Cache {
		l.evictSome(batch)
	}
}

// commit writes what is pending.
func (l *lane) commit(p *pending) error {
	if len(p.changes) == 0 {
		return nil
	}
	err := l.shelf.write(p.changes, l.touched(p.wishes), l.class == content.Durable)
	if err != nil {
		for _, w := range p.wishes {
			l.count(w.b, -w.delta, -w.more)
			w.err = err
		}
	}
	p.changes, p.wishes = p.changes[:0], p.wishes[:0]
	return err
}

// count changes a network's tally.
func (l *lane) count(b *book, bytes, items int64) {
	l.k.mu.Lock()
	defer l.k.mu.Unlock()
	t := b.tally(l.class)
	t.bytes += bytes
	t.items += items
	b.came += bytes
	if l.class == content.Durable {
		l.k.durableBytes += bytes
	}
}

// touched are the tallies of the networks of some wishes.
func (l *lane) touched(ws []*wish) (out []tally) {
	l.k.mu.Lock()
	defer l.k.mu.Unlock()
next:
	for _, w := range ws {
		for _, t := range out {
			if t.net == w.b.net.Name {
				continue next
			}
		}
		out = append(out, *w.b.tally(l.class))
	}
	return out
}

// admit tells whether there is room for an item, and makes it: above capacity steps of
// eviction come first, and what is pending before them.
func (l *lane) admit(w *wish, p *pending) error {
	k, b := l.k, w.b
	if l.class == content.Durable {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.durableBytes+w.delta > k.c.Durable {
			return fmt.Errorf("%w: %d bytes of %d are taken", content.ErrFull, k.durableBytes, k.c.Durable)
		}
		return nil
	}
	for {
		k.mu.Lock()
		if err := b.takes(w); err != nil {
			k.mu.Unlock()
			return err
		}
		if b.cache.bytes+w.delta <= b.capacity {
			defer k.mu.Unlock()
			if !w.item.From.IsZero() && k.c.Share < 1 &&
				!k.share.take(k.c.Now(), b.net.Name, w.item.From, w.cost, b.allowance(k.c.Share)) {
				return content.ErrShare
			}
			if w.at.Cmp(b.far) > 0 {
				b.far = w.at
			}
			return nil
		}
		b.evicting = true
		k.mu.Unlock()
		if err := l.commit(p); err != nil {
			return err
		}
		if err := l.evict(b, w.delta); err != nil {
			return err
		}
	}
}

// takes tells whether an item belongs here at all. Above capacity nothing is taken that
// would be the next to go.
func (b *book) takes(w *wish) error {
	switch {
	case b.capacity == 0:
		return content.ErrOutside
	case w.cost > int64(softPart*float64(b.capacity)):
		return fmt.Errorf("%w: %d bytes, the network's room is %d", content.ErrFull, w.cost, b.capacity)
	case b.net.Radiusless:
		return nil
	case w.at.Cmp(b.radius) > 0:
		return content.ErrOutside
	}
	return nil
}

// allowance is what one peer may write in an hour: a part of what is stored. While less
// than half the room is taken nobody is pushed out, so half the room is what counts.
func (b *book) allowance(part float64) int64 {
	return int64(part * float64(max(b.cache.bytes, b.capacity/2)))
}

// put takes an item in.
func (k *keeper) put(b *book, item content.Item) error {
	if len(item.Key) > b.net.KeyMax || len(item.Value) > b.net.ValueMax {
		return fmt.Errorf("%w: %d and %d bytes", ErrSize, len(item.Key), len(item.Value))
	}
	w := &wish{b: b, item: item, at: content.Between(k.c.Self, item.ID), cost: costOf(len(item.Key), len(item.Value))}
	if item.Class == content.Durable {
		return k.putDurable(w)
	}
	kept, err := k.keepsDurable(w)
	if err != nil {
		return err
	}
	if kept != nil {
		if bytes.Equal(kept.Value, item.Value) {
			return nil
		}
		return k.putDurable(w) // what the user keeps stays kept, with its new value
	}
	k.mu.Lock()
	err = b.takes(w)
	k.mu.Unlock()
	if err != nil {
		return err
	}
	return k.cache.do(w)
}

// keepsDurable is what is there of class Durable under a wish's ID, or nil.
func (k *keeper) keepsDurable(w *wish) (*content.Item, error) {
	k.mu.Lock()
	none := w.b.durable.items == 0
	k.mu.Unlock()
	if none {
		return nil, nil
	}
	item, ok, err := k.durable.shelf.get(w.b.net.Name, w.at)
	if err != nil || !ok {
		return nil, err
	}
	return &item, nil
}

// putDurable takes an item in for good, and out of the cache.
func (k *keeper) putDurable(w *wish) error {
	if err := k.durable.do(w); err != nil {
		return err
	}
	return k.forget(&k.cache, w.b, w.at)
}

// forget drops an item from a lane, if it is there.
func (k *keeper) forget(l *lane, b *book, at content.Distance) error {
	cost, err := l.shelf.cost(b.net.Name, at)
	if err != nil || cost == 0 {
		return err
	}
	return l.do(&wish{b: b, drop: true, at: at})
}
