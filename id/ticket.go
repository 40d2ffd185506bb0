package id

import "fmt"

// Owner names who asked: a strand, or one of several of the same kind.
type Owner string

// Ticket names one question. The asker makes it, and the answer carries it back.
// The zero Ticket means "nobody asked", as for an inbound link.
type Ticket struct {
	Owner Owner
	N     uint64
}

// IsZero tells whether nobody asked.
func (t Ticket) IsZero() bool { return t == Ticket{} }

func (t Ticket) String() string { return fmt.Sprintf("%s/%d", t.Owner, t.N) }

// Tickets makes the tickets of one owner, counting from 1.
type Tickets struct {
	Owner Owner
	last  uint64
}

// Next makes a ticket that this counter never made before.
func (t *Tickets) Next() Ticket {
	t.last++
	return Ticket{t.Owner, t.last}
}
