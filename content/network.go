package content

import (
	"errors"

	"github.com/ropewalk/ropewalk/id"
)

// Verdicts of a network's Check. Any other error counts as ErrInvalid.
var (
	// ErrInvalid is of a value that is not what its key promises: who sent it is to blame.
	ErrInvalid = errors.New("content: not what its key promises")
	// ErrUndecided is of a value that cannot be judged here and now, such as for want of
	// a block's header: it is dropped, and nobody is to blame.
	ErrUndecided = errors.New("content: cannot be judged")
	// ErrKey is of a key that is none of the network's.
	ErrKey = errors.New("content: not a key of this network")
)

// Gossip says to whom a node passes what it has taken in.
type Gossip uint8

const (
	Neighbourhood Gossip = iota // to those whose radius covers it
	Random                      // to nodes drawn from the table; for content without a place on the ring
	Silent                      // to nobody
)

// Network is a network of content. It is a value: nothing in it changes once a node runs it.
type Network struct {
	// Name is what people and RPC call it, such as "history".
	Name string
	// Protocol is its ID in TALK requests, 1 to 8 bytes, sent as they are.
	Protocol string
	// ID is where a key belongs. It judges the key's form, too (ErrKey): it is total, cheap
	// and runs on what strangers send.
	ID func(key []byte) (id.ID, error)
	// Check tells whether a value is what its key promises. It is deterministic, touches
	// nothing shared, and may take long: it runs in a job. Nil: nothing can be judged, so
	// nothing that is offered is taken.
	Check func(key, value []byte) error
	// Quick is up to how many bytes of a value Check takes less than 20 µs, and never
	// panics: then it needs no job. Zero: it is always one.
	Quick int
	// Radiusless networks keep everything they are given, wherever it belongs.
	Radiusless bool
	Gossip     Gossip
	// KeyMax and ValueMax bound an item in bytes; zero means KeyMaxDefault and ValueMaxDefault.
	KeyMax, ValueMax int
	// Pings are the payload types its pings may have (Portal, "ping extensions"); nil
	// means all that we know.
	Pings []uint16
}

const (
	// KeyMaxDefault is the most that the Portal wire can carry (SSZ ByteList[2048]).
	KeyMaxDefault = 2048
	// ValueMaxDefault bounds an item before anything is allocated for it. Our choice: the
	// largest block's receipts known are 1.6 MB.
	ValueMaxDefault = 32 << 20
)
