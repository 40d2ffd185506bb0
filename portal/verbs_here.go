package portal

import (
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
)

// Verbs about our own table and store. They ask no other node.

// AddNode puts a node into the table, as one that answered (portal_*AddEnr). It tells
// whether the node is there now.
func (o *Overlay) AddNode(now time.Time, r *enr.Record) bool {
	o.see(now)
	if !o.mayAsk(now, r) {
		return false
	}
	o.table.Add(now, r, kad.Found)
	o.table.Alive(now, r.ID(), 0)
	return o.table.Has(r.ID())
}

// RemoveNode takes a node out of the table, and tells whether it was there.
func (o *Overlay) RemoveNode(now time.Time, who id.ID) bool {
	had := o.table.Has(who)
	o.table.Remove(now, who)
	return had
}

// Node is a node's record from the table.
func (o *Overlay) Node(who id.ID) (*enr.Record, bool) {
	e, ok := o.table.Get(who)
	return e.Record, ok
}

// LocalContent is what our store has: Answer.Value or ErrNotFound.
func (o *Overlay) LocalContent(now time.Time, t id.Ticket, key []byte) News {
	o.see(now)
	v := o.begin(t)
	at, err := o.point(key)
	if err != nil {
		return v.fail(err)
	}
	o.ask(content.Ask{Verb: content.Get, IDs: []id.ID{at}}, func(_ time.Time, a content.Answer) {
		if a.Err == nil && !under(a.Item, key) {
			a = content.Answer{Err: content.ErrNotFound}
		}
		v.answer(Answer{Key: key, Value: a.Item.Value, Err: storeError(a.Err)})
	})
	return o.take()
}

// StoreLocal stores an item as durable, if it passes the check or cannot be judged.
func (o *Overlay) StoreLocal(now time.Time, t id.Ticket, key, value []byte) News {
	o.see(now)
	v := o.begin(t)
	item, err := o.item(key, value)
	if err != nil {
		return v.fail(err)
	}
	item.Class = content.Durable
	o.check(now, key, value, func(_ time.Time, err error) {
		if errors.Is(err, ErrInvalid) {
			v.answer(Answer{Err: err})
			return
		}
		o.ask(content.Ask{Verb: content.Put, Item: item}, func(_ time.Time, a content.Answer) {
			v.answer(Answer{Key: key, Put: PutResult{Stored: a.Err == nil}, Err: a.Err})
		})
	})
	return o.take()
}

// Drop forgets an item of our store.
func (o *Overlay) Drop(now time.Time, t id.Ticket, key []byte) News {
	o.see(now)
	v := o.begin(t)
	at, err := o.point(key)
	if err != nil {
		return v.fail(err)
	}
	o.cache.drop(key)
	o.ask(content.Ask{Verb: content.Drop, IDs: []id.ID{at}}, func(_ time.Time, a content.Answer) {
		v.answer(Answer{Key: key, Err: storeError(a.Err)})
	})
	return o.take()
}

// Page lists what our store has after an item, without values: Answer.Items. A zero ID
// starts.
func (o *Overlay) Page(now time.Time, t id.Ticket, after id.ID, limit int) News {
	o.see(now)
	v := o.begin(t)
	a := content.Ask{Verb: content.Page, Limit: limit}
	if !after.IsZero() {
		a.IDs = []id.ID{after}
	}
	o.ask(a, func(_ time.Time, a content.Answer) {
		v.answer(Answer{Items: a.Items, Err: a.Err})
	})
	return o.take()
}

// storeError is a store's error in our words.
func storeError(err error) error {
	if errors.Is(err, content.ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}
