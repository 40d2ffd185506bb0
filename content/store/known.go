//go:build !nopebble

package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ropewalk/ropewalk/content"
)

// known is what a shelf's filter knows of it. Of a network that had many items when the
// shelf was opened it knows what lies up to some distance, which grows in small steps.
// A nil known knows nothing.
type known struct {
	*filter
	whole   atomic.Bool // partial is empty
	mu      sync.RWMutex
	partial map[string]content.Distance // networks that are not wholly known: what lies below
}

// sees tells whether a network is known at a distance.
func (k *known) sees(net string, at content.Distance) bool {
	if k.whole.Load() {
		return true
	}
	k.mu.RLock()
	defer k.mu.RUnlock()
	below, is := k.partial[net]
	return !is || at.Cmp(below) < 0
}

// absent tells whether surely nothing is there under a key.
func (k *known) absent(net string, at content.Distance, key []byte) bool {
	return k != nil && k.sees(net, at) && !k.has(key)
}

// come notes what is going to be put.
func (k *known) come(changes []change) {
	if k == nil {
		return
	}
	var room [keyMax]byte
	for _, c := range changes {
		if !c.drop && c.fresh && k.sees(c.net, c.at) {
			k.add(appendKeyAt(room[:0], kindItem, c.net, c.at))
		}
	}
}

// forget notes what is not there any more.
func (k *known) forget(changes []change) {
	if k == nil {
		return
	}
	var room [keyMax]byte
	for _, c := range changes {
		for _, p := range c.gone {
			if k.sees(c.net, p.at) {
				k.remove(appendKeyAt(room[:0], kindItem, c.net, p.at))
			}
		}
	}
}

// learn looks at some more of what is there, and tells whether there is more to learn. It
// runs where the lane's writes run.
func (d *disk) learn(n int) (more bool, err error) {
	k := d.known.Load()
	if k == nil {
		return false, nil
	}
	k.mu.RLock()
	var net string
	var from content.Distance
	for net, from = range k.partial {
		break
	}
	more = len(k.partial) > 0 && !k.isFull()
	k.mu.RUnlock()
	if !more {
		return false, nil
	}
	var at []content.Distance
	lower, upper := appendKeyAt(nil, kindItem, net, from), appendBehind(nil, kindItem, net, content.DistanceMax)
	err = d.walk(lower, upper, false, func(x content.Distance, _ record) bool {
		at = append(at, x)
		return len(at) < n
	})
	if err != nil || d.rotten.Load() != nil {
		return false, err
	}
	var room [keyMax]byte
	for _, x := range at {
		k.add(appendKeyAt(room[:0], kindItem, net, x))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.partial, net)
	if len(at) == n {
		if next := after(at[n-1]); next != nil {
			k.partial[net] = *next
		}
	}
	k.whole.Store(len(k.partial) == 0)
	return len(k.partial) > 0, nil
}

// tallies are those last written; where a network has few items they are compared with
// what is there (D7). From then on the shelf knows what is surely not there.
func (d *disk) tallies() (out []tally, err error) {
	d.known.Store(nil)
	if err := d.read(func(db *pebble.DB) error { out, err = readTallies(db); return err }); err != nil {
		return nil, err
	}
	all := int64(0)
	for _, t := range out {
		all += min(t.items, d.memory) // no more is ever known
	}
	k := &known{filter: newFilter(int(all), d.memory/filterPart), partial: map[string]content.Distance{}}
	for i, t := range out {
		if t.items > countedMax {
			k.partial[t.net] = content.Distance{}
			continue
		}
		n := tally{net: t.net}
		var room [keyMax]byte
		lower, upper := appendKey(nil, kindItem, t.net), appendBehind(nil, kindItem, t.net, content.DistanceMax)
		if err := d.walk(lower, upper, false, func(at content.Distance, r record) bool {
			n.items++
			n.bytes += r.cost()
			k.add(appendKeyAt(room[:0], kindItem, t.net, at))
			return true
		}); err != nil {
			return nil, err
		}
		if n != t {
			d.tell(Notice{Kind: "recounted", Text: fmt.Sprintf("%s: %d items were noted, and %d are there", t.net, t.items, n.items)})
			out[i] = n
		}
	}
	k.whole.Store(len(k.partial) == 0)
	if d.rotten.Load() == nil {
		d.known.Store(k)
	}
	return out, nil
}

func readTallies(db *pebble.DB) (out []tally, err error) {
	it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte{kindTally}, UpperBound: []byte{kindTally + 1}})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		b, err := it.ValueAndErr()
		if err != nil {
			return nil, err
		}
		t, err := parseTally(it.Key(), b)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, it.Error()
}
