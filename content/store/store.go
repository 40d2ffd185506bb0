package store

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// Store keeps items. Several goroutines may use it.
type Store interface {
	// Do answers an ask. It blocks while it waits for the disk: a Put of class Durable,
	// and a Drop of what is durable, until they are synced.
	Do(content.Ask) content.Answer
	// Add makes room for one more network, or takes note of what has changed in one. Those
	// that have no capacity of their own share what there is evenly, so others may shrink.
	Add(content.Network) error
	// Stats says what is in the store and how it fares.
	Stats() Stats
	// Close waits for asks that run, writes what is left, and ends. Asks after it are
	// answered ErrClosed.
	Close() error
}

// Errors beside those of package content.
var (
	// ErrNetwork is of an ask about a network that nobody added.
	ErrNetwork = errors.New("store: not a network of this store")
	// ErrClosed is of an ask after Close.
	ErrClosed = errors.New("store: closed")
	// ErrSize is of an item whose key or value is longer than its network allows.
	ErrSize = errors.New("store: key or value too long")
)

// None, as a capacity, means that nothing is stored: the radius is zero.
const None = -1

// Config says what a store holds. It is useful when Self is set.
type Config struct {
	Self     id.ID
	Networks []content.Network
	// Capacity is how many bytes of class Cache all networks keep together; zero means
	// CapacityDefault, None that they keep nothing.
	Capacity int64
	// Capacities are of networks that have one of their own, by name, and no part of
	// Capacity.
	Capacities map[string]int64
	// Durable is how many bytes of class Durable are taken; zero means as many as
	// Capacity, None nothing.
	Durable int64
	// Radius is the greatest radius; nil means content.DistanceMax.
	Radius *content.Distance
	// Share is which part of a network's room one peer may write in an hour; zero means
	// a tenth, 1 or more that nobody asks.
	Share float64
	// Now is the clock of shares; nil means time.Now.
	Now func() time.Time
	// Tell hears what an operator would act on: a disk that is full, and that it is not
	// any more. It must return at once. Nil: nobody listens.
	Tell func(Notice)

	// Disk holds what only matters on disk.
	Disk Disk
}

// Notice is what a store has to say to its operator.
type Notice struct {
	Kind string // "full", "read-only", "damaged", "quarantined", "slow", "well"
	Text string
	Err  error
}

func (c *Config) fill() {
	switch {
	case c.Capacity == 0:
		c.Capacity = CapacityDefault
	case c.Capacity < 0:
		c.Capacity = 0
	}
	switch {
	case c.Durable == 0:
		if c.Durable = c.Capacity; c.Durable == 0 {
			c.Durable = CapacityDefault
		}
	case c.Durable < 0:
		c.Durable = 0
	}
	if c.Radius == nil {
		c.Radius = &content.DistanceMax
	}
	if c.Share == 0 {
		c.Share = sharePart
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Tell == nil {
		c.Tell = func(Notice) {}
	}
	c.Disk.fill()
}

// Stats is the state of a store.
type Stats struct {
	Networks []NetworkStats // by name
	// Durable and DurableMax are bytes of class Durable in all networks, and their budget.
	Durable, DurableMax int64
	// State is nil while everything is taken that there is room for; else it wraps
	// content.ErrFull or content.ErrReadOnly and says why.
	State error
	// Damaged says what the disk has lost of class Durable; nil when nothing is known to be.
	Damaged error
	// Quarantined counts how often the cache was set aside because it could not be read.
	Quarantined int
	// SyncSlow is the longest a sync to disk has taken.
	SyncSlow time.Duration
}

// NetworkStats is what is stored of one network.
type NetworkStats struct {
	Name                       string
	Bytes, Items               int64 // of class Cache
	DurableBytes, DurableItems int64
	Capacity                   int64 // of class Cache
	Radius                     content.Distance
	Evicted                    uint64 // items, since the start
	Idle                       bool   // it is on disk, and nobody runs it
}
