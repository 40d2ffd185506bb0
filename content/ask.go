package content

import "github.com/ropewalk/ropewalk/id"

// Class says what an item's owner was promised.
type Class uint8

const (
	// Cache is what peers sent: a crash may take the last seconds of it, and more of it
	// than there is room for is dropped, the farthest first.
	Cache Class = iota
	// Durable is what the user put: acknowledged when it is on disk, and kept until the
	// user drops it.
	Durable
)

// Verb says what is asked of a store.
type Verb uint8

const (
	Get  Verb = iota // the value of IDs[0]
	Has              // which of IDs are there
	Put              // keep Item
	Drop             // forget IDs
	Page             // keys after IDs[0] (none: from the first), at most Limit
)

// Ask is a question to a store. Its answer comes back with the ticket; a zero Ticket
// means nobody waits.
type Ask struct {
	Ticket  id.Ticket
	Network string // its name
	Verb    Verb
	IDs     []id.ID
	Item    Item
	Limit   int
}

// Item is a value under its key. Nobody changes Key and Value.
type Item struct {
	ID         id.ID
	Key, Value []byte
	Class      Class
	From       id.ID // who sent it; zero for the user
	Size       int64 // bytes of the value, in the answer to Page only
}

// Answer is what a store says to an Ask.
type Answer struct {
	Ticket id.Ticket
	// Item is what Get found, ErrNotFound aside.
	Item Item
	// Have answers Has, in the order of IDs.
	Have []bool
	// Items answers Page: without values.
	Items []Item
	// Radius is the store's radius of that network after the ask.
	Radius Distance
	Err    error
}
