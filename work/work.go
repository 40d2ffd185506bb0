package work

import "github.com/ropewalk/ropewalk/id"

// Job is a piece of computation. Run touches nothing but what it captured, which
// nobody changes; it may run in any goroutine, once.
type Job struct {
	Ticket id.Ticket
	// Key, when not zero, names the result: two jobs of the same Key have equal
	// results, so a simulator may do the work once.
	Key [32]byte
	Run func() any
}

// Save is a change to a file of the data folder. File is a relative name without
// "..". Append adds Data at the end; otherwise Data replaces the file as a whole
// (temporary file, sync, rename). The outcome is reported after the data is
// synced to disk. A zero Ticket means nobody waits.
//
// Keep leaves what the file held before beside it, under its name and OldSuffix. From,
// when not empty, is a file that is renamed to File, and Data is not used; that it is
// not there is no error.
type Save struct {
	Ticket id.Ticket
	File   string
	Data   []byte
	Append bool
	Keep   bool
	From   string
}

// OldSuffix ends the name of a file that a Save with Keep left beside the new one.
const OldSuffix = ".old"
