//go:build !nopebble

package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/ropewalk/ropewalk/content"
)

// disk is a shelf in Pebble.
type disk struct {
	fs      vfs.FS
	dir     string
	durable bool // synced when asked to; else its log is synced now and then
	memory  int64
	files   int
	blocks  *pebble.Cache
	tell    func(Notice)

	mu sync.RWMutex // of now: held while Pebble is in use
	db *pebble.DB
	g  *gate

	pace   pace
	merger merger
	known  atomic.Pointer[known] // what is surely not there; nil: nothing is known

	trouble atomic.Pointer[error] // of work behind the scenes, until some goes well again
	rotten  atomic.Pointer[error] // what could not be read
	dirty   atomic.Bool           // something was written since the log was synced
	busy    atomic.Bool           // something was written since the housekeeper looked
	alarm   chan struct{}         // holds one when something has failed
	refuse  func() error          // why the disk takes nothing now, or nil
}

// open starts Pebble.
func (d *disk) open() error {
	db, g, err := d.start()
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.db, d.g = db, g
	d.mu.Unlock()
	return nil
}

// start opens a Pebble behind a gate of its own. Pebble panics on some failures.
func (d *disk) start() (db *pebble.DB, g *gate, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("store: open %s: %v", d.dir, r)
		}
	}()
	g = &gate{FS: d.fs, told: func(err error) {
		if errors.Is(err, errShut) {
			return // our own doing
		}
		d.raise()
		d.tell(Notice{Kind: "read-only", Text: "the disk failed a write; nothing is taken until it works again", Err: err})
	}}
	db, err = pebble.Open(d.dir, d.options(g))
	if err != nil {
		return nil, nil, err
	}
	g.live.Store(true)
	return db, g, nil
}

// reopen opens a new Pebble on what the disk has, in place of one whose gate is shut.
func (d *disk) reopen() error {
	d.stopMerging()
	db, g, err := d.start()
	if err != nil {
		return err
	}
	d.mu.Lock()
	old := d.db
	d.db, d.g = db, g
	d.trouble.Store(nil)
	d.mu.Unlock()
	if old != nil {
		return endPebble(old)
	}
	return nil
}

// abandon ends a Pebble whose files are not wanted any more.
func (d *disk) abandon() error {
	d.stopMerging()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.db == nil {
		return nil
	}
	d.g.close(errShut, false)
	db := d.db
	d.db = nil
	return endPebble(db)
}

// why is the reason for which nothing can be written, or nil.
func (d *disk) why(g *gate) error {
	if err, sync := g.shut(); err != nil {
		if sync {
			return fmt.Errorf("%w: a sync to disk failed, and is not trusted before a restart: %w", content.ErrReadOnly, err)
		}
		return fullOr(err)
	}
	if err := d.trouble.Load(); err != nil {
		return fullOr(*err)
	}
	return d.refuse()
}

// fullOr says of a failure whether the disk is full or broken.
func fullOr(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %w", content.ErrFull, err)
	}
	return fmt.Errorf("%w: %w", content.ErrReadOnly, err)
}

