package portal

import (
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
)

// Node is a node of the table as people see it.
type Node struct {
	Record *enr.Record
	// Live nodes have answered us.
	Live      bool
	Seen      time.Time // when it last answered; zero: never
	RTT       time.Duration
	Radius    content.Distance
	HasRadius bool // Radius is known
	Version   uint8
}

// Buckets lists the table, from the farthest bucket to the nearest, without empty ones.
func (o *Overlay) Buckets() [][]Node { return nil }

// Radius is what we tell others of what we keep.
func (o *Overlay) Radius() content.Distance { return o.radius }

// Stats are figures since New, and of now.
type Stats struct {
	Nodes, Live int // of the table
	// Of requests to us, by kind; Bad ones were answered with nothing.
	Pings, FindNodes, FindContents, Offers, Bad uint64
	// Ours, and those that failed.
	Calls, CallsFailed uint64
	// Items that came, by outcome.
	Accepted, Invalid, Undecided uint64
	// Content lookups, and those that found something.
	Lookups, Found uint64
	// Offers of ours: keys offered, and transfers that ended well or not.
	Offered, Sent, SendsFailed uint64
	// Transfers under way and bytes held for them.
	Inbound, Outbound int
	InboundBytes      int
	CacheBytes        int
	Banned            int
}

// Stats is how the overlay does.
func (o *Overlay) Stats() Stats { return Stats{} }
