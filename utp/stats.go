package utp

// Stats are counts since the start, but for those that say now.
type Stats struct {
	Inbound, Outbound int // streams now, reservations included
	Waiting           int // ended streams that still answer late packets, now
	Held              int // bytes of memory for what came out of order, now
	PacketsIn         uint64
	PacketsOut        uint64
	BytesIn           uint64 // payload handed up
	BytesOut          uint64 // payload sent for the first time
	Resent            uint64 // packets
	Timeouts          uint64
	Malformed         uint64 // packets
	Unknown           uint64 // packets of no stream of ours
	Opened            uint64 // streams
	Ended             uint64
	Failed            uint64
}

// Stats tells what the endpoint has done and holds.
func (e *Endpoint) Stats() Stats {
	s := e.stats
	s.Inbound, s.Outbound = e.inbound, e.outbound
	s.Waiting, s.Held = len(e.ended.list), e.memory.held
	return s
}