// read does a read. What peers sent and cannot be read is not there; what the user put
// and cannot be read is an error.
func (d *disk) read(do func(db *pebble.DB) error) error {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.db == nil {
		return ErrClosed
	}
	err := do(d.db)
	if err == nil {
		return nil
	}
	if pebble.IsCorruptionError(err) || errors.Is(err, errRecord) {
		d.rot(err)
		if !d.durable {
			return nil
		}
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// rot notes that something could not be read.
func (d *disk) rot(err error) {
	if d.rotten.Swap(&err) == nil && d.durable {
		d.tell(Notice{Kind: "damaged", Text: "something that was put here cannot be read any more; see ropewalk doctor", Err: err})
	}
}

// lookup calls a function with the bytes under a key, if there are any; they are gone
// when it has returned.
func lookup(db *pebble.DB, key []byte, with func(b []byte) error) (ok bool, err error) {
	b, closer, err := db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err = with(b); err != nil {
		return false, errors.Join(err, closer.Close())
	}
	return true, closer.Close()
}

// cost looks by an iterator, because that asks the last level's filters, too: a Get would
// read a block to learn that nothing is there.
func (d *disk) cost(net string, at content.Distance) (n int64, err error) {
	var room [keyMax]byte
	key := appendKeyAt(room[:0], kindItem, net, at)
	if d.known.Load().absent(net, at, key) {
		return 0, nil
	}
	err = d.read(func(db *pebble.DB) (err error) {
		it, err := db.NewIter(&pebble.IterOptions{UseL6Filters: true})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, it.Close()) }()
		if !it.SeekPrefixGE(key) || !bytes.Equal(it.Key(), key) {
			return it.Error()
		}
		b, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		r, err := parseRecord(b)
		if err == nil {
			n = r.cost()
		}
		return err
	})
	return n, err
}

func (d *disk) get(net string, at content.Distance) (item content.Item, ok bool, err error) {
	var room [keyMax]byte
	key := appendKeyAt(room[:0], kindItem, net, at)
	if d.known.Load().absent(net, at, key) {
		return content.Item{}, false, nil
	}
	err = d.read(func(db *pebble.DB) error {
		var apart bool
		var size int
		found, err := lookup(db, key, func(b []byte) error {
			r, err := parseRecord(b)
			if err != nil {
				return err
			}
			both := make([]byte, len(r.key)+len(r.value)) // copied: b is Pebble's
			copy(both[copy(both, r.key):], r.value)
			item.Key, item.Value = both[:len(r.key):len(r.key)], both[len(r.key):]
			apart, size = r.apart, r.size
			return nil
		})
		if err != nil || !found {
			return err
		}
		if apart {
			found, err = lookup(db, appendKeyAt(room[:0], kindValue, net, at), func(b []byte) error {
				item.Value = slices.Clone(b)
				return nil
			})
			if err == nil && (!found || len(item.Value) != size) {
				err = errRecord
			}
		}
		ok = err == nil && found
		return err
	})
	if err != nil || !ok {
		return content.Item{}, false, err
	}
	return item, true, nil
}

// walk goes over a network's items between two keys, outwards or inwards.
func (d *disk) walk(lower, upper []byte, inwards bool, visit func(at content.Distance, r record) bool) error {
	return d.read(func(db *pebble.DB) (err error) {
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, it.Close()) }()
		first, next := it.First, it.Next
		if inwards {
			first, next = it.Last, it.Prev
		}
		for ok := first(); ok; ok = next() {
			at, ok := distanceOf(it.Key())
			if !ok {
				return errRecord
			}
			b, err := it.ValueAndErr()
			if err != nil {
				return err
			}
			r, err := parseRecord(b)
			if err != nil {
				return err
			}
			if !visit(at, r) {
				break
			}
		}
		return it.Error()
	})
}

func (d *disk) far(net string, from content.Distance, n int) (out []placed, err error) {
	lower, upper := appendKey(nil, kindItem, net), appendBehind(nil, kindItem, net, from)
	out = make([]placed, 0, n)
	err = d.walk(lower, upper, true, func(at content.Distance, r record) bool {
		out = append(out, placed{at: at, cost: r.cost()})
		return len(out) < n
	})
	return out, err
}

func (d *disk) page(net string, after *content.Distance, n int) (out []placed, err error) {
	lower, upper := appendKey(nil, kindItem, net), appendBehind(nil, kindItem, net, content.DistanceMax)
	if after != nil {
		lower = appendBehind(nil, kindItem, net, *after)
	}
	err = d.walk(lower, upper, false, func(at content.Distance, r record) bool {
		out = append(out, placed{at: at, cost: r.cost(), key: slices.Clone(r.key)})
		return len(out) < n
	})
	return out, err
}

