package content

import "errors"

// Errors of a store.
var (
	ErrNotFound = errors.New("content: not found")
	// ErrFull is of a store that has no room for what is durable, or of a disk that is full:
	// nothing is taken, what is there is still given.
	ErrFull = errors.New("content: no room")
	// ErrReadOnly is of a store that cannot be written to any more.
	ErrReadOnly = errors.New("content: the store is read-only")
	// ErrOutside is of an item of class Cache beyond the radius.
	ErrOutside = errors.New("content: outside the radius")
	// ErrShare is of a peer that has sent more than its share of what is stored in an hour.
	ErrShare = errors.New("content: more than one peer's share")
)
