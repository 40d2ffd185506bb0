package portal

import (
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
)

// Node is a node of the table as people see it.
type Node struct {
	Record *enr.Record
	// Live nodes have answered us, and are named to others.
	Live bool
	// Cached nodes wait for a place in their bucket.
	Cached    bool
	Seen      time.Time // when it last answered; zero: never
	RTT       time.Duration
	Radius    content.Distance
	HasRadius bool // Radius is known
	Version   uint8
}

// Buckets lists the table, the nearest bucket first.
func (o *Overlay) Buckets() [][]Node {
	all := o.table.Buckets()
	out := make([][]Node, len(all))
	for i, b := range all {
		for _, e := range b {
			n := Node{Record: e.Record, Live: e.Live, Cached: e.Cached, Seen: e.Seen, RTT: e.RTT}
			if p := o.known(e.Record.ID()); p != nil {
				n.Radius, n.HasRadius, n.Version = p.radius.told, !p.radius.toldAt.IsZero(), p.version
			}
			out[i] = append(out[i], n)
		}
	}
	return out
}

// Live lists the records of the nodes that answer, at most n, those nearest to us first:
// what to seed with after a restart.
func (o *Overlay) Live(n int) []*enr.Record { return o.table.Closest(o.cfg.Self, n, true) }

// Radius is what we tell others of what we keep.
func (o *Overlay) Radius() content.Distance { return o.radius }

// Stats are figures since New, and of now.
type Stats struct {
	Nodes, Live int // of the table
	// Of requests to us, by kind; Bad ones were answered with nothing.
	Pings, FindNodes, FindContents, Offers, Bad uint64
	Served                                      uint64 // streams of content we sent when asked
	// Ours, and those that failed.
	Calls, CallsFailed uint64
	// Items that came unasked and were stored, and checks by outcome.
	Accepted, Invalid, Undecided uint64
	// Content lookups in the network, and those that found something.
	Lookups, Found uint64
	// Offers of ours: keys offered, and transfers that ended well or not.
	Offered, Sent, SendsFailed uint64
	// Transfers under way and bytes held for them.
	Inbound, Outbound      int
	InboundBytes, OutBytes int
	CacheBytes             int
	Queued                 int // items that wait to be offered
	Banned                 int
}

// Stats is how the overlay does.
func (o *Overlay) Stats() Stats {
	s := o.stats
	s.Nodes, s.Live = o.table.Len(), o.table.Live()
	s.Inbound, s.Outbound = o.sums.receives, o.sums.serves
	s.InboundBytes, s.OutBytes = o.sums.held, o.sums.sent
	s.CacheBytes, s.Queued = o.cache.bytes, o.sums.queued
	for _, p := range o.peers.each {
		if p.bannedNow(o.asOf) {
			s.Banned++
		}
	}
	return s
}