func (d *disk) write(changes []change, tallies []tally, sync bool) error {
	if !d.durable {
		time.Sleep(d.pace.wait(sizeOf(changes), d.tables))
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.db == nil {
		return ErrClosed
	}
	if err := d.why(d.g); err != nil {
		return err
	}
	b := d.db.NewBatch()
	defer b.Close()
	if err := fillBatch(b, changes, tallies); err != nil {
		return err
	}
	how := pebble.NoSync
	if sync && d.durable {
		how = pebble.Sync
	}
	known := d.known.Load()
	known.come(changes) // before it can be seen; if it fails, some are looked for in vain
	if err := b.Commit(how); err != nil {
		d.g.close(err, sync)
		return fullOr(err)
	}
	d.dirty.Store(true)
	d.busy.Store(true)
	if d.g.isShut() { // Pebble does not know
		return d.why(d.g)
	}
	known.forget(changes)
	return nil
}

// sizeOf is how many bytes some changes write.
func sizeOf(changes []change) (n int64) {
	for _, c := range changes {
		n += costOf(len(c.key), len(c.value))
	}
	return n
}

// tables counts the tables in memory.
func (d *disk) tables() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.db == nil {
		return 0
	}
	return int(d.db.Metrics().MemTable.Count)
}

func fillBatch(b *pebble.Batch, changes []change, tallies []tally) (err error) {
	var room, behind [keyMax + 1]byte
	for _, c := range changes {
		if c.drop {
			for _, kind := range []byte{kindItem, kindValue} {
				key := appendKeyAt(room[:0], kind, c.net, c.at)
				if c.at == c.to {
					err = errors.Join(err, b.Delete(key, nil))
				} else {
					err = errors.Join(err, b.DeleteRange(key, appendBehind(behind[:0], kind, c.net, c.to), nil))
				}
			}
			continue
		}
		// Written where Pebble keeps it, not copied there.
		op := b.SetDeferred(keySize(c.net), recordSize(c.key, c.value))
		appendKeyAt(op.Key[:0], kindItem, c.net, c.at)
		appendRecord(op.Value[:0], c.key, c.value)
		err = errors.Join(err, op.Finish())
		if len(c.value) > inlineMax {
			err = errors.Join(err, b.Set(appendKeyAt(room[:0], kindValue, c.net, c.at), c.value, nil))
		}
	}
	for _, t := range tallies {
		err = errors.Join(err, b.Set(appendKey(room[:0], kindTally, t.net), appendTally(behind[:0], t), nil))
	}
	return err
}

// settle has what was written since it last did on disk: its log is synced. Tables are
// written when they are full; were they written that often, what comes slowly would be
// merged over and over with all that is there.
func (d *disk) settle() {
	if !d.dirty.Swap(false) {
		return
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.db == nil || d.g.isShut() {
		return
	}
	if err := d.db.LogData(nil, pebble.Sync); err != nil {
		d.g.close(err, true)
	}
}

func (d *disk) close() error {
	d.stopMerging()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.db == nil {
		return nil
	}
	var err error
	if d.trouble.Load() == nil && !d.g.isShut() {
		err = d.flushAll() // the log, too: whether its end is torn or rotten cannot be told
	}
	err = errors.Join(err, endPebble(d.db))
	d.db = nil
	return err
}

// flushAll waits until what is in memory is on disk, or something has failed.
func (d *disk) flushAll() error {
	select {
	case <-d.alarm: // of what is over
	default:
	}
	done, err := d.db.AsyncFlush()
	if err != nil {
		return err
	}
	select {
	case <-done:
	case <-d.alarm:
	}
	return nil // cache is lost, the log stays, and the operator has heard of it
}

// raise wakes who waits for something that may fail.
func (d *disk) raise() {
	select {
	case d.alarm <- struct{}{}:
	default:
	}
}

// endPebble closes a Pebble, which panics on some failures.
func endPebble(db *pebble.DB) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("store: close: %v", r)
		}
	}()
	return db.Close()
}
