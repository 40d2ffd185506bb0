package utp

// Stats are counts since the start, but for those that say now.
type Stats struct {
	Inbound, Outbound int // streams now, reservations included
	Waiting           int // ended streams that still answer late packets, now
	HeldBytes         int // memory of bytes that came out of order, now
	PacketsIn         uint64
	PacketsOut        uint64
	BytesIn           uint64 // payload handed up
	BytesOut          uint64 // payload sent for the first time
	Resent            uint64 // packets
	Timeouts          uint64
	Malformed         uint64
	Unknown           uint64 // packets for no stream of ours
	Opened, Ended     uint64 // streams
	Failed            uint64
}

// Stats tells what the endpoint has done and holds.
func (e *Endpoint) Stats() Stats { return Stats{} }
