package store

import "github.com/ropewalk/ropewalk/content"

// shelf holds the items of one class, ordered by network and distance. Reads may run at
// any time; writes come one at a time.
type shelf interface {
	// cost is what an item is charged for; 0: it is not there.
	cost(net string, at content.Distance) (int64, error)
	// get copies an item, without its ID; ok tells whether it is there.
	get(net string, at content.Distance) (item content.Item, ok bool, err error)
	// far lists items from a distance inwards, at most n.
	far(net string, from content.Distance, n int) ([]placed, error)
	// page lists keys outwards from what lies beyond after; nil: from the nearest.
	page(net string, after *content.Distance, n int) ([]placed, error)
	// write does all changes or none, with the tallies as they are then. Synced, it
	// returns when they are on disk.
	write(changes []change, tallies []tally, sync bool) error
	// tallies are those last written.
	tallies() ([]tally, error)
	// close writes what is left and ends.
	close() error
}

// placed is an item on a shelf: what far and page need of it.
type placed struct {
	at   content.Distance
	cost int64
	key  []byte // of page only
}

// change is one step of a write: an item is put, or what lies from a distance (at) to
// another (to) goes, both included.
type change struct {
	net        string
	at, to     content.Distance
	drop       bool
	gone       []placed // all that goes
	fresh      bool     // nothing is there where it is put
	key, value []byte
}

// tally is what a network has on one shelf.
type tally struct {
	net          string
	bytes, items int64
}

// costOf is what an item is charged for, bytes.
func costOf(key, value int) int64 { return int64(key) + int64(value) + ItemOverhead }
