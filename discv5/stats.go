package discv5

// Stats counts since New, for metrics; the last four are as of now.
type Stats struct {
	PacketsIn, PacketsOut uint64
	BytesIn, BytesOut     uint64
	// Dropped counts packets that were passed over, for whatever reason.
	Dropped uint64
	// Handshakes counts sessions that came up.
	Handshakes uint64
	// Challenges counts WHOAREYOU packets that we sent, repetitions aside.
	Challenges uint64
	// Timeouts counts requests of ours that got no answer.
	Timeouts uint64
	// Lookups counts searches that ended, the table's own included.
	Lookups uint64
	// Rejected counts records in answers that were not used.
	Rejected uint64
	// Refused counts TALK requests beyond their quota, answered with nothing.
	Refused uint64

	Sessions, Nodes, Live, Calls int
}

// Stats returns the counters.
func (d *Discovery) Stats() Stats {
	s := d.stats
	s.Sessions, s.Nodes, s.Live, s.Calls = len(d.sessions.by), d.table.Len(), d.table.Live(), len(d.calls)
	return s
}
